/** Room `rpc`: the messages between JobManager and TaskManagers, and the connection that carries them. */
export { type CloseReason, connectRpc, listenRpc, type RpcConnection, type RpcServer } from "./connection.ts";
export type {
  CheckpointTimings,
  FromJobManager,
  InlineFile,
  JobSource,
  OperatorAck,
  Placement,
  Program,
  SlotLocation,
  StateTarget,
  TaskDeployment,
  TaskMetrics,
  TaskRef,
  TaskState,
  ToJobManager,
} from "./messages.ts";
