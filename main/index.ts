/** Room `main`: the processes of the product: JobManager, TaskManager, pod, operator, control plane. */
export {
  type ControlPlane,
  type ControlPlaneOptions,
  LOCAL_IMAGE,
  localPrograms,
  startControlPlane,
} from "./control-plane/control-plane.ts";
export { isOwnerAlive, readEndpoint, takeEndpoint } from "./control-plane/endpoint.ts";
export { remoteAddressOf } from "./control-plane/remote-addresses.ts";
export { type OperatorSettings, operatorVariables } from "./operator-process.ts";
export { podProgram } from "./pod-program.ts";
export {
  exitCodes,
  type FromChild,
  type JobEvent,
  type JobManagerConfig,
  type TaskManagerConfig,
  type TerminalStatus,
  type ToChild,
} from "./process-messages.ts";
export { readVersion } from "./version.ts";
