/** Second door of the room `api`, for the engine: building the graph of a job, and for tables, whose operators no API names. No package export. */
export { addOperator } from "./add-operator.ts";
export { buildStreamGraph } from "./build.ts";
export { isJob, type Job } from "./job.ts";
