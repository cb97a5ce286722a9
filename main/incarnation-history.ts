/**
 * Owns: what an incarnation's JobManagers have written beside their log, for the inventory of a location.
 */
import type { RestoreMessage } from "../contract/index.ts";
import type { IncarnationHistory } from "../runtime/checkpoint/index.ts";
import type { ObjectStore } from "../runtime/storage/index.ts";

/** Errors: STORE_UNAVAILABLE, CHECKPOINT_CORRUPT, FORMAT_TOO_NEW (terminal). */
export async function historyIn(store: ObjectStore): Promise<IncarnationHistory> {
  // Only now: whoever imports this room does not want a JobManager with it.
  const { readActivation, readResult } = await import("../runtime/jobmanager/index.ts");
  const [activation, result] = [await readActivation(store), await readResult(store, null)];
  return { origins: originsOf(activation?.from ?? { kind: "none" }), endedWith: result?.savepoint ?? null };
}

/** Stores and savepoints. */
function originsOf(from: RestoreMessage): readonly string[] {
  if (from.kind === "none") return [];
  if (from.kind === "path") return [from.path];
  return [from.storeUri, ...(from.savepoint === null ? [] : [from.savepoint])];
}
