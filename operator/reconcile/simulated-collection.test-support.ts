/**
 * Owns: for tests: JobManagers that delete the state of earlier incarnations, and what must never be deleted.
 * Called by: the simulated world.
 *
 * SIC1 A store that nobody has taken over is refused, as the store itself would (COLL1); that it was asked for is wrong all the same.
 */
import type { Observed } from "./facts/observed.ts";
import type { SimulatedJobManager, SimulatedStore } from "./simulated-jobmanager.test-support.ts";
import type { SimulatedOracle } from "./simulated-oracle.test-support.ts";

/** Whether the call was answered. */
export function collect(
  manager: SimulatedJobManager | null,
  store: SimulatedStore,
  oracle: Pick<SimulatedOracle, "wrong">,
): boolean {
  if (manager === null || !manager.isReachable) return false;
  if (!manager.isLive) oracle.wrong(`incarnation ${manager.incarnation} is to delete ${store.uri} and does not run`);
  if (manager.store === store) oracle.wrong(`the state of the incarnation that runs is to be deleted: ${store.uri}`);
  if (!store.isFenced) oracle.wrong(`the state in ${store.uri} is to be deleted, and nobody has taken it over`);
  if (manager.store.states.length === 0) oracle.wrong(`${store.uri} is to be deleted before there is a newer state`);
  store.isCollected = store.isFenced;
  return true;
}

/** What the active JobManager says of it; null: it does not answer. */
export function collectionView(manager: SimulatedJobManager | null, storeUri: string): Observed["collection"] {
  if (manager === null || !manager.isReachable) return null;
  return manager.storeAt(storeUri).isCollected ? { kind: "done" } : { kind: "unknown" };
}
