/**
 * Owns: step Stopping: the old job stops with a savepoint in a folder that was fixed before.
 *
 * SP1 Facts in order of weight: how the job ended by its own store's word; then the trigger; then whether it answers at all.
 * SP2 A savepoint that failed is tried again under a new id and in a new folder; the job runs on meanwhile (S6).
 * SP3 An older state is used only when the policy allows it and the checkpoint is young enough (S6).
 */
import { formatTime, parseTime } from "../../../crds/index.ts";
import { deletionTimeoutMs, RETRY_BACKOFF_INITIAL_MS } from "../policy.ts";
import { savepointDirectory, savepointTarget, stopTriggerId } from "../ids.ts";
import { incarnationNumbered, type Situation } from "../situation.ts";
import { done, type StepContext, type StepOutcome, waiting } from "./step.ts";

/** While a savepoint is under way the job's downtime has begun. */
const POLL_MS = 15;
const RETRY_POLL_MS = 1000;

export function stopping(context: StepContext): StepOutcome {
  const { draft, situation, operation } = context;
  const { observed } = situation;
  if (operation.savepoint?.path !== null && operation.savepoint?.path !== undefined) return done;
  if (draft.status.savepoint !== undefined) {
    draft.wait(`savepoint ${draft.status.savepoint.name} is under way; the stop comes after it`, POLL_MS);
    return waiting;
  }
  const old = incarnationNumbered(observed, operation.from);
  const view = old?.jobManager ?? { kind: "absent" as const };
  if (
    operation.kind === "delete" &&
    draft.nowMs - parseTime(operation.stepSince) > deletionTimeoutMs(situation.target)
  ) {
    draft.event("Warning", "SavepointSkipped", `no savepoint could be taken before the deletion: ${operation.message}`);
    return done;
  }
  if (view.kind === "answering" && view.incarnation.result !== null) {
    const { status, savepoint } = view.incarnation.result;
    if (savepoint !== null) return completed(context, savepoint);
    draft.event("Warning", "JobEnded", `the job was ${status} before it could be stopped with a savepoint`);
    return done;
  }
  const ended = draft.status.active?.ended ?? null;
  if (ended !== null) return ended.savepoint === null ? done : completed(context, ended.savepoint);
  const trigger = observed.stopTrigger;
  if (trigger?.kind === "completed") return completed(context, trigger.location);
  if (trigger?.kind === "failed") return tryAgain(context, `the savepoint failed: ${trigger.message}`);
  if (trigger?.kind === "inProgress") {
    draft.wait(`the job stops with savepoint ${operation.savepoint?.target}`, POLL_MS);
    return waiting;
  }
  return notStoppable(context, situation);
}

function completed({ draft, operation }: StepContext, path: string): StepOutcome {
  draft.operation({ savepoint: { target: operation.savepoint?.target ?? path, path } });
  draft.event("Normal", "SavepointCompleted", `the job stopped with savepoint ${path}`);
  return done;
}

/** SP2 */
function tryAgain({ draft, situation, operation }: StepContext, message: string): StepOutcome {
  const attempt = operation.attempt + 1;
  const { target } = situation;
  const limitMs = target.kind === "valid" ? target.spec.upgrade.retryBackoffMaxMs : RETRY_BACKOFF_INITIAL_MS;
  const delayMs = Math.min(limitMs, RETRY_BACKOFF_INITIAL_MS * 2 ** Math.min(operation.attempt, 20));
  const triggerId = stopTriggerId(operation.upgradeId, attempt);
  const directory =
    target.kind === "valid"
      ? savepointDirectory(situation.job, target.spec, situation.settings)
      : (operation.savepoint?.target ?? "").replace(/\/[^/]*$/, "");
  draft.operation({
    attempt,
    triggerId,
    savepoint: { target: savepointTarget(directory, triggerId), path: null },
    notBefore: formatTime(draft.nowMs + delayMs),
    message: `${message}; the job runs on, attempt ${attempt + 1} follows`,
  });
  draft.event(
    "Warning",
    "SavepointFailed",
    `${message}; the job runs on, the next attempt is in ${Math.round(delayMs / 1000)} s`,
  );
  draft.blocked = { reason: "SavepointFailed", message };
  draft.wakeIn(delayMs);
  return waiting;
}

/** The trigger is not known there (yet), or nobody answers. */
function notStoppable({ draft, operation }: StepContext, situation: Situation): StepOutcome {
  const old = incarnationNumbered(situation.observed, operation.from);
  const view = old?.jobManager ?? { kind: "absent" as const };
  const waitedMs = draft.nowMs - parseTime(operation.stepSince);
  const why =
    view.kind === "unreachable"
      ? `the JobManager does not answer: ${view.message}`
      : view.kind === "absent"
        ? "the JobManager's pod is not there"
        : view.incarnation.job?.status === "RUNNING"
          ? null
          : `the job is ${view.incarnation.job?.status ?? view.incarnation.phase}`;
  if (operation.notBefore !== null && parseTime(operation.notBefore) > draft.nowMs) {
    draft.blocked = { reason: "SavepointFailed", message: operation.message };
    draft.wakeIn(parseTime(operation.notBefore) - draft.nowMs);
    return waiting;
  }
  if (why === null) {
    draft.wait(`the job is asked to stop with savepoint ${operation.savepoint?.target}`, POLL_MS);
    return waiting;
  }
  const message = `no savepoint can be taken: ${why}`;
  draft.wait(message, RETRY_POLL_MS);
  draft.blocked = { reason: "NoSavepoint", message };
  if (mayUseLastState(situation, draft, waitedMs)) {
    draft.event(
      "Warning",
      "LastStateUsed",
      `${message}; as upgrade.lastStateMaxAge allows, the newest checkpoint is used`,
    );
    draft.operation({ mode: "last-state", savepoint: null, message });
    draft.enter("Terminating", message);
    return { kind: "changed" };
  }
  return waiting;
}

/** SP3 */
function mayUseLastState({ target }: Situation, draft: StepContext["draft"], waitedMs: number): boolean {
  if (target.kind !== "valid" || target.spec.upgrade.lastStateMaxAgeMs === null) return false;
  if (waitedMs < target.spec.upgrade.savepointTimeoutMs) return false;
  const { lastCheckpoint } = draft.status;
  if (lastCheckpoint === undefined) return false;
  return draft.nowMs - parseTime(lastCheckpoint.time) <= target.spec.upgrade.lastStateMaxAgeMs;
}
