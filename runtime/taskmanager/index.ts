/** Room `taskmanager`: the process that runs tasks: slots as worker threads, mailbox tasks, chains, their part in checkpoints. */
export { startTaskManager, type TaskManager, type TaskManagerOptions, type TaskManagerView } from "./taskmanager.ts";
export { settleSinks } from "./settlement.ts";
