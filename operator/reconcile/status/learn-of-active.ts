/**
 * Owns: what is learnt of the active incarnation: restarts, its first checkpoint, its end, whether it is stable.
 *
 * AC1 Restarts are those of the job and of its JobManager's process since the activation; counters that start anew add on.
 * AC2 Stable is: a checkpoint of its own, and then the window without more restarts than allowed. RUNNING alone is nothing (P-26).
 *     With more, and nothing to roll back to, it is stable after a whole window with none.
 * AC3 What does not answer changes nothing that is known (P-11).
 */
import { type ActiveIncarnation, formatTime, parseTime } from "../../../crds/index.ts";
import type { IncarnationView } from "../../engine/index.ts";
import { changeActive, hasFinished, recordEnd, restoreUsedBy } from "./active.ts";
import type { Draft } from "./draft.ts";
import { jobManagerRestarts } from "../facts/pod-trouble.ts";
import type { Situation } from "../facts/situation.ts";
import { steps } from "../steps/steps.ts";

export function learnOfActive(draft: Draft, situation: Situation): void {
  const { active } = draft.status;
  if (active === undefined || active.ended !== null) return;
  const { objects, view } = situation.incarnation(active.incarnation);
  if (view.kind !== "answering") return;
  const message = view.incarnation;
  if (message.activation?.activationId !== active.activationId) return;
  countRestarts(draft, active, message, jobManagerRestarts(objects?.pods ?? []));
  // Of a job that may run: one that waits has left nothing yet.
  if (message.job !== null) draft.set({ settlesOnDeletion: message.settlesOnDeletion === true ? true : undefined });
  noteFirstCheckpoint(draft, message);
  noteEnd(draft, message);
  noteStability(draft, situation);
}

function countRestarts(draft: Draft, active: ActiveIncarnation, message: IncarnationView, pods: number): void {
  const job = message.job?.restarts ?? 0;
  const seen = active.restartsSeen;
  if (seen?.job === job && seen.pods === pods) return;
  const rise = (now: number, before: number): number => (now >= before ? now - before : now);
  const added = seen === null ? job : rise(job, seen.job) + rise(pods, seen.pods);
  changeActive(draft, { restartsSeen: { job, pods } });
  if (added === 0) return;
  changeActive(draft, { lastRestartAt: draft.now });
  draft.set({ restarts: draft.status.restarts + added });
}

function noteFirstCheckpoint(draft: Draft, message: IncarnationView): void {
  const { active, operation, handled } = draft.status;
  if (active === undefined || active.firstCheckpointAt !== null || message.firstCheckpointMs === null) return;
  changeActive(draft, { firstCheckpointAt: formatTime(message.firstCheckpointMs) });
  // What `restore` names is no more the newest state, whatever becomes of the operation (P-17).
  if (handled.restoreUsed === undefined) draft.set({ handled: { ...handled, restoreUsed: restoreUsedBy(operation) } });
}

/** A stop that this operator asked for is its step's to deal with. */
function noteEnd(draft: Draft, message: IncarnationView): void {
  const { operation } = draft.status;
  if (operation !== undefined && steps[operation.step].endsOld === true) return;
  const { result, job } = message;
  const status = result?.status ?? (message.phase === "ended" && job?.status === "FAILED" ? "FAILED" : null);
  // While it is being proved the step decides what a failure means.
  if (
    status === null ||
    (status === "FAILED" && operation !== undefined && operation.to === draft.status.active?.incarnation)
  )
    return;
  const savepoint = result?.savepoint ?? null;
  const why =
    status === "FAILED"
      ? (job?.failure?.message ?? "no reason is known")
      : savepoint === null
        ? `the job is ${status}`
        : `the job was stopped with savepoint ${savepoint}`;
  recordEnd(draft, { status, at: draft.now, savepoint, message: why });
  draft.event(status === "FAILED" ? "Warning" : "Normal", status === "FAILED" ? "JobFailed" : "JobFinished", why);
  draft.history(status.toLowerCase(), why);
}

/** AC2 */
function noteStability(draft: Draft, situation: Situation): void {
  const { active, restarts, operation } = draft.status;
  if (active === undefined || active.stableAt !== null || operation?.to === active.incarnation) return;
  const upgradePolicy = situation.version(active.revision)?.spec.upgrade;
  if (upgradePolicy === undefined) return;
  const isFinished = active.ended !== null && active.ended.status !== "FAILED";
  if (!isFinished) {
    if (active.ended !== null || active.firstCheckpointAt === null) return;
    // Too many, and there was nothing to roll back to: then the window begins with the last of them.
    const isTooMany = restarts > upgradePolicy.stabilityMaxRestarts;
    const since = isTooMany ? (active.lastRestartAt ?? active.firstCheckpointAt) : active.firstCheckpointAt;
    const stableMs = parseTime(since) + upgradePolicy.stabilityWindowMs;
    if (draft.nowMs < stableMs) return draft.wakeIn(stableMs - draft.nowMs);
  }
  const { generation, revision } = active;
  changeActive(draft, { stableAt: draft.now });
  draft.set({ recovery: undefined });
  if (hasFinished(active)) return;
  draft.set({ stable: { generation, revision } });
  draft.event("Normal", "Stable", `generation ${generation} is stable: it is the target of a rollback from now on`);
}
