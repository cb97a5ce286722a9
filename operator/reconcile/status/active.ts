/**
 * Owns: what the record says of the active incarnation: its end and what that means, whether it has shown itself unstable.
 * Not here: how that is learnt (learn-of-active.ts).
 */
import type { ActiveIncarnation, Operation } from "../../../crds/index.ts";
import type { Draft } from "./draft.ts";
import { newestException, type Situation } from "../facts/situation.ts";

/** What of `spec.restore` an operation used, as `handled` says it. */
export function restoreUsedBy(operation: Operation | undefined): string {
  return operation?.restore?.kind === "path" ? operation.restore.path : "nothing";
}

/** What the active job ended with. One that did all its work is nothing to go back to (FA4). */
export function recordEnd(draft: Draft, ended: NonNullable<ActiveIncarnation["ended"]>): void {
  changeActive(draft, { ended });
  if (hasFinished(draft.status.active)) draft.set({ stable: undefined });
}

/** What a person can do about a job that says FINISHED after a stop that failed (STO5). */
export const WAYS_OUT =
  "it is unknown whether it processed all input, so it is not started without its state: to start the job without state, " +
  "set upgrade.mode to stateless and change restartNonce";

/** It did all its work, and nobody stopped it, nor tried to. */
export function hasFinished(active: ActiveIncarnation | undefined): boolean {
  const ended = active?.ended ?? null;
  return ended !== null && ended.status === "FINISHED" && ended.savepoint === null && ended.stopFailed !== true;
}

export function changeActive(draft: Draft, part: Partial<ActiveIncarnation>): void {
  const { active } = draft.status;
  if (active !== undefined) draft.set({ active: { ...active, ...part } });
}

/** Whether it failed, or restarts too often, before it was stable. Why, in words; null: neither. */
export function instability(draft: Draft, situation: Situation): string | null {
  const { active, restarts } = draft.status;
  if (active === undefined || active.stableAt !== null) return null;
  if (active.ended?.status === "FAILED") return active.ended.message;
  const policy = situation.version(active.revision)?.spec.upgrade;
  if (policy === undefined || restarts <= policy.stabilityMaxRestarts) return null;
  return `it restarted ${restarts} times before it was stable: ${newestException(situation)}`;
}
