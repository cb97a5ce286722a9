/** Room `jobmanager`: lifecycle, scheduler, checkpoint coordinator, failover; one JobManager runs one job. */
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
export { startJobManager } from "./job-manager.ts";
export type { Ending, JobManagerOptions } from "./job-manager-options.ts";
