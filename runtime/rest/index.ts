/** Room `rest`: the HTTP face of one JobManager, with the names of Flink's REST v1. */
export { type RestOptions, type RestServer, startRest } from "./server.ts";
