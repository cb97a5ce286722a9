/**
 * Owns: step Stopping: the old job stops with a savepoint in a folder that was fixed before.
 *
 * SP1 Facts in order of weight: how the job ended by its own store's word; then the trigger; then whether it answers at all.
 * SP2 A savepoint that failed is tried again under a new id and in a new folder; the job runs on meanwhile (S6).
 * SP3 An older state is used only when the policy allows it and the checkpoint is young enough (S6).
 */
import { formatTime, parseTime } from "../../../crds/index.ts";
import { recordEnd } from "../active.ts";
import { deletionTimeoutMs, RETRY_BACKOFF_INITIAL_MS, retryLeftMs, retryLimitMs } from "../policy.ts";
import { savepointDirectory, savepointTarget, stopTriggerId } from "../ids.ts";
import type { IncarnationMessage } from "../../../runtime/contract/index.ts";
import type { JobManagerView } from "../observed.ts";
import { noteSavepoint } from "../operation-savepoint.ts";
import { incarnationNumbered, NO_ANSWER, type Situation, stopTriggerOf } from "../situation.ts";
import { done, type StepContext, type StepOutcome, waiting } from "./step.ts";

/** While a savepoint is under way the job's downtime has begun. */
const POLL_MS = 15;
const RETRY_POLL_MS = 1000;
const SAVEPOINT_POLL_MS = 100;

export function stopping(context: StepContext): StepOutcome {
  const { draft, situation, operation } = context;
  if (operation.savepoint?.path !== null && operation.savepoint?.path !== undefined) return done;
  const view = incarnationNumbered(situation.observed, operation.from)?.jobManager ?? { kind: "absent" as const };
  if (operation.kind === "delete" && mustDeletionGoOn(context, view)) {
    draft.event("Warning", "SavepointSkipped", `no savepoint could be taken before the deletion: ${operation.message}`);
    return done;
  }
  const ended = draft.status.active?.ended ?? null;
  if (ended !== null) return ended.savepoint === null ? done : completed(context, ended.savepoint);
  if (view.kind === "answering" && view.incarnation.result !== null) return foundEnded(context, view.incarnation);
  const { savepoint } = draft.status;
  if (savepoint !== undefined && view.kind === "answering" && view.incarnation.job?.status === "RUNNING") {
    draft.wait(`savepoint ${savepoint.name} is under way; the stop comes after it`, SAVEPOINT_POLL_MS);
    return waiting;
  }
  const trigger = stopTriggerOf(situation, operation);
  if (trigger?.kind === "completed") return completed(context, trigger.location);
  if (trigger?.kind === "failed") return tryAgain(context, `the savepoint failed: ${trigger.message}`);
  if (operation.attempt > 0) draft.blocked = { reason: "SavepointFailed", message: operation.message };
  if (trigger?.kind === "inProgress") {
    draft.wait(`the job stops with savepoint ${operation.savepoint?.target}`, POLL_MS);
    return waiting;
  }
  return notStoppable(context, view);
}

/** A deletion always ends (S29): its time is up, or there is nothing yet that could be stopped. */
function mustDeletionGoOn({ draft, situation, operation }: StepContext, view: JobManagerView): boolean {
  const waitedMs = draft.nowMs - parseTime(operation.stepSince);
  if (waitedMs > deletionTimeoutMs(situation.target)) return true;
  return view.kind === "answering" && view.incarnation.activation === null;
}

/** The job ended, by our stop or without it. What is recorded of its end decides what can be restored (RC2). */
function foundEnded(context: StepContext, { result, job }: IncarnationMessage): StepOutcome {
  const { draft } = context;
  const { active } = draft.status;
  if (result === null || active === undefined) return waiting;
  const { status, savepoint } = result;
  if (savepoint !== null) return completed(context, savepoint);
  const message = status === "FAILED" ? (job?.failure?.message ?? "no reason is known") : `the job is ${status}`;
  recordEnd(draft, { status, at: draft.now, savepoint, message });
  draft.event("Warning", "JobEnded", `the job was ${status} before it could be stopped with a savepoint`);
  draft.history(status.toLowerCase(), message);
  return done;
}

function completed({ draft, situation, operation }: StepContext, path: string): StepOutcome {
  draft.operation({ savepoint: { target: operation.savepoint?.target ?? path, path } });
  noteSavepoint(draft, situation);
  draft.event("Normal", "SavepointCompleted", `the job stopped with savepoint ${path}`);
  return done;
}

/** SP2 */
function tryAgain({ draft, situation, operation }: StepContext, message: string): StepOutcome {
  const attempt = operation.attempt + 1;
  const { target } = situation;
  const limitMs = retryLimitMs(target);
  const delayMs = Math.min(limitMs, RETRY_BACKOFF_INITIAL_MS * 2 ** Math.min(operation.attempt, 20));
  const triggerId = stopTriggerId(operation.upgradeId, attempt);
  const directory =
    target.kind === "valid"
      ? savepointDirectory(situation.job, target.spec, situation.settings)
      : (operation.savepoint?.target ?? "").replace(/\/[^/]*$/, "");
  const text = `${message}; the job runs on, attempt ${attempt + 1} follows`;
  draft.operation({
    attempt,
    triggerId,
    savepoint: { target: savepointTarget(directory, triggerId), path: null },
    notBefore: formatTime(draft.nowMs + delayMs),
    message: text,
  });
  draft.event(
    "Warning",
    "SavepointFailed",
    `${message}; the job runs on, the next attempt is in ${Math.round(delayMs / 1000)} s`,
  );
  draft.blocked = { reason: "SavepointFailed", message: text };
  draft.wakeIn(delayMs);
  return waiting;
}

/** The trigger is not known there (yet), or nobody answers. */
function notStoppable({ draft, situation, operation }: StepContext, view: JobManagerView): StepOutcome {
  const leftMs = retryLeftMs(draft, situation, operation);
  if (leftMs > 0) {
    draft.wakeIn(leftMs);
    return waiting;
  }
  const why = whyNotStoppable(view);
  if (why === null) {
    draft.wait(`the job is asked to stop with savepoint ${operation.savepoint?.target}`, POLL_MS);
    return waiting;
  }
  const message = `no savepoint can be taken: ${why}`;
  draft.wait(message, RETRY_POLL_MS);
  draft.blocked = { reason: "NoSavepoint", message };
  const instead = modeInstead(situation, draft, draft.nowMs - parseTime(operation.stepSince));
  if (instead === null) return waiting;
  draft.event("Warning", "LastStateUsed", `${message}; ${instead.why}`);
  draft.operation({ mode: instead.mode, savepoint: null, message });
  draft.enter("Terminating", message);
  return { kind: "changed" };
}

function whyNotStoppable(view: JobManagerView): string | null {
  if (view.kind === "unreachable") return NO_ANSWER;
  if (view.kind === "absent") return "the JobManager's pod is not there";
  const { job, phase } = view.incarnation;
  return job?.status === "RUNNING" ? null : `the job is ${job?.status ?? phase}`;
}

type Instead = { readonly mode: "last-state" | "stateless"; readonly why: string };

/** SP3. null: the policy allows nothing but the savepoint. */
function modeInstead({ target }: Situation, draft: StepContext["draft"], waitedMs: number): Instead | null {
  if (target.kind !== "valid") return null;
  const { mode, lastStateMaxAgeMs, savepointTimeoutMs } = target.spec.upgrade;
  // Changed since: the way out for somebody whose job will never run again.
  if (mode !== "savepoint") return { mode, why: `as upgrade.mode is ${mode} now, none is waited for` };
  const { lastCheckpoint } = draft.status;
  if (lastStateMaxAgeMs === null || lastCheckpoint === undefined || waitedMs < savepointTimeoutMs) return null;
  if (draft.nowMs - parseTime(lastCheckpoint.time) > lastStateMaxAgeMs) return null;
  return { mode: "last-state", why: "as upgrade.lastStateMaxAge allows, the newest checkpoint is used" };
}
