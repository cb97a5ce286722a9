/** Second door of the room `api`, for the engine: building the graph of a job. No package export. */
export { buildStreamGraph } from "./build.ts";
export { isJob, type Job } from "./job.ts";
