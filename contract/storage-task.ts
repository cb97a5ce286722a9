/**
 * Owns: what a clean-up pod is told: the JSON in STREAMJOB_STORAGE_TASK. It deletes what is left when no JobManager runs that could.
 * Written by operator/engine-native into the pod; read by main/pod-storage.ts.
 *
 * STT1 It names stores and savepoints exactly; what is not named is not touched. May be carried out again.
 */
import { z } from "zod";
import { hex32Schema } from "./identity.ts";
import { locationSchema } from "./triggers.ts";

/** An operator and its pods may be of different images: pods refuse a newer one. */
export const STORAGE_TASK_VERSION = 1;

export const storageTaskSchema = z.strictObject({
  version: z.literal(1),
  /** Options as after `-D`: how stores are reached. */
  options: z.record(z.string(), z.string()),
  task: z.discriminatedUnion("kind", [
    /** The files of a savepoint. One that is not there is done. */
    z.strictObject({ kind: z.literal("dispose"), location: locationSchema }),
    /** The stores `<folder>/<job id>` of a job that is gone: of every folder and every id, as far as there are any. */
    z.strictObject({
      kind: z.literal("erase"),
      folders: z.array(locationSchema).max(64).readonly(),
      jobIds: z.array(hex32Schema).max(2000).readonly(),
    }),
  ]),
});
export type StorageTaskMessage = z.infer<typeof storageTaskSchema>;
