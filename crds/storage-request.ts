/**
 * Owns: what a person asks about the stores of a StreamJob's incarnations: the JSON in the annotation STORAGE_ANNOTATION.
 * Written by: `streamjob storage`. Read by: the operator, which has a pod carry it out and says how that goes in `status.storageRequest`.
 *
 * STQ1 One id, one pod: whoever asks again takes another id. Taken away, the request and its pod are forgotten.
 */
import { z } from "zod";

const storageRequestSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Job ids of the incarnations of whose stores that is deleted which nothing can need; null: nothing is. */
  collect: z
    .array(z.string().regex(/^[0-9a-f]{32}$/))
    .max(2000)
    .readonly()
    .nullable(),
});
export type StorageRequest = z.infer<typeof storageRequestSchema>;

/** null: it is none. */
export function readStorageRequest(text: string): StorageRequest | null {
  try {
    return storageRequestSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // not JSON
  }
}
