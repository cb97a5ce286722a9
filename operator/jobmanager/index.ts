/** Room `operator/jobmanager`: the port to the JobManager of an incarnation, and its HTTP client. observe reads by it, apply writes by it. */
export { disposalTriggerId } from "./disposal-id.ts";
export { createHttpJobManagerApi, type HttpJobManagerApi, type HttpJobManagerOptions } from "./http-jobmanager-api.ts";
export { isForGood } from "./refusal.ts";
export type { Answer, JobManagerApi, JobManagerTarget, SavepointTrigger, TriggerState } from "./jobmanager-api.ts";
