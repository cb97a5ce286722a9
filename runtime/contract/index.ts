/**
 * Room `contract`: the JobManager's REST messages, with the names of Flink's REST v1. Requests are strict; answers may grow fields.
 * What Flink answers with -1 for "none" is -1 here too.
 */
export {
  type CheckpointConfigMessage,
  type CheckpointStatisticsMessage,
  type CheckpointsMessage,
  checkpointConfigSchema,
  checkpointStatisticsSchema,
  checkpointsSchema,
  type SummaryMessage,
  type TaskCheckpointStatisticsMessage,
} from "./checkpoints.ts";
export {
  type DashboardConfigMessage,
  dashboardConfigSchema,
  type MetricsMessage,
  metricsSchema,
  type OverviewMessage,
  overviewSchema,
  type TaskManagersMessage,
  taskManagersSchema,
} from "./cluster.ts";
export {
  type ErrorsMessage,
  type ExecutionStateName,
  errorsSchema,
  executionStateSchema,
  type FailureCauseMessage,
  type JobStatusName,
  jobStatusSchema,
} from "./identity.ts";
export {
  type BackpressureLevel,
  type BackpressureMessage,
  backpressureSchema,
  type ExceptionsMessage,
  type ExecutionResultMessage,
  emptySchema,
  exceptionsSchema,
  executionResultSchema,
  type IoMetricsMessage,
  type JobDetailsMessage,
  type JobIdsMessage,
  type JobPlanMessage,
  type JobStatusMessage,
  type JobsOverviewMessage,
  jobDetailsSchema,
  jobIdsSchema,
  jobPlanSchema,
  jobStatusMessageSchema,
  jobsOverviewSchema,
  type PlanMessage,
  type TaskCountsMessage,
  type VertexMessage,
} from "./jobs.ts";
export {
  type CheckpointRequestMessage,
  type CheckpointStatusMessage,
  checkpointRequestSchema,
  checkpointStatusSchema,
  type DisposalStatusMessage,
  disposalRequestSchema,
  disposalStatusSchema,
  type SavepointRequestMessage,
  type SavepointStatusMessage,
  type StopRequestMessage,
  savepointRequestSchema,
  savepointStatusSchema,
  stopRequestSchema,
  type TriggerResponseMessage,
  triggerResponseSchema,
} from "./triggers.ts";
