/**
 * Room `operator/reconcile`, pure: what one look at the world means: the next status and the actions that follow.
 * facts/: what is known. operation/: what is due, and how it begins, turns and ends. steps/: when a step is done. actions/: what is done
 * for it. snapshots/: savepoints and their objects. status/: what the status says.
 */
export { isBuiltOn } from "./actions/dependence.ts";
export { conditionReasons, type ReasonHelp } from "./status/condition-reasons.ts";
export { type EventReason, eventReasons, warningRemedies } from "./status/event-reasons.ts";
export { incarnationJobId } from "./facts/ids.ts";
export { type NamedPlace, placesNamedBy, placesNamedBySnapshot } from "./facts/named-places.ts";
export type {
  DisposalView,
  JobManagerView,
  Observed,
  ObservedIncarnation,
  Refusal,
  RestoreSnapshotView,
  SpecRevision,
  TriggerView,
} from "./facts/observed.ts";
export type { Action, Child, Plan, PlannedEvent } from "./actions/plan.ts";
export { type BegunOperation, type Known, type Preview, preview } from "./preview.ts";
export { reconcile } from "./reconcile.ts";
export { subjectOf } from "./actions/refusals.ts";
export { preflightRestore } from "./operation/restore-choice.ts";
export { revisionHash, runtimePart } from "./facts/revision.ts";
export type { ReconcileSettings } from "./facts/settings.ts";
export {
  type ChangeCost,
  changeCosts,
  compareSpecs,
  costOf,
  type SpecChange,
  specChecks,
} from "./facts/spec-changes.ts";
export { questionOf } from "./steps/steps.ts";
export { readSnapshotStatusOf, readStatusOf, statusOf } from "./status/stored-status.ts";
