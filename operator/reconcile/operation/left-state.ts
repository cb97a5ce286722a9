/**
 * Owns: whether the next incarnation may leave behind state that no operator of its job takes.
 *
 * LO1 `upgrade.allowNonRestoredState` is for the change that it is applied with. It is used up when a version is activated or refused
 *     under it, or when there was nothing to change; it holds again only when it has been seen to be false.
 * LO2 `restore.allowNonRestoredState` is for the state that `restore` names, and so for as long as that is the newest there is.
 * LO3 No record holds a permission for a later act: what `latest` may leave behind is decided when it is asked or activated.
 * LO4 What was left behind is told: by uid, in an event and in the history.
 */
import {
  type ResolvedSpec,
  type RestorePoint,
  type StreamJob,
  type StreamJobStatus,
  type ValidatedStreamJob,
  withDefaults,
} from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import type { Target } from "../facts/situation.ts";

/** LO1, LO2, LO3. What is restored, with today's permission. A `path` has that of `restore`, from which it was made. */
export function withPermission(
  restore: RestorePoint,
  status: StreamJobStatus,
  validated: ValidatedStreamJob,
): RestorePoint {
  if (restore.kind !== "latest") return restore;
  const spec = validated.kind === "valid" ? withDefaults(validated.job.spec) : null;
  return { ...restore, allowNonRestoredState: spec !== null && mayLeaveState(spec, status) };
}

function mayLeaveState({ upgrade, restore }: ResolvedSpec, { handled }: StreamJobStatus): boolean {
  if (upgrade.allowNonRestoredState && handled.nonRestoredStateAllowedTo === undefined) return true;
  // LO2
  return handled.restoreUsed === undefined && restore.kind !== "none" && restore.allowNonRestoredState;
}

/** LO1. Called in every look, before anything is decided. */
export function noticePermission(draft: Draft, target: Target): void {
  const { handled } = draft.status;
  if (target.kind !== "valid" || target.spec.upgrade.allowNonRestoredState) return;
  if (handled.nonRestoredStateAllowedTo === undefined) return;
  const { nonRestoredStateAllowedTo: _, ...rest } = handled;
  draft.set({ handled: rest });
}

/** Whether `upgrade.allowNonRestoredState` is set and has not been used. */
function isPermissionOpen({ handled }: StreamJobStatus, target: Target): boolean {
  const isSet = target.kind === "valid" && target.spec.upgrade.allowNonRestoredState;
  return isSet && handled.nonRestoredStateAllowedTo === undefined;
}

/**
 * A version that was refused for want of the permission, perhaps, may be tried with it: another attempt, which uses it up. Called when
 * no operation is in progress: one that is asks again by itself.
 */
export function reopenRefused(draft: Draft, target: Target): void {
  const { failed } = draft.status;
  if (target.kind !== "valid" || failed?.revision !== target.revision) return;
  if (isPermissionOpen(draft.status, target)) draft.set({ failed: undefined });
}

/** LO1 */
export function usePermission(draft: Draft, target: Target): void {
  if (!isPermissionOpen(draft.status, target)) return;
  draft.set({ handled: { ...draft.status.handled, nonRestoredStateAllowedTo: target.generation } });
}

/** A refusal that says to set the permission, with what is to be done when it is set already; any other as it is. */
export function withPermissionHint(reason: string, { handled }: StreamJobStatus, { spec }: StreamJob): string {
  const usedBy = handled.nonRestoredStateAllowedTo;
  const isSet = spec.upgrade?.allowNonRestoredState === true;
  if (usedBy === undefined || !isSet || !reason.includes("upgrade.allowNonRestoredState")) return reason;
  return `${reason} (it is already true, and generation ${usedBy} used it up: apply the manifest with false, then with true)`;
}

/** LO4. `uids`: as the new incarnation says, once it is active. */
export function tellLeftOut(draft: Draft, uids: readonly string[]): void {
  const { operation } = draft.status;
  if (operation === undefined || uids.length === 0 || operation.leftOut !== undefined) return;
  draft.operation({ leftOut: uids.slice(0, 1024) });
  const field = operation.restore?.kind === "path" ? "restore" : "upgrade";
  draft.event(
    "Warning",
    "StateLeftBehind",
    `generation ${operation.toGeneration} left behind the state of ${nameUids(uids)}, as ${field}.allowNonRestoredState allows`,
  );
}

/** In words; the first few. */
export function nameUids(uids: readonly string[]): string {
  const shown = uids.slice(0, 10).map((uid) => `"${uid}"`);
  const more = uids.length > shown.length ? ` and ${uids.length - shown.length} more` : "";
  return `the operators with uid ${shown.join(", ")}${more}`;
}
