/**
 * Owns: carrying out a plan: the status first, then its actions in order, then its events. The only writer of the operator.
 * Not here: what is to be done (operator/reconcile), writing Events (the recorder, given).
 * Called by: the controller, after each decision.
 *
 * AP1 PL1-PL3 hold: no action before the status is in the API server, and none that is built on one that failed. A refusal is
 *     remembered for the next decision; what was refused is tried again later, not at each look (REM2).
 * AP2 Right before each write and each call, in the same turn, the gate is asked whether this process may (P-32).
 * AP3 A Conflict ends the plan as outdated: what was decided was decided about something else (P-22). But see OO2.
 * AP4 What was written can be read at once (the caches are told), so the next look does not plan it again.
 * AP5 Before and after each there is a failpoint; stopped anywhere, the next look goes on from there (P-3).
 * AP6 No action follows from a status that is known not to be on record any more, as when another operator went on while this one
 *     waited for a JobManager's answer. Without it such a one makes children of a StreamJob that is gone.
 */
import type { StreamJob, StreamJobSnapshot } from "../../crds/index.ts";
import type { Clock, Log } from "../../base/index.ts";
import type { CertificateAuthority, JobManagerApi } from "../engine/index.ts";
import { guarded, type WriteGate } from "../kubernetes/machinery/index.ts";
import { isApiError, type KubernetesApi } from "../kubernetes/api/index.ts";
import { type Action, isBuiltOn, type Observed, type Plan, type PlannedEvent } from "../reconcile/index.ts";
import type { ActionContext, CallContext } from "./action-context.ts";
import { applyChild, createRevision, deleteChild, deleteRevision, tryPod } from "./child-actions.ts";
import { failpoint, type OperatorFailpointName, type OperatorStep } from "./failpoints.ts";
import { issueCertificates } from "./certificate-actions.ts";
import { callJobManager } from "./jobmanager-actions.ts";
import { type ActionKind, ActionStopped, type ApplyOutcome, type StopKind } from "./outcome.ts";
import { addFinalizer, removeAnnotation, removeFinalizer, writeStatus } from "./own-object-actions.ts";
import type { PodTrials } from "./pod-trials.ts";
import type { Refused, RefusalMemory } from "./refusal-memory.ts";
import {
  createSnapshot,
  holdSnapshot,
  recordSavepoint,
  releaseSnapshot,
  writeSnapshotStatus,
} from "./snapshot-actions.ts";
import { refuseOutdated } from "./still-recorded.ts";
import type { WrittenCaches } from "./written-cache.ts";

export type ApplyDeps = {
  readonly api: KubernetesApi;
  readonly caches: WrittenCaches;
  readonly jobManagers: JobManagerApi;
  /** Default null: nothing is certified. */
  readonly authority?: CertificateAuthority | null;
  readonly gate: WriteGate;
  readonly clock: Clock;
  readonly log: Log;
  /** For one call to the API server. Default 5000. */
  readonly callTimeoutMs?: number;
  /** Tells people; returns at once and never fails. */
  readonly onEvent: (object: StreamJob | StreamJobSnapshot, event: PlannedEvent) => void;
  readonly onAction?: (kind: ActionKind, outcome: ApplyOutcome["kind"], ms: number) => void;
  /** What was refused, and is not due yet, is not tried. Default: everything is. */
  readonly refusals?: RefusalMemory;
  /** When a missing pod is asked about. Default: at once. */
  readonly podTrials?: PodTrials;
  /** Default: the failpoints of this process. */
  readonly reach?: (name: OperatorFailpointName) => void;
};

const CALL_TIMEOUT_MS = 5000;

/** Carries out the plan; never rejects but for a programmer's mistake or a failpoint's error. */
export async function apply(
  plan: Plan,
  { job }: Observed,
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<ApplyOutcome> {
  const context: ActionContext = {
    ...callContext(deps, job.metadata.namespace ?? "", signal),
    jobManagers: deps.jobManagers,
    authority: deps.authority ?? null,
    tell: (event) => deps.onEvent(job, event),
    job,
  };
  const who = nameOf(job);
  const { status } = plan;
  if (status !== null) {
    const facts = { action: "writeStatus", phase: status.phase, step: status.operation?.step };
    const failed = await perform(who, deps, facts, "writeStatus", () => writeStatus(context, status));
    if (failed !== null) return failed;
  }
  // They tell what the status says, which is in the API server now; whether the actions succeed is another matter.
  for (const event of plan.events) deps.onEvent(job, event);
  const { refused, ended, waiting } = await carryOut(plan.actions, context, deps, who);
  if (ended !== null) return ended;
  const [first] = refused;
  if (first !== undefined) return { kind: "refused", refused, reason: first.reason };
  return waiting ?? { kind: "done", changes: plan.actions.length + (status === null ? 0 : 1) };
}

type Failed = Exclude<ApplyOutcome, { kind: "done" } | { kind: "refused" }>;

type CarriedOut = {
  readonly refused: readonly Refused[];
  /** What ended the plan; null: all of it was tried that could be. */
  readonly ended: Failed | null;
  /** The first action that something else has to come before; null: none. */
  readonly waiting: Failed | null;
};

/** PL3 */
async function carryOut(
  actions: readonly Action[],
  context: ActionContext,
  deps: ApplyDeps,
  who: string,
): Promise<CarriedOut> {
  const refused: Refused[] = [];
  const failed: Action[] = [];
  let waiting: Failed | null = null;
  for (const action of actions) {
    if (failed.some((before) => isBuiltOn(action, before))) continue;
    if (action.kind === "tryPod" && deps.podTrials?.isDue(action.pod) === false) continue;
    const held = deps.refusals?.heldBack(context.job, action) ?? null;
    const outcome =
      held === null
        ? await perform(who, deps, factsOf(action), action.kind, async () => {
            refuseOutdated(context);
            await act(context, action);
          })
        : null;
    if (held === null && outcome === null) {
      if (action.kind === "tryPod") deps.podTrials?.noteAccepted(action.pod);
      continue;
    }
    failed.push(action);
    if (held !== null) refused.push(held);
    if (outcome === null) continue;
    if (outcome.kind !== "stopped" || context.signal.aborted) return { refused, ended: outcome, waiting };
    const verdict = verdictOn(outcome.error);
    if (verdict === "waiting") waiting ??= outcome;
    else refused.push(refusedOf(action, outcome.reason, verdict));
    // An API server that does not answer costs its time-out with each call; what is held back costs nothing.
    if (refused.filter(({ isAnswered, isHeldBack }) => !isAnswered && !isHeldBack).length >= UNANSWERED_MAX) break;
  }
  return { refused, ended: null, waiting };
}

const UNANSWERED_MAX = 2;

function refusedOf(action: Action, reason: string, verdict: StopKind): Refused {
  const [isAnswered, isFinal] = [verdict !== "unanswered", verdict === "refusedForGood"];
  return { action, reason, isAnswered, isFinal, isHeldBack: false };
}

function verdictOn(error: unknown): StopKind {
  if (error instanceof ActionStopped) return error.kind;
  if (isApiError(error, "Invalid", "BadRequest")) return "refusedForGood";
  return isApiError(error, "Forbidden", "AlreadyExists") ? "refused" : "unanswered";
}

export function callContext(deps: ApplyDeps, namespace: string, signal: AbortSignal): CallContext {
  return {
    // The gate is asked once more inside of the call, so that no path leads around it.
    api: guarded(deps.api, deps.gate),
    caches: deps.caches,
    gate: deps.gate,
    clock: deps.clock,
    log: deps.log,
    signal,
    callTimeoutMs: deps.callTimeoutMs ?? CALL_TIMEOUT_MS,
    namespace,
  };
}

const nameOf = ({ metadata }: StreamJob): string => `${metadata.namespace}/${metadata.name}`;

const steps: Readonly<Record<ActionKind, OperatorStep>> = {
  writeStatus: "write-status",
  addFinalizer: "add-finalizer",
  removeFinalizer: "remove-finalizer",
  removeAnnotation: "remove-annotation",
  createRevision: "create-revision",
  deleteRevision: "delete-revision",
  applyChild: "apply-child",
  tryPod: "try-pod",
  issueCertificates: "issue-certificates",
  deleteChild: "delete-child",
  triggerStop: "trigger-stop",
  triggerSavepoint: "trigger-savepoint",
  triggerCheckpoint: "trigger-checkpoint",
  activate: "activate",
  cancelJob: "cancel-job",
  createSnapshot: "create-snapshot",
  recordSavepoint: "create-snapshot",
  writeSnapshotStatus: "write-snapshot-status",
  disposeSavepoint: "dispose-savepoint",
  collectStore: "collect-store",
  holdSnapshot: "hold-snapshot",
  releaseSnapshot: "release-snapshot",
  deleteSnapshot: "delete-snapshot",
};

/** One write or call for a StreamJob, with its failpoints, gate, log line and figures; null: it succeeded. */
export async function perform(
  job: string,
  deps: ApplyDeps,
  facts: object,
  kind: ActionKind,
  run: () => Promise<void>,
): Promise<Failed | null> {
  const { clock, log, gate, reach = failpoint, onAction } = deps;
  const beganMs = clock.monotonicMs();
  const end = (failed: Failed | null): typeof failed => {
    const durationMs = Math.round((clock.monotonicMs() - beganMs) * 10) / 10;
    onAction?.(kind, failed?.kind ?? "done", durationMs);
    const line = { job, ...facts, durationMs };
    if (failed === null) log.info(line, "action succeeded");
    else if (failed.kind === "stopped") log.warn({ ...line, reason: failed.reason }, "action failed; retrying later");
    else log.info({ ...line, reason: failed.reason }, "action skipped: the objects changed after the decision");
    return failed;
  };
  reach(`op:before-${steps[kind]}`);
  // After the failpoint: a process may have stood still there for long (AP2).
  const answer = gate.ask();
  if (answer.kind === "shut") return end({ kind: "notLeading", action: kind, reason: answer.reason });
  try {
    await run();
  } catch (error) {
    return end(failureOf(kind, error, gate));
  }
  reach(`op:after-${steps[kind]}`);
  return end(null);
}

function failureOf(action: ActionKind, error: unknown, gate: WriteGate): Failed {
  const reason = error instanceof Error ? error.message : String(error);
  const answer = gate.ask();
  if (answer.kind === "shut") return { kind: "notLeading", action, reason: answer.reason };
  const isOutdated = error instanceof ActionStopped ? error.isOutdated : isApiError(error, "Conflict", "NotFound");
  if (isOutdated) return { kind: "outdated", action, reason };
  return { kind: "stopped", action, reason, error };
}

function act(context: ActionContext, action: Action): Promise<void> {
  switch (action.kind) {
    case "addFinalizer":
      return addFinalizer(context);
    case "removeFinalizer":
      return removeFinalizer(context);
    case "removeAnnotation":
      return removeAnnotation(context, action.annotation);
    case "createRevision":
      return createRevision(context, action.revision);
    case "deleteRevision":
      return deleteRevision(context, action.name);
    case "applyChild":
      return applyChild(context, action.object, action.filesOf);
    case "issueCertificates":
      return issueCertificates(context, action);
    case "tryPod":
      return tryPod(context, action.pod);
    case "deleteChild":
      return deleteChild(context, action.objectKind, action.name, action.uid);
    case "createSnapshot":
      return createSnapshot(context, action.snapshot).then(() => {});
    case "recordSavepoint":
      return recordSavepoint(context, action.snapshot, action.location);
    case "writeSnapshotStatus":
      return writeSnapshotStatus(context, action.name, action.resourceVersion, action.status);
    case "holdSnapshot":
      return holdSnapshot(context, action.name);
    case "releaseSnapshot":
      return releaseSnapshot(context, action.name);
    case "deleteSnapshot":
      return deleteChild(context, "StreamJobSnapshot", action.name, action.uid);
    case "triggerStop":
    case "triggerSavepoint":
    case "triggerCheckpoint":
    case "activate":
    case "cancelJob":
    case "disposeSavepoint":
    case "collectStore":
      return callJobManager(context, action);
  }
}

/** What a person wants to know of an action, without whole objects. */
function factsOf(action: Action): object {
  switch (action.kind) {
    case "applyChild": {
      const { object, why } = action;
      return { action: action.kind, kind: object.kind, object: object.metadata.name, why };
    }
    case "issueCertificates": {
      const { incarnation, mark, why } = action;
      return { action: action.kind, incarnation, mark, why };
    }
    case "deleteChild":
      return { action: action.kind, kind: action.objectKind, object: action.name, uid: action.uid, why: action.why };
    case "tryPod":
      return { action: action.kind, object: action.pod.metadata.name };
    case "createRevision":
      return { action: action.kind, object: action.revision.metadata.name };
    case "createSnapshot":
      return { action: action.kind, object: action.snapshot.metadata.name };
    case "recordSavepoint":
      return { action: action.kind, object: action.snapshot.metadata.name, location: action.location };
    case "writeSnapshotStatus":
      return { action: action.kind, object: action.name };
    case "activate": {
      const { incarnation, activation } = action;
      const { activationId, from, predecessors } = activation;
      return { action: action.kind, incarnation, activationId, from, predecessors: predecessors.length };
    }
    default: {
      const { kind, ...rest } = action;
      return { action: kind, ...rest };
    }
  }
}
