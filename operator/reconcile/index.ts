/** Room `operator/reconcile`, pure: what one look at the world means: the next status and the actions that follow. */
export { isBuiltOn } from "./dependence.ts";
export { type EventReason, eventReasons } from "./event-reasons.ts";
export { incarnationJobId } from "./ids.ts";
export type {
  DisposalView,
  JobManagerView,
  Observed,
  ObservedIncarnation,
  Refusal,
  RestoreSnapshotView,
  SpecRevision,
  TriggerView,
} from "./observed.ts";
export type { Action, Child, Plan, PlannedEvent } from "./plan.ts";
export { reconcile } from "./reconcile.ts";
export { subjectOf } from "./refusals.ts";
export { preflightRestore } from "./restore-choice.ts";
export { revisionHash, runtimePart } from "./revision.ts";
export type { ReconcileSettings } from "./settings.ts";
export { type ChangeCost, changeCosts, compareSpecs, costOf, type SpecChange, specChecks } from "./spec-changes.ts";
export { readSnapshotStatusOf, readStatusOf, statusOf } from "./stored-status.ts";
