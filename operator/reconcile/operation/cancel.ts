/**
 * Owns: when a job is cancelled before its pods go: so that it deletes its own checkpoints, as `deletion.keepState: false` asks.
 *
 * CN1 That it has ended is recorded before its pods are told to go: while they go their JobManager does not answer, and what does not
 *     answer would be waited for, and so wanted again.
 */
import { parseTime } from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import { isEndingDeletion } from "./operation.ts";
import type { Situation } from "../facts/situation.ts";

/** A deletion always ends: a job that does not answer keeps its files. */
const CANCEL_TIMEOUT_MS = 30_000;

/** CN1. Called before it is decided which incarnations are wanted. */
export function noteCancelled(draft: Draft, { incarnation }: Situation): void {
  const { operation } = draft.status;
  if (!isEndingDeletion(operation) || operation.from === null || operation.cancelled === true) return;
  const { view } = incarnation(operation.from);
  if (view.kind === "answering" && view.incarnation.phase === "ended") draft.operation({ cancelled: true });
}

export function isCancelPending(draft: Draft, situation: Situation): boolean {
  const { operation } = draft.status;
  if (!isEndingDeletion(operation) || operation.from === null) return false;
  const { target, incarnation } = situation;
  // Its state says which transactions are to be committed: it goes after they are (OST1).
  if (draft.status.settlesOnDeletion === true) return false;
  if (operation.cancelled === true || target.kind !== "valid" || target.spec.deletion.keepState) return false;
  if (draft.nowMs - parseTime(operation.stepSince) > CANCEL_TIMEOUT_MS) return false;
  const { view } = incarnation(operation.from);
  // One that does not answer is waited for: it may still be told (P-11).
  if (view.kind === "unreachable") return true;
  if (view.kind !== "answering") return false;
  // "activating": its JobManager has just been restarted, and takes the job up again.
  const { job, phase } = view.incarnation;
  return phase === "activating" || (phase === "active" && job !== null);
}
