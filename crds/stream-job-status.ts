/**
 * Owns: the status of a StreamJob: the operator's write-ahead record and what people and tools read.
 * Does not own: what moves it (operator/reconcile). Called by: the schema of the CRD, all rooms of the operator.
 *
 * STJ1 Only the operator writes it, and it holds all that an operator needs to go on after a death.
 * STJ2 Reading is lenient (`readStreamJobStatus`): unknown fields stay away, absent ones are what an object without status has.
 * STJ3 Times are RFC 3339 text in UTC.
 */
import { z } from "zod";
import { atomicList, nonce, time } from "./fields.ts";
import { restoreLatestSchema, restoreNoneSchema, restorePathSchema, restorePointSchema } from "./restore.ts";
import { conditionSchema, count, orNull } from "./status-fields.ts";

/** What phase a StreamJob is in. */
export const STREAM_JOB_PHASES = [
  "Pending",
  "Deploying",
  "Running",
  "Upgrading",
  "RollingBack",
  "Suspending",
  "Suspended",
  "Finished",
  "Failed",
  "Deleting",
  "Stalled",
] as const;

/** Kinds of operations. */
export const OPERATION_KINDS = ["deploy", "upgrade", "rollback", "suspend", "resume", "recreate", "delete"] as const;

/** Steps of an operation; which of them, and in what order, depends on its kind. */
export const OPERATION_STEPS = ["Standby", "Preflight", "Stopping", "Terminating", "Activating", "Proving"] as const;

/** Types of conditions. Ready, Reconciling and Stalled are those of kstatus. */
export const STREAM_JOB_CONDITIONS = [
  "Ready",
  "Reconciling",
  "Stalled",
  "JobRunning",
  "CheckpointHealthy",
  "UpgradeBlocked",
  "RolledBack",
  "Suspended",
  "Paused",
] as const;

/** The most entries that `history` keeps. */
export const HISTORY_LENGTH_MAX = 20;

const incarnation = () => count().min(1);
const revision = () => z.string().describe("Name of the ControllerRevision that holds the spec.");
const generation = () => count().describe("Generation of the spec.");

const activeSchema = z.object({
  incarnation: incarnation().describe("Its number."),
  jobId: z.string().describe("Its job id: 32 hexadecimal digits."),
  generation: generation().describe("Generation of the spec that it runs."),
  revision: revision(),
  storeUri: z.string().describe("Its store; no other incarnation writes to it."),
  activationId: z.string().describe("Id of the activation that lets it run."),
  startedAt: time().describe("When it was activated."),
  firstCheckpointAt: orNull(time()).describe("When its first own checkpoint completed; null: not yet."),
  stableAt: orNull(time()).describe("When it was found stable; null: not yet."),
  restartsSeen: orNull(
    z.object({
      job: count().describe("Restarts that its JobManager has counted since it last started."),
      pods: count().describe("Restarts of its pods' containers."),
    }),
  ).describe("Restart counters as last observed; null: not yet."),
  lastRestartAt: time().optional().describe("When a restart was last observed; absent: none yet."),
  ended: orNull(
    z.object({
      status: z.enum(["FINISHED", "CANCELED", "FAILED"]).describe("The final state of the job."),
      at: time().describe("When this was observed."),
      savepoint: orNull(z.string()).describe("The savepoint taken when it stopped; null: none."),
      message: z.string().describe("Why, in words."),
      stopFailed: z
        .boolean()
        .optional()
        .describe(
          "true: it reports FINISHED after a stop that was refused or failed, so it is unknown whether it processed all input; " +
            "it is never started again without state automatically.",
        ),
    }),
  ).describe("How its job ended; null: it has not ended."),
});

const storeSchema = z.object({
  incarnation: incarnation().describe("Whose state it is."),
  storeUri: z.string().describe("Where it is."),
});

const operationSchema = z.object({
  operationId: z.string().describe("Id of the operation."),
  kind: z.enum(OPERATION_KINDS).describe("Kind of the operation."),
  step: z.enum(OPERATION_STEPS).describe("Current step."),
  attempt: count().describe("How many times it was retried after being blocked; 0 at first."),
  fromGeneration: orNull(generation()).describe("Generation that ran before; null: none."),
  toGeneration: generation().describe("Generation that will run."),
  from: orNull(incarnation()).describe("Incarnation that ran before; null: none."),
  to: orNull(incarnation()).describe("Incarnation that will run; null: none, as in suspend and delete."),
  revision: revision().describe("Name of the ControllerRevision that will run."),
  mode: z.enum(["savepoint", "last-state", "stateless"]).describe("What the new incarnation starts from."),
  standby: z.enum(["warm", "cold"]).describe("Whether the new pods start before the old job stops."),
  triggerId: z.string().describe("Id under which the stop is triggered; the same in every attempt."),
  savepoint: orNull(
    z.object({
      target: z.string().describe("Exact folder of the savepoint, recorded before it is triggered."),
      path: orNull(z.string()).describe("The completed savepoint; null: not yet."),
    }),
  ).describe("The savepoint with which the old job stops; null: none is taken."),
  restore: orNull(restorePointSchema).describe("What the new incarnation starts from; null: not decided yet."),
  predecessors: atomicList(z.string(), 8)
    .default([])
    .describe("Stores of the incarnations that the new one fences before it starts."),
  activationId: z.string().describe("Id with which the new incarnation is activated; the same in every attempt."),
  stopAskedOf: count()
    .optional()
    .describe("Epoch of the JobManager that was last asked to stop the job; absent: none was."),
  cancelled: z.boolean().optional().describe("true: the job of a deletion has been cancelled or had already ended."),
  stateDeletion: z
    .object({
      startedAt: time().describe("When it began."),
      ended: z.enum(["deleted", "kept"]).optional().describe("How it ended; absent: not yet."),
    })
    .optional()
    .describe("The deletion of all state with the StreamJob; absent: not begun, or not asked for."),
  settlement: z
    .object({
      startedAt: time().describe("When it began."),
      ended: z.enum(["settled", "left"]).optional().describe("How it ended; absent: not yet."),
    })
    .optional()
    .describe(
      "The settling of the transactions that the deleted job has left in other systems; absent: not begun, or it has none.",
    ),
  startedAt: time().describe("When the operation began."),
  stepSince: time().describe("When its step began."),
  notBefore: orNull(time()).describe("Next attempt not before this time; null: immediately."),
  missingSince: time()
    .optional()
    .describe(
      "When StatefulSets of the new incarnation were found missing after `deployTimeout`; the timeout restarts from then.",
    ),
  checkpointAskedAt: time()
    .optional()
    .describe("When the new incarnation was first asked for its first checkpoint; absent: not yet."),
  leftOut: atomicList(z.string(), 1024)
    .optional()
    .describe(
      "Uids of operators whose state the new incarnation left behind, as allowed; absent: none, or not known yet.",
    ),
  message: z.string().describe("What the operation is waiting for, in words."),
});

const resumeDetails = {
  revision: revision(),
  generation: generation(),
  at: time().describe("When this was recorded."),
};
const resumeSchema = z.discriminatedUnion("kind", [
  restoreNoneSchema.extend(resumeDetails),
  restorePathSchema.extend(resumeDetails),
  restoreLatestSchema.extend(resumeDetails),
]);

const historyEntrySchema = z.object({
  at: time().describe("When."),
  incarnation: orNull(incarnation()).describe("Which incarnation; null: none."),
  generation: generation(),
  revision: revision(),
  what: z.string().describe("What happened."),
  why: z.string().describe("Why, in words."),
});

/** The status of a StreamJob. */
export const streamJobStatusSchema = z.object({
  observedGeneration: z
    .int()
    .default(-1)
    .describe("The latest generation of the spec that was reconciled; -1: none yet."),
  phase: z.enum(STREAM_JOB_PHASES).default("Pending").describe("State of the job in one word."),
  jobId: z.string().optional().describe("Id of the job that is running or ran last."),
  incarnation: incarnation().optional().describe("Number of the running incarnation; absent: none is running."),
  incarnations: count().default(0).describe("Number of incarnations created so far; numbers are never reused."),
  active: activeSchema.optional().describe("The incarnation that is allowed to run; absent: none."),
  operation: operationSchema.optional().describe("The operation in progress; absent: none."),
  stable: z
    .object({ generation: generation(), revision: revision() })
    .optional()
    .describe("The last stable spec: the target of a rollback."),
  failed: z
    .object({ generation: generation(), revision: revision(), reason: z.string().describe("Why, in words.") })
    .optional()
    .describe("The spec that was rolled back; it is not retried."),
  settlesOnDeletion: z
    .boolean()
    .optional()
    .describe(
      "true: sinks of the job keep transactions in other systems, such as Kafka, which a pod settles when the StreamJob is deleted.",
    ),
  resume: resumeSchema.optional().describe("What a suspended job resumes from."),
  lastCheckpoint: z
    .object({
      id: count().describe("Its number."),
      time: time().describe("When it completed."),
      path: z.string().describe("Where it is."),
      sizeBytes: count().describe("Its size in bytes."),
    })
    .optional()
    .describe("The newest completed checkpoint."),
  lastSavepoint: z
    .object({
      name: z.string().describe("The StreamJobSnapshot that stands for it."),
      time: time().describe("When it completed."),
      path: z.string().describe("Where it is."),
      unlisted: incarnation()
        .optional()
        .describe(
          "The incarnation that took it, as long as the StreamJobSnapshot is not Completed yet; absent: it is.",
        ),
    })
    .optional()
    .describe("The newest completed savepoint."),
  savepoint: z
    .object({
      name: z.string().describe("The StreamJobSnapshot that stands for it."),
      triggerId: z.string().describe("Id under which it is triggered: the same in every try."),
      target: z.string().describe("Exact folder of the savepoint."),
      startedAt: time().describe("When it was first triggered."),
      incarnation: incarnation().optional().describe("The incarnation that takes it."),
    })
    .optional()
    .describe("The savepoint in progress while the job keeps running; at most one."),
  stores: atomicList(storeSchema, 64)
    .default([])
    .describe(
      "Stores that hold the state of incarnations, the active one's and those of earlier ones that have not been deleted yet.",
    ),
  storeFolders: atomicList(z.string(), 16)
    .default([])
    .describe(
      "Folders in which stores of incarnations are or were: what is left there goes with the StreamJob if `deletion.keepState` is false.",
    ),
  collecting: storeSchema
    .extend({
      triggerId: z.string().describe("Id under which the active JobManager is asked to delete it."),
      attempt: count().describe("How often it has failed."),
      startedAt: time().describe("When it was first asked for."),
      notBefore: orNull(time()).describe("Next attempt not before this time; null: immediately."),
    })
    .optional()
    .describe("The state of an earlier incarnation that is being deleted; absent: none."),
  storageRequest: z
    .object({
      id: z.string().describe("Its id, as in the annotation."),
      pod: z.string().describe("The pod that carries it out, as long as it is kept; its log is the answer."),
      phase: z.enum(["Running", "Done", "Failed"]).describe("Done and Failed are final."),
      startedAt: time().describe("When it was first seen."),
      endedAt: time().optional().describe("When it was Done or Failed; absent: not yet."),
      message: z.string().describe("What it is waiting for or why it failed, in words."),
    })
    .optional()
    .describe(
      "The answer to the annotation `streamjob.dev/storage`, by which `streamjob storage` has the stores looked at; absent: nobody asks.",
    ),
  handled: z
    .object({
      savepointNonce: nonce()
        .optional()
        .describe("The last `savepointNonce` that was handled; absent: it was removed since, or there was none."),
      savepointRequests: count().optional().describe("Number of savepoints requested by `savepointNonce`."),
      restartNonce: nonce()
        .optional()
        .describe("The `restartNonce` of the version that was last started; absent: it had none."),
      restartTakenBack: z
        .boolean()
        .optional()
        .describe(
          "Whether the `restartNonce` of the running version was removed since; the same value then restarts it again.",
        ),
      schedule: z.string().optional().describe("The schedule to which `scheduledAt` belongs."),
      scheduledAt: time()
        .optional()
        .describe("When the schedule was last handled or first observed; earlier times are skipped."),
      restoreUsed: z.string().optional().describe("The `restore` that has been used; it is used once."),
      nonRestoredStateAllowedTo: generation()
        .optional()
        .describe(
          "The generation that used up `upgrade.allowNonRestoredState: true`; absent: it is false, or has not been used yet.",
        ),
    })
    .default({})
    .describe("Requests that have been handled."),
  recovery: z
    .object({
      attempts: count().describe("Consecutive attempts to restart the failed job."),
      notBefore: orNull(time()).describe("Next attempt not before this time; null: immediately."),
      lastFailureAt: orNull(time()).describe("When the job last failed; null: never."),
    })
    .optional()
    .describe("Attempts to restart a failed job; absent: none since it was last stable."),
  restarts: count().default(0).describe("Restarts of the job in its active incarnation."),
  replicas: count().default(0).describe("Number of TaskManager pods."),
  selector: z
    .string()
    .default("")
    .describe("Label selector of the active incarnation's TaskManager pods; for autoscalers."),
  history: z
    .array(historyEntrySchema)
    .max(HISTORY_LENGTH_MAX)
    .meta({ "x-kubernetes-list-type": "atomic" })
    .default([])
    .describe("What happened, newest last; at most 20 entries."),
  conditions: z
    .array(conditionSchema)
    .max(32)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .default([])
    .describe(`Current conditions: ${STREAM_JOB_CONDITIONS.join(", ")}.`),
});

/** The status as code sees it: defaults are filled in, and null is never absent. */
export type StreamJobStatus = z.infer<typeof streamJobStatusSchema>;
/** The status as an API server may hold it: anything may be absent. */
export type StoredStreamJobStatus = z.input<typeof streamJobStatusSchema>;
/** The incarnation that is allowed to run. */
export type ActiveIncarnation = z.infer<typeof activeSchema>;
/** The write-ahead record of the operation in progress. */
export type Operation = z.infer<typeof operationSchema>;
/** What a suspended job resumes from. */
export type ResumePoint = z.infer<typeof resumeSchema>;
export type StreamJobPhase = (typeof STREAM_JOB_PHASES)[number];
export type OperationKind = (typeof OPERATION_KINDS)[number];
export type OperationStep = (typeof OPERATION_STEPS)[number];
export type StreamJobConditionType = (typeof STREAM_JOB_CONDITIONS)[number];
