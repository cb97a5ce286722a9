/**
 * Owns: what would follow if a StreamJob were as given: the decision of a look, told instead of carried out.
 * Does not own: the decision (reconcile.ts and operation/: the same functions in the same order), its words (the CLI's `diff`).
 *
 * PRV1 No step is carried on: what comes out depends on the record and on what runs, and not on how far pods and calls have come.
 * PRV2 What follows an operation that goes on is told for the case that it succeeds; what waits for approval, for the case that it comes.
 * PRV3 What only an operator knows counts as unknown: what was refused to it, what the job threw, its storage root.
 */
import {
  APPROVE_ANNOTATION,
  type Operation,
  type OperationStep,
  type RestorePoint,
  ROLLBACK_TO_ANNOTATION,
  type StreamJobStatus,
  validateStreamJob,
} from "../../crds/index.ts";
import type { Engine } from "../engine/index.ts";
import { isCarriedOut } from "./actions/actions.ts";
import { jobChildren } from "./actions/job-children.ts";
import type { Action } from "./actions/plan.ts";
import type { Observed, ObservedIncarnation } from "./facts/observed.ts";
import { type Situation, situationOf } from "./facts/situation.ts";
import { endSuspend } from "./operation/endings.ts";
import { rollbackRevision } from "./operation/failure.ts";
import { withPermission } from "./operation/left-state.ts";
import { completeOperation, enterActivating } from "./operation/milestones.ts";
import { chooseOperation } from "./operation/next-operation.ts";
import { stepsOf } from "./operation/operation.ts";
import { restoreOf } from "./operation/restore-choice.ts";
import { Parts } from "./parts.ts";
import { isPausedJob, learn } from "./reconcile.ts";
import { planSnapshots } from "./snapshots/snapshots.ts";
import { Draft } from "./status/draft.ts";
import { contextOf, isPossible } from "./steps/step.ts";
import { steps } from "./steps/steps.ts";
import { statusOf } from "./status/stored-status.ts";

/** What somebody who may only read can find out. `job`: as it would be, with the status that it has. */
export type Known = Pick<
  Observed,
  "job" | "revisions" | "snapshots" | "restoreSnapshot" | "disruptionBudgets" | "stopTrigger" | "preflight"
> & { readonly incarnations: readonly Pick<ObservedIncarnation, "number" | "pods" | "jobManager">[] };

/** An operation that would begin. Ids and folders are the operator's to say (PRV3). */
export type BegunOperation = Pick<
  Operation,
  "kind" | "mode" | "standby" | "from" | "to" | "fromGeneration" | "toGeneration" | "revision" | "message"
> & {
  readonly steps: readonly OperationStep[];
  /** By what is known now; of what runs, its newest state then. */
  readonly startsFrom: RestorePoint;
  /** What runs before it begins has ended by then, or nothing does. */
  readonly isAtRest: boolean;
  /** Generation to which it is rolled back when it fails; null: to none. */
  readonly rollsBackTo: number | null;
};

export type Preview = {
  /** Nothing of what follows is done before the annotation is gone. */
  readonly isPaused: boolean;
  /** The operation in progress, when it is given up. */
  readonly abandoned: Operation | null;
  /** The operation in progress, when it goes on first; `isTurned`: to another end than it had. */
  readonly goesOn: (Operation & { readonly isTurned: boolean }) | null;
  /** What begins, after what goes on; null: nothing. */
  readonly begins: BegunOperation | null;
  /** What would begin if it were approved; null: nothing waits for that. */
  readonly onApproval: BegunOperation | null;
  /** A person is needed: the reason and message of Stalled. */
  readonly stalled: Draft["stalled"];
  /** A savepoint is asked for while the job runs on. */
  readonly takesSavepoint: boolean;
  /** PodDisruptionBudgets that are created, moved or deleted while the job runs on. */
  readonly budgets: readonly { readonly name: string; readonly isDeleted: boolean }[];
  /** The status with all that was decided, but for `operation`. */
  readonly status: Omit<StreamJobStatus, "operation">;
};

/** Errors: STATUS_UNREADABLE. */
export function preview(known: Known, engine: Engine, nowMs: number): Preview {
  const observed = observedOf(known);
  const situation = situationOf(observed, { storageRoot: "", defaultImage: "", engine }, nowMs);
  const before = statusOf(observed.job);
  const draft = new Draft(before, nowMs);
  const parts = new Parts(draft);
  learn(draft, situation, parts);
  const inProgress = draft.status.operation ?? null;
  // PRV2
  const later = inProgress === null ? draft : afterSuccess(draft, situation);
  const begins =
    later !== null && parts.failures.length === 0
      ? nextOf(later, inProgress === null ? situation : withoutSpentOrder(draft, situation), parts)
      : null;
  const actions = [
    ...parts.run("snapshots", () => planSnapshots(draft, situation), []),
    ...parts.run("Services and budgets", () => jobChildren(draft, situation), []),
  ];
  if (situation.failure !== null) parts.failures.unshift(situation.failure);
  parts.tell(situation.generation);
  const { operation: _, ...status } = draft.status;
  return {
    isPaused: isPausedJob(observed.job),
    abandoned: inProgress === null ? (before.operation ?? null) : null,
    goesOn: inProgress === null ? null : { ...inProgress, isTurned: isTurned(before.operation, inProgress) },
    begins,
    onApproval: later?.blocked?.reason === "AwaitingApproval" ? approved(known, engine, nowMs) : null,
    stalled: draft.stalled ?? later?.stalled ?? null,
    takesSavepoint: actions.some(
      (action) => action.kind === "createSnapshot" && action.snapshot.spec.origin === "manual",
    ),
    budgets: budgetsIn(actions),
    status,
  };
}

/** PRV3 */
function observedOf({ incarnations, ...known }: Known): Observed {
  const { job } = known;
  const unseen = { configMap: null, service: null, jobManagerSet: null, taskManagerSet: null };
  return {
    ...known,
    validated: validateStreamJob(job),
    incarnations: incarnations.map((incarnation) => ({ ...unseen, ...incarnation })),
    earlierPods: new Map(),
    foreignReferences: new Set(),
    storesInUse: new Set(),
    storeNamers: [],
    collection: null,
    storagePods: [],
    restService: null,
    savepointTrigger: null,
    disposals: {},
    refusals: [],
    exceptions: [],
    newestException: null,
  };
}

/** What the choice makes of it; null: it begins nothing. */
function nextOf(draft: Draft, situation: Situation, parts: Parts): BegunOperation | null {
  const isAtRest = (draft.status.active?.ended ?? null) !== null || draft.status.active === undefined;
  const isBegun = parts.run("what is to be done next", () => chooseOperation(draft, situation), false);
  const { operation, stable } = draft.status;
  if (!isBegun || operation === undefined) return null;
  const { kind, mode, standby, from, to, fromGeneration, toGeneration, revision, message } = operation;
  const restore = restoreOf({ draft, operation });
  const back = kind === "rollback" ? null : rollbackRevision(situation, stable?.revision, revision);
  return {
    kind,
    mode,
    standby,
    from,
    to,
    fromGeneration,
    toGeneration,
    revision,
    message,
    isAtRest,
    steps: stepsOf(operation).filter((step) => isPossible(steps[step], situation)),
    startsFrom: withPermission(restore, draft.status, situation.observed.validated),
    rollsBackTo: back === null ? null : (stable?.generation ?? null),
  };
}

/** The record as it is when the operation in progress has come to its end; null: nothing is there then, or it comes to none. */
function afterSuccess(draft: Draft, situation: Situation): Draft | null {
  const later = new Draft(draft.status, draft.nowMs);
  const { operation } = later.status;
  if (operation === undefined || operation.kind === "delete") return null;
  const context = contextOf(later, situation, operation);
  if (operation.kind === "suspend") return endSuspend(context).kind === "changed" ? later : null;
  if (steps[operation.step].holdsState !== true && enterActivating(context).kind !== "changed") return null;
  completeOperation(contextOf(later, situation, later.status.operation ?? operation));
  return later;
}

/** An order to roll back that is taken away while the operation goes on begins nothing after it. */
function withoutSpentOrder(draft: Draft, situation: Situation): Situation {
  const { job } = situation;
  const { [ROLLBACK_TO_ANNOTATION]: order, ...annotations } = job.metadata.annotations ?? {};
  if (order === undefined || !isCarriedOut(draft, order)) return situation;
  return { ...situation, job: { ...job, metadata: { ...job.metadata, annotations } } };
}

function isTurned(before: Operation | undefined, now: Operation): boolean {
  return before?.kind !== now.kind || before.revision !== now.revision || before.to !== now.to;
}

/** PRV2 */
function approved({ job, ...known }: Known, engine: Engine, nowMs: number): BegunOperation | null {
  const annotations = { ...job.metadata.annotations, [APPROVE_ANNOTATION]: String(job.metadata.generation ?? 0) };
  return preview({ ...known, job: { ...job, metadata: { ...job.metadata, annotations } } }, engine, nowMs).begins;
}

function budgetsIn(actions: readonly Action[]): Preview["budgets"] {
  return actions.flatMap((action): Preview["budgets"] => {
    if (action.kind === "deleteChild" && action.objectKind === "PodDisruptionBudget")
      return [{ name: action.name, isDeleted: true }];
    if (action.kind === "applyChild" && action.object.kind === "PodDisruptionBudget")
      return [{ name: action.object.metadata.name, isDeleted: false }];
    return [];
  });
}
