/**
 * Owns: messages between an operator and the JobManager of one incarnation, beyond Flink's REST: what it is doing, whether a
 * restore would fit, and the act that lets it run. Served below /v1/streamjob by a JobManager that waits for its activation.
 *
 * IN1 An activation is one-way and durable: it is the object `activation` in the incarnation's own store, created only if absent,
 *     as the JSON of `storedActivationSchema`. Whoever reads that store knows what the incarnation was started from.
 * IN2 Requests are strict; answers may grow fields.
 */
import { z } from "zod";
import { countSchema, errorsSchema, hex32Schema, jobStatusSchema } from "./identity.ts";
import { locationSchema } from "./triggers.ts";

/** Epoch milliseconds; may have a fraction. */
const timeSchema = z.number().nonnegative();

/**
 * What an incarnation starts from.
 * `none`: without state. `path`: a savepoint's folder, or a checkpoint's manifest. `latest`: what the incarnation with that store ended
 * with, found out after fencing it; `savepoint`: the one that the caller takes for its newest state, else the restore is refused.
 */
const restoreSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("path"), path: locationSchema, allowNonRestoredState: z.boolean() }),
  z.strictObject({
    kind: z.literal("latest"),
    storeUri: locationSchema,
    savepoint: locationSchema.nullable(),
    allowNonRestoredState: z.boolean(),
  }),
]);
export type RestoreMessage = z.infer<typeof restoreSchema>;

/**
 * loading: loads the job module, takes the lead of its own store. standby: waits for the activation.
 * activating: fences predecessors, finds its state. active: the job is deployed, or being so.
 * ended: the job is over, or (error FENCED) another incarnation has taken over. refused: `error` says why it cannot run.
 */
const incarnationPhaseSchema = z.enum(["loading", "standby", "activating", "active", "ended", "refused"]);
export type IncarnationPhase = z.infer<typeof incarnationPhaseSchema>;

const failureSchema = z.object({
  /** One of docs/errors.md; null: an error without a code. */
  code: z.string().nullable(),
  message: z.string(),
  destiny: z.enum(["retry", "terminal"]),
});
export type IncarnationFailure = z.infer<typeof failureSchema>;

/** PUT /streamjob/activation. `predecessors`: store URIs of the incarnations to fence, `from.storeUri` among them or not. */
export const activationRequestSchema = z.strictObject({
  activationId: hex32Schema,
  from: restoreSchema,
  predecessors: z.array(locationSchema).max(1000).readonly(),
});
export type ActivationRequest = z.infer<typeof activationRequestSchema>;

/** The answer 200: accepted, now or earlier. */
export const activationAnswerSchema = z.object({ activationId: hex32Schema });
export type ActivationAnswer = z.infer<typeof activationAnswerSchema>;

/** The answer 409; `activationId`: the one that was accepted before, null: the phase does not allow one. */
export const activationConflictSchema = errorsSchema.extend({ activationId: hex32Schema.nullable() });
export type ActivationConflict = z.infer<typeof activationConflictSchema>;

/** The object `activation` in the store (IN1). */
export const storedActivationSchema = activationRequestSchema.extend({
  version: z.literal(1),
  jobId: hex32Schema,
  acceptedMs: timeSchema,
});
export type StoredActivation = z.infer<typeof storedActivationSchema>;

/** POST /streamjob/collections: deletes the state in the store of an incarnation before this one. Asked about as a disposal is. */
export const collectionRequestSchema = z.strictObject({ storeUri: locationSchema, triggerId: hex32Schema });

/** POST /streamjob/preflight; reads only. */
export const preflightRequestSchema = z.strictObject({ from: restoreSchema });

/** `from`: the location that would be restored from now; null: the job would start without state. Each reason is a sentence. */
export const preflightAnswerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("compatible"), from: z.string().nullable() }),
  z.object({ kind: z.literal("incompatible"), reasons: z.array(z.string()).min(1).readonly() }),
]);
export type PreflightAnswer = z.infer<typeof preflightAnswerSchema>;

/** GET /streamjob/incarnation. Times in epoch milliseconds. */
export const incarnationSchema = z.object({
  jobId: hex32Schema,
  phase: incarnationPhaseSchema,
  /** Phase refused: why. Ended: FENCED, or null. Others: what is being tried again (destiny retry), or a TaskManager's trouble with the job. */
  error: failureSchema.nullable(),
  /** Of this incarnation's own store; rises with every start of the JobManager. 0: it does not lead yet. */
  epoch: countSchema,
  /** Registered. */
  taskManagers: countSchema,
  /** Of them, those that have loaded the job in every slot. */
  taskManagersReady: countSchema,
  activation: z
    .object({
      activationId: hex32Schema,
      from: restoreSchema,
      predecessors: z.array(z.string()).readonly(),
      acceptedMs: timeSchema,
    })
    .nullable(),
  /** Uids of operators whose state it left behind when it was started last, as allowed; none when it went on from its own. */
  leftOut: z.array(z.string()).readonly().default([]),
  /** Its job has sinks whose transactions are to be settled when it is gone for good. Absent from an older JobManager: no. */
  settlesOnDeletion: z.boolean().optional(),
  /** null until it is active. */
  job: z
    .object({
      status: jobStatusSchema,
      /** By the restart strategy, since this JobManager started. */
      restarts: countSchema,
      startedMs: timeSchema,
      endedMs: timeSchema.nullable(),
      failure: failureSchema.nullable(),
    })
    .nullable(),
  /** The newest completed one of this incarnation (never the one it was restored from); savepoints count. */
  lastCheckpoint: z
    .object({ id: countSchema, timeMs: timeSchema, path: z.string(), sizeBytes: countSchema })
    .nullable(),
  /**
   * What is wrong with its periodic checkpoints now: how many have failed since one was completed last, since when there is trouble, and
   * the newest reason, also of one that cannot be written yet. null, or absent from an older JobManager: nothing is known to be wrong.
   */
  checkpointTrouble: z.object({ failures: countSchema, sinceMs: timeSchema, reason: z.string() }).nullish(),
  /** Completed ones of this incarnation: since this JobManager started, and those it found in the store. */
  completedCheckpoints: countSchema,
  /** When the oldest of those was completed; null: none yet. */
  firstCheckpointMs: timeSchema.nullable(),
  /** The newest completed savepoint of this incarnation that this JobManager knows of. */
  lastSavepoint: z.object({ timeMs: timeSchema, path: z.string() }).nullable(),
  /** How the job ended, once that is in the store. `savepoint`: the one that it was stopped with. */
  result: z
    .object({
      status: z.enum(["FINISHED", "CANCELED", "FAILED"]),
      savepoint: z.string().nullable(),
    })
    .nullable(),
  /** Of the program. */
  version: z.string(),
});
export type IncarnationMessage = z.infer<typeof incarnationSchema>;
