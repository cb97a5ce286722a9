/**
 * Owns: what follows when a new version fails: before its activation, and after it.
 *
 * FA1 Before the activation the old job runs on, and the version is not tried again until the spec changes.
 * FA2 After it the state is the new incarnation's: the way on is a newer spec, or back to the last stable one with that state. If
 *     the new version completed no checkpoint of its own, its newest state is what it was started from (P-25).
 * FA3 A version that failed is never recorded as stable, and is not tried again (P-26).
 * FA4 What had ended before it was changed is not started again because the new version cannot be activated (P-27): it stays as it
 *     ended. A job that has FINISHED by itself is never gone back to: it would do all its work once more.
 */
import type { RestorePoint } from "../../../crds/index.ts";
import { usePermission } from "./left-state.ts";
import { begin, hasTouchedOld } from "./operation.ts";
import { restoreOf } from "./restore-choice.ts";
import type { Situation, Target } from "../facts/situation.ts";
import { changed, type StepContext, type StepOutcome, waiting } from "../steps/step.ts";

/** FA1, FA4. With nothing running before, the record stays, so that a corrected spec replaces it. */
export function refuseTarget(context: StepContext, reason: string): StepOutcome {
  const { draft, operation, situation } = context;
  const { toGeneration: generation, revision } = operation;
  const { active } = draft.status;
  if (operation.kind === "upgrade" && operation.from !== null && !hasTouchedOld(operation, active)) {
    const ended = active?.ended ?? null;
    const rest = ended === null ? "the job keeps running unchanged" : `the job stays ${ended.status}`;
    draft.set({ failed: { generation, revision, reason } });
    usePermission(draft, situation.target);
    draft.history("refused", reason);
    draft.event("Warning", "UpgradeRefused", `generation ${generation} is not rolled out, ${rest}: ${reason}`);
    draft.set({ operation: undefined });
    return changed;
  }
  if (operation.from !== null && draft.status.stable !== undefined && operation.kind !== "rollback") {
    return failActivated(context, reason, { wasAccepted: false });
  }
  const message = `incarnation ${operation.to} refuses to start: ${reason}; correct the manifest and apply it again`;
  draft.stalled = { reason: "Refused", message };
  draft.wait(`refused: ${reason}`, 1000);
  return waiting;
}

export type Failure = {
  /** Whether the activation was accepted: if not, the state is still what it was to start from. */
  readonly wasAccepted: boolean;
  /** The job is over: FAILED. */
  readonly hasEnded?: boolean;
};

/** FA2 */
export function failActivated(context: StepContext, reason: string, failure: Failure): StepOutcome {
  const { draft, situation, operation } = context;
  const { target } = situation;
  const { toGeneration: generation, revision } = operation;
  const { stable, failed } = draft.status;
  const restore = failure.wasAccepted ? newestOf(context) : restoreOf(context);
  if (target.kind === "valid" && target.spec.state === "suspended") {
    beginSuspended(context, target, { reason, restore });
    return changed;
  }
  // What failed before is no way forward, or the two would take turns for ever (FA3).
  const mayGoForward = target.kind === "valid" && target.revision !== revision && target.revision !== failed?.revision;
  const back = operation.kind === "rollback" ? null : rollbackRevision(situation, stable?.revision, revision);
  if (mayGoForward || back !== null) {
    draft.history("failed", reason);
    draft.event("Warning", "VersionFailed", `generation ${generation} failed: ${reason}`);
    draft.set({ recovery: undefined });
    if (revision !== stable?.revision) draft.set({ failed: { generation, revision, reason } });
  }
  if (mayGoForward) {
    begin(draft, situation, {
      kind: "recreate",
      toGeneration: target.generation,
      revision: target.revision,
      mode: target.spec.upgrade.mode,
      standby: "cold",
      restore,
      savepointDirectory: null,
      message: `generation ${generation} failed, generation ${target.generation} starts from its state: ${reason}`,
    });
    return changed;
  }
  if (back !== null) {
    beginRollback(draft, situation, { reason, restore, generation });
    return changed;
  }
  if (failure.hasEnded === true) return giveUp(context, reason);
  const message = `incarnation ${operation.to} failed: ${reason}; there is no earlier stable version to roll back to: correct the manifest and apply it again`;
  draft.stalled = { reason: "VersionFailed", message };
  draft.wait(`failed: ${reason}`, 1000);
  return waiting;
}

/** The job is to be suspended anyway: its state is at rest already. */
function beginSuspended(
  { draft, situation, operation }: StepContext,
  target: Target & { readonly kind: "valid" },
  { reason, restore }: { readonly reason: string; readonly restore: RestorePoint },
): void {
  draft.history("failed", reason);
  begin(draft, situation, {
    kind: "suspend",
    toGeneration: target.generation,
    revision: operation.revision,
    mode: "last-state",
    standby: "cold",
    restore,
    savepointDirectory: null,
    message: `generation ${operation.toGeneration} failed and will be suspended: ${reason}`,
  });
}

/** The operation is over with a job that FAILED: what follows is for `recovery`, or a person, to say. */
function giveUp({ draft }: StepContext, reason: string): StepOutcome {
  const { active } = draft.status;
  draft.history("failed", reason);
  draft.event("Warning", "JobFailed", reason);
  draft.set({
    operation: undefined,
    ...(active === undefined
      ? {}
      : { active: { ...active, ended: { status: "FAILED", at: draft.now, savepoint: null, message: reason } } }),
  });
  return changed;
}

/** State of what is active, whatever it ended with. */
export function newestOf({ draft }: Pick<StepContext, "draft">): RestorePoint {
  const { active } = draft.status;
  if (active === undefined) return { kind: "none" };
  return { kind: "latest", storeUri: active.storeUri, savepoint: null, allowNonRestoredState: false };
}

/** Where a rollback from `failed` goes; null: nowhere, or it is not wanted. */
export function rollbackRevision(situation: Situation, stable: string | undefined, failed: string): string | null {
  const { target, version } = situation;
  const isWanted = target.kind === "invalid" || target.spec.upgrade.rollback;
  if (!isWanted || stable === undefined || stable === failed) return null;
  return version(stable) === null ? null : stable;
}

/** Back to the last stable revision. */
export function beginRollback(
  draft: StepContext["draft"],
  situation: Situation,
  why: { readonly reason: string; readonly restore: RestorePoint | null; readonly generation: number },
): void {
  const { stable } = draft.status;
  if (stable === undefined) return;
  begin(draft, situation, {
    kind: "rollback",
    toGeneration: stable.generation,
    revision: stable.revision,
    mode: "last-state",
    standby: "cold",
    restore: why.restore,
    savepointDirectory: null,
    message: `generation ${why.generation} is rolled back to generation ${stable.generation}: ${why.reason}`,
  });
}
