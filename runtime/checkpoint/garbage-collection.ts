/**
 * Owns: deleting what nothing can need below a location.
 * Not here: what that is (garbage.ts). Called by: `streamjob storage gc`, clean-up pods.
 *
 * GCO1 Each store is looked at anew before anything of it is deleted, and what has been approved is all that goes.
 * GCO2 A place of which something cannot be deleted is told with why, and the others go all the same. Cut off anywhere it may be repeated.
 */
import { type Clock, jobId, StreamError } from "../../base/index.ts";
import { openStore } from "../storage/index.ts";
import { type Collected, collectStore, deleteAll, eraseStore, readCollectionMark } from "./collection.ts";
import { deriveLeftovers, leftoverTest } from "./garbage.ts";
import { type InventoryOptions, type StoredPlace, takeInventory } from "./inventory.ts";
import { DATA } from "./layout.ts";
import { assertReadable, readLog } from "./log-contents.ts";

export type GarbageOptions = InventoryOptions & {
  /** URIs of the places of which something may go. */
  readonly approved: ReadonlySet<string>;
  readonly clock: Clock;
};

export type Removed = {
  readonly uri: string;
  readonly objects: number;
  readonly bytes: number;
  /** Why not all of it; null: all is gone. */
  readonly failure: string | null;
};

/** Errors: OPTION_INVALID, STORE_UNAVAILABLE: nothing was deleted. */
export async function collectGarbage(
  locations: readonly string[],
  options: GarbageOptions,
): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  for (const place of await takeInventory(locations, options)) {
    if (place.removal === null || !options.approved.has(place.uri)) continue;
    try {
      removed.push({ uri: place.uri, ...(await remove(place, options.clock)), failure: null });
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      removed.push({ uri: place.uri, objects: 0, bytes: 0, failure: error.message });
    }
  }
  return removed;
}

async function remove({ uri, jobId: owner, removal }: StoredPlace, clock: Clock): Promise<Collected> {
  if (removal?.what === "leftovers") return removeLeftovers(uri);
  const store = await openStore(uri);
  const mark = await readCollectionMark(store);
  // Begun when its job was deleted.
  if (mark?.why === "deleted" && owner !== null) return eraseStore(store, jobId(owner), clock);
  return collectStore(store, clock);
}

/** GAR3 */
async function removeLeftovers(uri: string): Promise<Collected> {
  const store = await openStore(uri);
  const contents = await readLog(store);
  assertReadable(contents);
  const collected = await deleteAll(store, deriveLeftovers({ contents, objects: await store.list(DATA) }));
  await store.removeUnfinished(DATA, leftoverTest(contents));
  return collected;
}
