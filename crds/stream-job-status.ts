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
  storeUri: z.string().describe("Its store, which no other incarnation writes."),
  activationId: z.string().describe("Id of the activation that lets it run."),
  startedAt: time().describe("When it was activated."),
  firstCheckpointAt: orNull(time()).describe("When its first own checkpoint completed; null: not yet."),
  stableAt: orNull(time()).describe("When it was found stable; null: not yet."),
  restartsSeen: orNull(
    z.object({
      job: count().describe("As its JobManager counts them, since it was started last."),
      pods: count().describe("Restarts of its pods' containers."),
    }),
  ).describe("What the counters of restarts showed when they were last looked at; null: not yet."),
  lastRestartAt: time().optional().describe("When a restart was found last; absent: none yet."),
  ended: orNull(
    z.object({
      status: z.enum(["FINISHED", "CANCELED", "FAILED"]).describe("How."),
      at: time().describe("When that was found."),
      savepoint: orNull(z.string()).describe("The savepoint that it was stopped with; null: none."),
      message: z.string().describe("Why, in words."),
      stopFailed: z
        .boolean()
        .optional()
        .describe(
          "true: it says FINISHED after a stop that was refused or failed, so whether all its work is done is not known; " +
            "nothing goes on from there without state by itself.",
        ),
    }),
  ).describe("How its job ended for good; null: it has not."),
});

const operationSchema = z.object({
  operationId: z.string().describe("Id of the operation."),
  kind: z.enum(OPERATION_KINDS).describe("What is being done."),
  step: z.enum(OPERATION_STEPS).describe("The step it is in."),
  attempt: count().describe("How often it was begun again after being blocked; 0 at first."),
  fromGeneration: orNull(generation()).describe("Generation that ran before; null: none."),
  toGeneration: generation().describe("Generation that is to run."),
  from: orNull(incarnation()).describe("Incarnation that ran before; null: none."),
  to: orNull(incarnation()).describe("Incarnation that is to run; null: none, as in suspend and delete."),
  revision: revision().describe("Name of the ControllerRevision that is to run."),
  mode: z.enum(["savepoint", "last-state", "stateless"]).describe("What the new incarnation starts from."),
  standby: z.enum(["warm", "cold"]).describe("Whether the new pods start before the old job stops."),
  triggerId: z.string().describe("Id under which the stop is triggered: the same in every try."),
  savepoint: orNull(
    z.object({
      target: z.string().describe("Exact folder of the savepoint, fixed before it is triggered."),
      path: orNull(z.string()).describe("The completed savepoint; null: not yet."),
    }),
  ).describe("The savepoint with which the old job stops; null: none is taken."),
  restore: orNull(restorePointSchema).describe("What the new incarnation starts from; null: not yet decided."),
  predecessors: atomicList(z.string(), 8)
    .default([])
    .describe("Stores of incarnations that the new one fences before it starts."),
  activationId: z.string().describe("Id with which the new incarnation is activated: the same in every try."),
  stopAskedOf: count()
    .optional()
    .describe("Epoch of the JobManager that was asked to stop the job last; absent: none was."),
  cancelled: z.boolean().optional().describe("true: the job of a deletion has been cancelled, or had ended."),
  startedAt: time().describe("When the operation began."),
  stepSince: time().describe("When its step began."),
  notBefore: orNull(time()).describe("Nothing is tried before this time; null: at once."),
  missingSince: time()
    .optional()
    .describe(
      "When StatefulSets of the new incarnation were found missing after `deployTimeout`: it counts anew from then on.",
    ),
  checkpointAskedAt: time()
    .optional()
    .describe("When the new incarnation was first asked for its first checkpoint; absent: not yet."),
  leftOut: atomicList(z.string(), 1024)
    .optional()
    .describe(
      "Uids of operators whose state the new incarnation left behind, as allowed; absent: none, or not known yet.",
    ),
  message: z.string().describe("What is being waited for, in words."),
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
    .describe("The newest generation of the spec that was reconciled; -1: none yet."),
  phase: z.enum(STREAM_JOB_PHASES).default("Pending").describe("In one word, where the job is."),
  jobId: z.string().optional().describe("Id of the job that runs, or ran last."),
  incarnation: incarnation().optional().describe("Number of the incarnation that runs; absent: none does."),
  incarnations: count().default(0).describe("How many incarnations there have been; numbers are never used again."),
  active: activeSchema.optional().describe("The incarnation that is allowed to run; absent: none is."),
  operation: operationSchema.optional().describe("The operation in progress; absent: none."),
  stable: z
    .object({ generation: generation(), revision: revision() })
    .optional()
    .describe("The last spec that was found stable: where a rollback goes."),
  failed: z
    .object({ generation: generation(), revision: revision(), reason: z.string().describe("Why, in words.") })
    .optional()
    .describe("The spec that was rolled back; it is not tried again."),
  resume: resumeSchema.optional().describe("Exactly what a suspended job resumes from."),
  lastCheckpoint: z
    .object({
      id: count().describe("Its number."),
      time: time().describe("When it completed."),
      path: z.string().describe("Where it is."),
      sizeBytes: count().describe("How large it is, in bytes."),
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
          "The incarnation that took it, while the StreamJobSnapshot does not say Completed yet; absent: it does.",
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
      incarnation: incarnation().optional().describe("The incarnation that is asked for it."),
    })
    .optional()
    .describe("The savepoint in progress while the job runs on; at most one."),
  handled: z
    .object({
      savepointNonce: nonce()
        .optional()
        .describe("The last `savepointNonce` that was acted upon; absent: it was taken back since, or there was none."),
      savepointRequests: count().optional().describe("How many savepoints were asked for by `savepointNonce`."),
      restartNonce: nonce()
        .optional()
        .describe("The `restartNonce` of the version that was started last; absent: it had none."),
      restartTakenBack: z
        .boolean()
        .optional()
        .describe("Whether the `restartNonce` of what runs was removed since: the same value restarts it again."),
      schedule: z.string().optional().describe("The schedule that `scheduledAt` is of."),
      scheduledAt: time()
        .optional()
        .describe("When the schedule was acted upon last, or was found: its times before that do not count."),
      restoreUsed: z.string().optional().describe("What of `restore` has been used; it is used once."),
      nonRestoredStateAllowedTo: generation()
        .optional()
        .describe(
          "The generation that used up `upgrade.allowNonRestoredState: true`; absent: it is false, or has not been used yet.",
        ),
    })
    .default({})
    .describe("Requests that have been acted upon."),
  recovery: z
    .object({
      attempts: count().describe("How often in a row the failed job was started again."),
      notBefore: orNull(time()).describe("When the next attempt may be made; null: at once."),
      lastFailureAt: orNull(time()).describe("When the job failed last; null: never."),
    })
    .optional()
    .describe("Attempts to start a failed job again; absent: none since it was last stable."),
  restarts: count().default(0).describe("Restarts of the job in its active incarnation."),
  replicas: count().default(0).describe("TaskManager pods that are there."),
  selector: z.string().default("").describe("Selects the TaskManager pods of the active incarnation; for autoscalers."),
  history: z
    .array(historyEntrySchema)
    .max(HISTORY_LENGTH_MAX)
    .meta({ "x-kubernetes-list-type": "atomic" })
    .default([])
    .describe("What happened, the newest last; at most 20 entries."),
  conditions: z
    .array(conditionSchema)
    .max(32)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .default([])
    .describe(`What holds now: ${STREAM_JOB_CONDITIONS.join(", ")}.`),
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
