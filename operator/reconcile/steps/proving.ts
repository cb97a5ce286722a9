/**
 * Owns: step Proving: the new incarnation has to run and complete a checkpoint of its own. Only then does the old one's rest go (P-14).
 *
 * PRO1 One whose pods run and that does not answer is not taken for failed, however late it is: it may run very well (P-11).
 * PRO2 One that runs is not taken for failed before it has been asked for a checkpoint and had `deployTimeout` to complete it: its own
 *     interval may be long, and the operator may have been away.
 * PRO3 One that takes no checkpoint by itself soon is asked for one, from when the record says so.
 */
import { parseTime } from "../../../crds/index.ts";
import { failActivated } from "../operation/failure.ts";
import type { Action } from "../actions/plan.ts";
import { firstCheckpointTriggerId } from "../facts/ids.ts";
import { podTrouble } from "../facts/pod-trouble.ts";
import { newestException } from "../facts/situation.ts";
import { done, entering, type Step, type StepContext, type StepOutcome, waiting } from "./step.ts";
import { unknownFate } from "./unknown-fate.ts";

const POLL_MS = 100;
const SLOW_POLL_MS = 1000;
const QUICK_MS = 30_000;
/** A checkpoint that did not complete is asked for again under another id. */
const CHECKPOINT_RETRY_MS = 30_000;
/** So long a job with a short interval is left alone. */
const OWN_CHECKPOINT_MS = 2000;

export const proving: Step = {
  enter: entering("Proving", "waiting for the first checkpoint of the new incarnation"),
  advance,
  calls,
  holdsState: true,
};

function advance(context: StepContext): StepOutcome {
  const { draft, situation, operation } = context;
  const { objects, view } = context.next;
  let sinceMs = parseTime(operation.stepSince);
  const waitedMs = draft.nowMs - sinceMs;
  const upgrade = context.version?.spec.upgrade;
  const limitMs = upgrade?.deployTimeoutMs ?? Number.POSITIVE_INFINITY;
  let progress = `waiting for the first checkpoint of incarnation ${operation.to}`;
  if (view.kind === "answering") {
    const { phase, error, job, completedCheckpoints, result } = view.incarnation;
    if (phase === "refused")
      return failActivated(context, error?.message ?? "no reason is given", { wasAccepted: true });
    if (result?.status === "FAILED" || job?.status === "FAILED") {
      return failActivated(context, job?.failure?.message ?? "the job FAILED", { wasAccepted: true, hasEnded: true });
    }
    if (result !== null) return done;
    if (completedCheckpoints > 0) return done;
    const restarts = draft.status.restarts;
    if (upgrade !== undefined && restarts > upgrade.stabilityMaxRestarts) {
      const why = job?.failure?.message ?? newestException(situation);
      return failActivated(context, `the job restarted ${restarts} times before its first checkpoint: ${why}`, {
        wasAccepted: true,
      });
    }
    progress = `${progress}; the job is ${job?.status ?? phase}`;
    const refusal = situation.observed.refusals.find(({ subject }) => subject.startsWith("triggerCheckpoint "));
    if (refusal !== undefined) progress = `${progress}; ${refusal.message}`;
    if (job?.status === "RUNNING") {
      const isDue = waitedMs >= OWN_CHECKPOINT_MS || waitedMs > limitMs;
      if (operation.checkpointAskedAt === undefined && isDue) draft.operation({ checkpointAskedAt: draft.now });
      // PRO2
      sinceMs = parseTime(operation.checkpointAskedAt ?? draft.now);
    }
  }
  const trouble = podTrouble(objects?.pods ?? []);
  if (draft.nowMs - sinceMs > limitMs) {
    // PRO1
    if (view.kind === "unreachable" && trouble === null) return unknownFate(context);
    return failActivated(
      context,
      `${progress}, for more than ${Math.round(limitMs / 1000)} s${trouble === null ? "" : `: ${trouble}`}`,
      {
        wasAccepted: true,
      },
    );
  }
  draft.wait(trouble === null ? progress : `${progress}: ${trouble}`, waitedMs < QUICK_MS ? POLL_MS : SLOW_POLL_MS);
  return waiting;
}

/** PRO3 */
function calls({ draft: { status, nowMs }, operation, next: { view } }: StepContext): readonly Action[] {
  const { active } = status;
  if (operation.to === null || active === undefined) return [];
  if (view.kind !== "answering" || view.incarnation.completedCheckpoints > 0) return [];
  if (view.incarnation.job?.status !== "RUNNING" || operation.checkpointAskedAt === undefined) return [];
  const tries = Math.floor((nowMs - parseTime(operation.checkpointAskedAt)) / CHECKPOINT_RETRY_MS);
  const triggerId = firstCheckpointTriggerId(active.activationId, tries);
  return [{ kind: "triggerCheckpoint", incarnation: operation.to, jobId: active.jobId, triggerId }];
}
