/**
 * Owns: step Stopping: the old job stops with a savepoint in a folder that was fixed before.
 *
 * STO1 Facts in order of weight: how the job ended by its own store's word; then the trigger; then whether it answers at all.
 * STO2 A savepoint that failed is tried again under a new id and in a new folder; the job runs on meanwhile (P-6).
 * STO3 An older state is used only when the policy allows it and the checkpoint is young enough (P-6).
 * STO4 A stop that was refused or failed is asked for at once where the spec says now, or given up as it says (P-37).
 * STO5 FINISHED after a stop that was refused or failed is no end that the job came to by itself: its state is not taken for nothing,
 *     and a person has to say what is to be done (P-40).
 * STO6 The stop is asked for only of a job that can take it, and only while it is not known there: at most one is in flight, and the same
 *     id in every try (P-5, P-9).
 * STO7 Every try before has failed for certain, the next one's id was sent to nobody, and the job runs: what the operation was for can be
 *     given up as if nothing had been asked (P-34).
 */
import { formatTime, parseTime } from "../../../crds/index.ts";
import { recordEnd, WAYS_OUT } from "../status/active.ts";
import { deletionTimeoutMs, RETRY_BACKOFF_INITIAL_MS, retryLeftMs, retryLimitMs } from "../facts/policy.ts";
import { savepointDirectory, savepointTarget, stopTriggerId } from "../facts/ids.ts";
import type { IncarnationView } from "../../engine/index.ts";
import type { JobManagerView } from "../facts/observed.ts";
import { noteSavepoint } from "../snapshots/operation-savepoint.ts";
import type { Action } from "../actions/plan.ts";
import { refusalOf } from "../actions/refusals.ts";
import { NO_ANSWER, type Situation, stopTriggerOf } from "../facts/situation.ts";
import { changed, done, entering, type Step, type StepContext, type StepOutcome, waiting } from "./step.ts";

/** While a savepoint is under way the job's downtime has begun. */
const POLL_MS = 15;
const RETRY_POLL_MS = 1000;
const SAVEPOINT_POLL_MS = 100;
/** The end of what tryAgain says. */
const runsOn = (attempt: number): string => `; the job keeps running, attempt ${attempt} follows`;
/** The same in a message that is kept; an earlier version wrote "runs on". */
const RUNS_ON = /; the job (?:keeps running|runs on), attempt \d+ follows$/;

export const stopping: Step = {
  enter: entering("Stopping", "stopping the job with a savepoint"),
  advance,
  calls,
  asks: ({ savepoint }) => (savepoint !== null && savepoint.path === null ? "stopTrigger" : null),
  endsOld: true,
  isUnasked,
  isBetweenTries,
};

/** It runs, and its JobManager knows of no stop. */
function isUnasked({ situation, operation, old: { view } }: StepContext): boolean {
  if (operation.attempt > 0) return false;
  const trigger = stopTriggerOf(situation, operation);
  const isRunning = view.kind === "answering" && view.incarnation.job?.status === "RUNNING";
  return isRunning && (trigger === null || trigger.kind === "unknown");
}

/** STO7 */
function isBetweenTries({ draft, situation, operation, old: { view } }: StepContext): boolean {
  if (operation.attempt === 0 || operation.savepoint === null || operation.savepoint.path !== null) return false;
  const isRunning = view.kind === "answering" && view.incarnation.job?.status === "RUNNING";
  return isRunning && retryLeftMs(draft, situation, operation) > 0;
}

function advance(context: StepContext): StepOutcome {
  const { draft, situation, operation } = context;
  if (operation.savepoint?.path !== null && operation.savepoint?.path !== undefined) return done;
  const { view } = context.old;
  if (operation.kind === "delete" && mustDeletionGoOn(context, view)) {
    draft.event("Warning", "SavepointSkipped", `no savepoint could be taken before the deletion: ${operation.message}`);
    return done;
  }
  const ended = draft.status.active?.ended ?? null;
  if (ended?.stopFailed === true) return doubtful(context, ended.message);
  if (ended !== null) return ended.savepoint === null ? done : completed(context, ended.savepoint);
  if (view.kind === "answering" && view.incarnation.result !== null) return foundEnded(context, view.incarnation);
  const { savepoint } = draft.status;
  if (savepoint !== undefined && view.kind === "answering" && view.incarnation.job?.status === "RUNNING") {
    draft.wait(`savepoint ${savepoint.name} is in progress; the job is stopped after it`, SAVEPOINT_POLL_MS);
    return waiting;
  }
  const trigger = stopTriggerOf(situation, operation);
  if (trigger?.kind === "completed") return completed(context, trigger.location);
  if (trigger?.kind === "failed") return tryAgain(context, `the savepoint failed: ${trigger.message}`);
  if (operation.attempt > 0) draft.blocked = { reason: "SavepointFailed", message: operation.message };
  if (trigger?.kind === "inProgress") {
    draft.wait(`the job is stopping with savepoint ${operation.savepoint?.target}`, POLL_MS);
    return waiting;
  }
  const refusal = refusalOf(situation.observed, "triggerStop", operation.triggerId);
  if (refusal?.isFinal === true) return tryAgain(context, refusal.message);
  if (refusal !== null) draft.blocked = { reason: "StopRefused", message: refusal.message };
  const isFree = trigger === null || trigger.kind === "unknown";
  if (isFree && (operation.attempt > 0 || refusal !== null)) {
    const corrected = correctedStop(context);
    if (corrected !== null) return corrected;
  }
  return notStoppable(context, view);
}

/** STO4. null: the spec asks for nothing else. */
function correctedStop(context: StepContext): StepOutcome | null {
  const { draft, situation, operation } = context;
  const { target } = situation;
  if (target.kind !== "valid" || operation.savepoint === null) return null;
  const waitedMs = draft.nowMs - parseTime(operation.stepSince);
  const instead = operation.kind === "delete" ? null : modeInstead(situation, draft, waitedMs);
  if (instead !== null) return goWithout(context, operation.message, instead);
  const directory = savepointDirectory(situation.job, target.spec, situation.settings);
  if (operation.savepoint.target.startsWith(`${directory}/`)) return null;
  const attempt = operation.attempt + 1;
  const triggerId = stopTriggerId(operation.operationId, attempt);
  const path = savepointTarget(directory, triggerId);
  const message = `stopping the job with savepoint ${path}, the path in the changed spec`;
  draft.operation({ attempt, triggerId, savepoint: { target: path, path: null }, notBefore: null, message });
  draft.wakeIn(POLL_MS);
  return waiting;
}

/** A deletion always ends (P-29): its time is up, or there is nothing yet that could be stopped. */
function mustDeletionGoOn({ draft, situation, operation }: StepContext, view: JobManagerView): boolean {
  const waitedMs = draft.nowMs - parseTime(operation.stepSince);
  if (waitedMs > deletionTimeoutMs(situation.target)) return true;
  return view.kind === "answering" && view.incarnation.activation === null;
}

/** The job ended, by our stop or without it. What is recorded of its end decides what can be restored (REC2). */
function foundEnded(context: StepContext, { result, job, epoch }: IncarnationView): StepOutcome {
  const { draft } = context;
  const { active } = draft.status;
  if (result === null || active === undefined) return waiting;
  const { status, savepoint } = result;
  if (savepoint !== null) return completed(context, savepoint);
  const failure = status === "FINISHED" ? failureOfStop(context, epoch) : null;
  if (failure !== null) {
    const why = `the job reports FINISHED without a savepoint after its stop failed: ${failure}`;
    recordEnd(draft, { status, at: draft.now, savepoint, message: why, stopFailed: true });
    draft.history("stop failed", why);
    return doubtful(context, why);
  }
  const message = status === "FAILED" ? (job?.failure?.message ?? "no reason is known") : `the job is ${status}`;
  recordEnd(draft, { status, at: draft.now, savepoint, message });
  draft.event("Warning", "JobEnded", `the job was ${status} before it could be stopped with a savepoint`);
  draft.history(status.toLowerCase(), message);
  return done;
}

/** STO5. Why the stop may be what ended it; null: it was never taken, so the job ended by itself. */
function failureOfStop({ situation, operation }: StepContext, epoch: number): string | null {
  const trigger = stopTriggerOf(situation, operation);
  if (trigger?.kind === "failed") return trigger.message;
  const refusal = refusalOf(situation.observed, "triggerStop", operation.triggerId);
  if (refusal?.isFinal === true) return refusal.message;
  if (operation.attempt > 0) return operation.message.replace(RUNS_ON, "");
  if (trigger !== null && trigger.kind !== "unknown") return "the outcome of its savepoint is unknown";
  // Another process of it may have taken the stop, and does not know of it any more.
  if (operation.stopAskedOf === undefined || operation.stopAskedOf === epoch) return null;
  return "its JobManager was restarted in the meantime";
}

/** STO5 */
function doubtful(context: StepContext, why: string): StepOutcome {
  const { draft, situation, operation } = context;
  if (operation.kind === "delete") {
    draft.event("Warning", "SavepointSkipped", `no savepoint could be taken before the deletion: ${why}`);
    return done;
  }
  const { target } = situation;
  const mode = target.kind === "valid" ? target.spec.upgrade.mode : "savepoint";
  if (mode !== "savepoint") return goWithout(context, why, { mode, why: `upgrade.mode is ${mode} now` });
  draft.blocked = { reason: "SavepointFailed", message: why };
  draft.stalled = { reason: "StopFailed", message: `${why}; ${WAYS_OUT}` };
  draft.wait(why, RETRY_POLL_MS);
  return waiting;
}

function completed({ draft, situation, operation }: StepContext, path: string): StepOutcome {
  draft.operation({ savepoint: { target: operation.savepoint?.target ?? path, path } });
  noteSavepoint(draft, situation);
  draft.event("Normal", "SavepointCompleted", `the job stopped with savepoint ${path}`);
  return done;
}

/** STO2 */
function tryAgain({ draft, situation, operation }: StepContext, message: string): StepOutcome {
  const attempt = operation.attempt + 1;
  const { target } = situation;
  const limitMs = retryLimitMs(target);
  const delayMs = Math.min(limitMs, RETRY_BACKOFF_INITIAL_MS * 2 ** Math.min(operation.attempt, 20));
  const triggerId = stopTriggerId(operation.operationId, attempt);
  const directory =
    target.kind === "valid"
      ? savepointDirectory(situation.job, target.spec, situation.settings)
      : (operation.savepoint?.target ?? "").replace(/\/[^/]*$/, "");
  const text = `${message}${runsOn(attempt + 1)}`;
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
    `${message}; the job keeps running, the next attempt is in ${Math.round(delayMs / 1000)} s`,
  );
  draft.blocked = { reason: "SavepointFailed", message: text };
  draft.wakeIn(delayMs);
  return waiting;
}

/** The trigger is not known there (yet), or nobody answers. */
function notStoppable(context: StepContext, view: JobManagerView): StepOutcome {
  const { draft, situation, operation } = context;
  const leftMs = retryLeftMs(draft, situation, operation);
  if (leftMs > 0) {
    draft.wakeIn(leftMs);
    return waiting;
  }
  const why = whyNotStoppable(view);
  if (why === null) {
    draft.wait(`stopping the job with savepoint ${operation.savepoint?.target}`, POLL_MS);
    return waiting;
  }
  const message = `no savepoint can be taken: ${why}`;
  draft.wait(message, RETRY_POLL_MS);
  draft.blocked = { reason: "NoSavepoint", message };
  const instead = modeInstead(situation, draft, draft.nowMs - parseTime(operation.stepSince));
  return instead === null ? waiting : goWithout(context, message, instead);
}

function goWithout({ draft }: StepContext, message: string, instead: Instead): StepOutcome {
  draft.event("Warning", "LastStateUsed", `${message}; ${instead.why}`);
  draft.operation({ mode: instead.mode, savepoint: null, message });
  draft.enter("Terminating", message);
  return changed;
}

function whyNotStoppable(view: JobManagerView): string | null {
  if (view.kind === "unreachable") return NO_ANSWER;
  if (view.kind === "absent") return "the JobManager's pod does not exist";
  const { job, phase } = view.incarnation;
  return job?.status === "RUNNING" ? null : `the job is ${job?.status ?? phase}`;
}

type Instead = { readonly mode: "last-state" | "stateless"; readonly why: string };

/** STO3. null: the policy allows nothing but the savepoint. */
function modeInstead({ target }: Situation, draft: StepContext["draft"], waitedMs: number): Instead | null {
  if (target.kind !== "valid") return null;
  const { mode, lastStateMaxAgeMs, savepointTimeoutMs } = target.spec.upgrade;
  // Changed since: the way out for somebody whose job will never run again.
  if (mode !== "savepoint")
    return { mode, why: `as upgrade.mode is now ${mode}, the upgrade does not wait for a savepoint` };
  const { lastCheckpoint } = draft.status;
  if (lastStateMaxAgeMs === null || lastCheckpoint === undefined || waitedMs < savepointTimeoutMs) return null;
  if (draft.nowMs - parseTime(lastCheckpoint.time) > lastStateMaxAgeMs) return null;
  return { mode: "last-state", why: "as upgrade.lastStateMaxAge allows, the newest checkpoint is used" };
}

/** STO6 */
function calls({ draft, situation, operation, old }: StepContext): readonly Action[] {
  const { active, savepoint } = draft.status;
  if (active === undefined || operation.savepoint === null || operation.from === null) return [];
  if (operation.savepoint.path !== null || savepoint !== undefined) return [];
  if (retryLeftMs(draft, situation, operation) > 0) return [];
  const trigger = stopTriggerOf(situation, operation);
  if (trigger !== null && trigger.kind !== "unknown") return [];
  const { view } = old;
  if (view.kind !== "answering" || view.incarnation.job?.status !== "RUNNING") return [];
  const { triggerId } = operation;
  // Before it is sent, in the same write: who asked nobody has to tell an end by the stop from one without it (STO5).
  if (operation.stopAskedOf !== view.incarnation.epoch) draft.operation({ stopAskedOf: view.incarnation.epoch });
  return [
    {
      kind: "triggerStop",
      incarnation: operation.from,
      jobId: active.jobId,
      triggerId,
      target: operation.savepoint.target,
    },
  ];
}
