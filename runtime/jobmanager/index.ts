/**
 * Room `jobmanager`: lifecycle, scheduler, checkpoint coordinator, failover; one JobManager runs one job. `startJobManager`: at once, and
 * over with the job. `startIncarnation`: waits for its activation, and stays to say how it ended.
 */
export type {
  CheckpointStatus,
  CheckpointsView,
  CheckpointView,
  ExceptionEntry,
  ExecutionState,
  JobControl,
  JobStatus,
  JobView,
  SavepointRequest,
  SubtaskCheckpointView,
  SubtaskView,
  TaskManagerView,
  TriggerAnswer,
  TriggerState,
  VertexView,
} from "./control.ts";
export { readActivation } from "./leading/activation-object.ts";
export { findLeftTransactions, type LeftTransactions } from "./leading/left-transactions.ts";
export { readResult } from "./leading/job-result.ts";
export { type Incarnation, type IncarnationOptions, startIncarnation } from "./standby/incarnation.ts";
export type { ActivationOutcome, IncarnationControl } from "./standby/incarnation-control.ts";
export { startJobManager } from "./job-manager.ts";
export type { Ending, JobManagerOptions } from "./job-manager-options.ts";
