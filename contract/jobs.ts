/**
 * Owns: messages about a job: lists, details, status, result, exceptions.
 */
import { z } from "zod";
import {
  countSchema,
  durationSchema,
  executionStateSchema,
  failureCauseSchema,
  hex32Schema,
  jobStatusSchema,
  timestampSchema,
} from "./identity.ts";

/** GET /jobs */
export const jobIdsSchema = z.object({ jobs: z.array(z.object({ id: hex32Schema, status: jobStatusSchema })) });
export type JobIdsMessage = z.infer<typeof jobIdsSchema>;

/** Number of tasks by state; the names are ExecutionState in lower case. */
const taskCountsSchema = z.object({
  total: countSchema,
  created: countSchema,
  scheduled: countSchema,
  deploying: countSchema,
  running: countSchema,
  finished: countSchema,
  canceling: countSchema,
  canceled: countSchema,
  failed: countSchema,
  reconciling: countSchema,
  initializing: countSchema,
});
export type TaskCountsMessage = z.infer<typeof taskCountsSchema>;

/** What Flink 2.3 tells of how a job is scheduled. We schedule all of it at once. */
const schedulerFields = {
  schedulerType: z.literal("Default"),
  /** Operators that are not in the plan yet: none, ever. */
  "pending-operators": z.literal(0),
};

/** GET /jobs/overview */
export const jobsOverviewSchema = z.object({
  jobs: z.array(
    z.object({
      jid: hex32Schema,
      name: z.string(),
      state: jobStatusSchema,
      "start-time": timestampSchema,
      "end-time": timestampSchema,
      duration: durationSchema,
      "last-modification": timestampSchema,
      tasks: taskCountsSchema,
      jobType: z.literal("STREAMING"),
      ...schedulerFields,
    }),
  ),
});
export type JobsOverviewMessage = z.infer<typeof jobsOverviewSchema>;

/** Sums over the vertex's subtasks; a `-complete` flag says whether every subtask has reported. Times in milliseconds. */
const ioMetricsSchema = z.object({
  "read-bytes": countSchema,
  "read-bytes-complete": z.boolean(),
  "write-bytes": countSchema,
  "write-bytes-complete": z.boolean(),
  "read-records": countSchema,
  "read-records-complete": z.boolean(),
  "write-records": countSchema,
  "write-records-complete": z.boolean(),
  /** Not summed up over the life of a job: -1. The vertex's back pressure has the shares. */
  "accumulated-backpressured-time": z.literal(-1),
  "accumulated-idle-time": z.literal(-1),
  "accumulated-busy-time": z.literal(-1),
});
export type IoMetricsMessage = z.infer<typeof ioMetricsSchema>;

const vertexSchema = z.object({
  id: hex32Schema,
  /** The same of all vertices: every slot may take one subtask of each. */
  slotSharingGroupId: hex32Schema,
  name: z.string(),
  maxParallelism: countSchema,
  parallelism: countSchema,
  status: executionStateSchema,
  "start-time": timestampSchema,
  "end-time": timestampSchema,
  duration: durationSchema,
  /** By ExecutionState. */
  tasks: z.record(executionStateSchema, countSchema),
  metrics: ioMetricsSchema,
  /** Ours: subtasks that make no progress, what each waits for, and how long. Absent when there are none. */
  stuck: z.array(z.object({ subtask: countSchema, on: z.string(), "for-ms": z.number() })).optional(),
});
export type VertexMessage = z.infer<typeof vertexSchema>;

const planSchema = z.object({
  jid: hex32Schema,
  name: z.string(),
  type: z.literal("STREAMING"),
  nodes: z.array(
    z.object({
      id: hex32Schema,
      parallelism: countSchema,
      operator: z.string(),
      operator_strategy: z.string(),
      description: z.string(),
      inputs: z
        .array(z.object({ num: countSchema, id: hex32Schema, ship_strategy: z.string(), exchange: z.string() }))
        .optional(),
      optimizer_properties: z.object({}),
    }),
  ),
});
export type PlanMessage = z.infer<typeof planSchema>;

/** GET /jobs/:id/plan */
export const jobPlanSchema = z.object({ plan: planSchema });
export type JobPlanMessage = z.infer<typeof jobPlanSchema>;

/** GET /jobs/:id */
export const jobDetailsSchema = z.object({
  jid: hex32Schema,
  name: z.string(),
  isStoppable: z.boolean(),
  state: jobStatusSchema,
  "job-type": z.literal("STREAMING"),
  ...schedulerFields,
  "start-time": timestampSchema,
  "end-time": timestampSchema,
  duration: durationSchema,
  maxParallelism: z.int().min(-1),
  now: timestampSchema,
  /** When each status was last entered; 0: never. */
  timestamps: z.record(jobStatusSchema, countSchema),
  vertices: z.array(vertexSchema),
  "status-counts": z.record(executionStateSchema, countSchema),
  plan: planSchema,
});
export type JobDetailsMessage = z.infer<typeof jobDetailsSchema>;

const backpressureLevelSchema = z.enum(["ok", "low", "high"]);
export type BackpressureLevel = z.infer<typeof backpressureLevelSchema>;
/** Shares of the time since the last report, 0 to 1; of a subtask they sum to 1. */
const ratioSchema = z.number().min(0).max(1);

/** GET /jobs/:id/vertices/:vertexId/backpressure; `deprecated`: no subtask has reported yet. */
export const backpressureSchema = z.object({
  status: z.enum(["deprecated", "ok"]),
  backpressureLevel: backpressureLevelSchema,
  "end-timestamp": timestampSchema,
  /** Those that have reported. */
  subtasks: z.array(
    z.object({
      subtask: countSchema,
      "attempt-number": countSchema,
      backpressureLevel: backpressureLevelSchema,
      ratio: ratioSchema,
      idleRatio: ratioSchema,
      busyRatio: ratioSchema,
    }),
  ),
});
export type BackpressureMessage = z.infer<typeof backpressureSchema>;

/** GET /jobs/:id/status */
export const jobStatusMessageSchema = z.object({ status: jobStatusSchema });
export type JobStatusMessage = z.infer<typeof jobStatusMessageSchema>;

/** PATCH /jobs/:id?mode=cancel, answered with 202. */
export const emptySchema = z.object({});

/** GET /jobs/:id/execution-result */
export const executionResultSchema = z.object({
  status: z.object({ id: z.enum(["IN_PROGRESS", "COMPLETED"]) }),
  "job-execution-result": z
    .object({
      id: hex32Schema,
      "application-status": z.enum(["SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"]),
      "accumulator-results": z.record(z.string(), z.unknown()),
      /** Milliseconds. */
      "net-runtime": countSchema,
      "failure-cause": failureCauseSchema.optional(),
    })
    .nullable(),
});
export type ExecutionResultMessage = z.infer<typeof executionResultSchema>;

const exceptionEntrySchema = z.object({
  exceptionName: z.string(),
  stacktrace: z.string(),
  timestamp: timestampSchema,
  taskName: z.string().nullable(),
  /** Flink: host and port of the TaskManager; ours: the TaskManager's id. */
  location: z.string().nullable(),
  /** As Flink calls it since 1.19; the same. */
  endpoint: z.string().nullish(),
  taskManagerId: z.string().nullable(),
  failureLabels: z.record(z.string(), z.string()),
  concurrentExceptions: z.array(z.object({ exceptionName: z.string() })),
});
/** GET /jobs/:id/exceptions: newest first. */
export const exceptionsSchema = z.object({
  exceptionHistory: z.object({ entries: z.array(exceptionEntrySchema), truncated: z.boolean() }),
});
export type ExceptionsMessage = z.infer<typeof exceptionsSchema>;
