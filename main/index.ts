/**
 * Room `main`: the processes of the product: JobManager, TaskManager, pod, operator, control plane.
 * Two more doors: `control-plane/index.ts`, which loads the controller and the embedded cluster, and `version.ts`, which loads nothing.
 */
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
export { historyIn } from "./incarnation-history.ts";
export { reportIn } from "./storage-report.ts";
