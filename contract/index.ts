/**
 * Room `contract`: the JobManager's REST messages, with the names of Flink's REST v1; what an operator says to an incarnation's
 * JobManager (incarnation.ts), and what its pods are told (pod-config.ts). Requests are strict; answers may grow fields.
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
  type AggregatedMetricsMessage,
  aggregatedMetricsSchema,
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
  IDLE_CONNECTION_MS,
  JOB_ID_HEADER,
  USER_HEADER,
  type JobStatusName,
  jobStatusSchema,
} from "./identity.ts";
export {
  type ActivationAnswer,
  type ActivationConflict,
  type ActivationRequest,
  activationAnswerSchema,
  activationConflictSchema,
  activationRequestSchema,
  collectionRequestSchema,
  type IncarnationFailure,
  type IncarnationMessage,
  type IncarnationPhase,
  incarnationSchema,
  type PreflightAnswer,
  preflightAnswerSchema,
  preflightRequestSchema,
  type RestoreMessage,
  type StoredActivation,
  storedActivationSchema,
} from "./incarnation.ts";
export { locationTrouble } from "./location.ts";
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
  type LargePodConfig,
  largePodConfigSchema,
  POD_CONFIG_VERSION,
  type PodConfig,
  podConfigSchema,
} from "./pod-config.ts";
export { podVariables } from "./pod-variables.ts";
export type { Program } from "./program.ts";
export { findRestRoute, type RestRoute, restRoutes, type RouteAccess } from "./routes.ts";
export { STORAGE_REPORT_VERSION, type StorageReportMessage, storageReportSchema } from "./storage-report.ts";
export { STORAGE_TASK_VERSION, type StorageTaskMessage, storageTaskSchema } from "./storage-task.ts";
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
