/**
 * Owns: where the incarnation in a store starts from as long as it has no checkpoint of its own, for the inventory of a location.
 */
import type { ObjectStore } from "../runtime/storage/index.ts";

/** Stores and savepoints. Errors: STORE_UNAVAILABLE, CHECKPOINT_CORRUPT, FORMAT_TOO_NEW (terminal). */
export async function originsIn(store: ObjectStore): Promise<readonly string[]> {
  // Only now: whoever imports this room does not want a JobManager with it.
  const { readActivation } = await import("../runtime/jobmanager/index.ts");
  const from = (await readActivation(store))?.from;
  if (from === undefined || from.kind === "none") return [];
  if (from.kind === "path") return [from.path];
  return [from.storeUri, ...(from.savepoint === null ? [] : [from.savepoint])];
}
