/** Room `rest`: the HTTP face of one JobManager, with the names of Flink's REST v1. */
export { addJobMetrics } from "./prometheus-text.ts";
export { type RestOptions, type RestServer, startRest } from "./server.ts";
