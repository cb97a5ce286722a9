/** Door of `rpc` for the JobManager, whose port anybody may connect to: a TaskManager does not load these schemas. */
export { checkToJobManager } from "./message-check.ts";
