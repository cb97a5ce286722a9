/**
 * Owns: the schemas that every message uses: ids, states, times, errors.
 */
import { z } from "zod";

/** 32 lower-case hexadecimal digits: ids of jobs, vertices and triggers. */
export const hex32Schema = z.string().regex(/^[0-9a-f]{32}$/, "must be 32 lower-case hexadecimal digits");

/**
 * Header of every answer: id of the job whose JobManager answers. In a request: the job that is meant; a JobManager of another job
 * refuses it with 421, so that an address that has been given to somebody else does no harm.
 */
export const JOB_ID_HEADER = "streamjob-job-id";

/** Header of requests: whom the operator speaks for, as the API server calls them. From everybody else it means nothing. */
export const USER_HEADER = "streamjob-user";

/** So long a JobManager keeps an idle connection: longer than an operator waits between two looks at a job that is stable. */
export const IDLE_CONNECTION_MS = 65_000;

/** Epoch milliseconds; -1: not yet, or never. */
export const timestampSchema = z.int().min(-1);
/** Milliseconds; -1: not known. */
export const durationSchema = z.int().min(-1);
export const countSchema = z.int().nonnegative();

export const jobStatusSchema = z.enum([
  "INITIALIZING",
  "CREATED",
  "RUNNING",
  "FAILING",
  "FAILED",
  "CANCELLING",
  "CANCELED",
  "FINISHED",
  "RESTARTING",
  "SUSPENDED",
  "RECONCILING",
]);
/** Flink's JobStatus. */
export type JobStatusName = z.infer<typeof jobStatusSchema>;

export const executionStateSchema = z.enum([
  "CREATED",
  "SCHEDULED",
  "DEPLOYING",
  "INITIALIZING",
  "RUNNING",
  "FINISHED",
  "CANCELING",
  "CANCELED",
  "FAILED",
  "RECONCILING",
]);
/** Flink's ExecutionState. */
export type ExecutionStateName = z.infer<typeof executionStateSchema>;

/** Every answer with a status of 400 or more. */
export const errorsSchema = z.object({ errors: z.array(z.string()).min(1) });
export type ErrorsMessage = z.infer<typeof errorsSchema>;

/** Flink's SerializedThrowable without the Java object: `stack-trace` is for people. */
export const failureCauseSchema = z.object({
  class: z.string(),
  "stack-trace": z.string(),
  /** What Flink's own client reads; others need not. In base64. */
  "serialized-throwable": z.string().optional(),
});
export type FailureCauseMessage = z.infer<typeof failureCauseSchema>;
