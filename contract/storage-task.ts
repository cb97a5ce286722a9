/**
 * Owns: what a clean-up pod is told: the JSON in STREAMJOB_STORAGE_TASK. It deletes what is left when no JobManager runs that could,
 * tells a person what there is (storage-report.ts), and deletes what nothing can need of it, or settles the transactions of a job.
 * Written by operator/engine-native into the pod; read by main/pod-storage.ts.
 *
 * STT1 It names stores and savepoints exactly; what is not named is not touched. May be carried out again.
 */
import { z } from "zod";
import { hex32Schema } from "./identity.ts";
import { locationSchema } from "./triggers.ts";

/** An operator and its pods may be of different images: pods refuse a newer one. */
export const STORAGE_TASK_VERSION = 3;

/** Options as after `-D`: how stores are reached. */
const options = z.record(z.string(), z.string());
const folders = z.array(locationSchema).max(64).readonly();
const jobIds = z.array(hex32Schema).max(2000).readonly();

/** Every pod knows these. */
const deletionSchema = z.strictObject({
  version: z.literal(1),
  options,
  task: z.discriminatedUnion("kind", [
    /** The files of a savepoint. One that is not there is done. */
    z.strictObject({ kind: z.literal("dispose"), location: locationSchema }),
    /** The stores `<folder>/<job id>` of a job that is gone: of every folder and every id, as far as there are any. */
    z.strictObject({ kind: z.literal("erase"), folders, jobIds }),
  ]),
});

const inspectionSchema = z.strictObject({
  version: z.literal(2),
  options,
  task: z.strictObject({
    kind: z.literal("inspect"),
    /** The stores `<folder>/<job id>`, as above. */
    folders,
    jobIds,
    /** What must stay, and for whom: whoever made the pod knows the StreamJobs, which it does not. */
    named: z.array(z.strictObject({ location: z.string().max(4096), by: z.string().max(1024) })).readonly(),
    /** Of which stores that may be deleted which nothing can need; null: nothing is deleted, and all is told. */
    approved: jobIds.nullable(),
  }),
});

const settlementSchema = z.strictObject({
  version: z.literal(3),
  options,
  /** Of the incarnation whose configuration the pod has (STREAMJOB_CONFIG): commit what its last complete checkpoint holds, abort the rest. */
  task: z.strictObject({ kind: z.literal("settle") }),
});

export const storageTaskSchema = z.discriminatedUnion("version", [deletionSchema, inspectionSchema, settlementSchema]);
export type StorageTaskMessage = z.infer<typeof storageTaskSchema>;
