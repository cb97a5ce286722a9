/**
 * Owns: what there is below a location: stores of jobs and incarnations, savepoints, and what may be deleted of each, and why.
 * Not here: deleting it. Called by: `streamjob storage list`.
 *
 * INV1 Read only. What is said is of the objects alone: which of them a StreamJob names is not known here.
 * INV2 A place that cannot be read is told with why, and the others are told all the same.
 */
import { type JobId, StreamError } from "../../base/index.ts";
import { openStore, type ObjectInfo } from "../storage/index.ts";
import { collectibleOf, readCollectionMark } from "./collection.ts";
import { SAVEPOINT_METADATA } from "./layout.ts";
import { assertReadable, chainOf, readLog, successorFence } from "./log-contents.ts";
import type { Manifest } from "./manifest.ts";
import { readSavepoint } from "./savepoint.ts";

export type StoredPlace = {
  readonly kind: "store" | "savepoint";
  readonly uri: string;
  /** null: nothing says it. */
  readonly jobName: string | null;
  readonly jobId: JobId | null;
  /** Complete ones, savepoints in the log too. */
  readonly checkpoints: number;
  readonly newestMs: number | null;
  readonly objects: number;
  readonly bytes: number;
  readonly verdict: PlaceVerdict;
};

export type PlaceVerdict =
  /** Its job goes on from here. */
  | { readonly kind: "newest" }
  /** Nothing but what fences late processes. `successor` null: deleted with its job. */
  | { readonly kind: "collected"; readonly successor: JobId | null }
  /** Another incarnation has taken it over: its JobManager deletes this much when it is stable. */
  | { readonly kind: "superseded"; readonly successor: JobId; readonly bytes: number }
  /** No checkpoint was ever completed. */
  | { readonly kind: "empty" }
  /** Nobody deletes it but by its StreamJobSnapshot, or by hand. */
  | { readonly kind: "savepoint" }
  | { readonly kind: "unreadable"; readonly why: string };

const STORE_KEY =
  /^(.*?)(?:epochs\/\d{10}|chk\/\d{10}\.(?:manifest|committed)|data\/\d{10}-\d{10}\/[0-9a-f]{64}|activation|result|collected)$/;
const SAVEPOINT_KEY = /^(.*?)(?:_metadata|data\/[0-9a-f]{64})$/;

/** By location. Errors: OPTION_INVALID, STORE_UNAVAILABLE. */
export async function takeInventory(location: string): Promise<readonly StoredPlace[]> {
  const root = await openStore(location);
  const stores = new Map<string, ObjectInfo[]>();
  const savepoints = new Map<string, ObjectInfo[]>();
  for (const object of await root.list("")) {
    const [places, key] = STORE_KEY.test(object.key) ? [stores, STORE_KEY] : [savepoints, SAVEPOINT_KEY];
    const folder = key.exec(object.key)?.[1];
    if (folder === undefined) continue;
    places.set(folder, [...(places.get(folder) ?? []), object]);
  }
  const uriOf = (folder: string): string => `${root.uri}/${folder}`.replace(/\/+$/, "");
  const found: StoredPlace[] = [];
  for (const [folder, objects] of stores) found.push(await lookAtStore(uriOf(folder), objects));
  for (const [folder, objects] of savepoints) found.push(await lookAtSavepoint(uriOf(folder), objects));
  return found.sort((a, b) => (a.uri < b.uri ? -1 : 1));
}

const sizeOf = (objects: readonly ObjectInfo[]) => ({
  objects: objects.length,
  bytes: objects.reduce((sum, { length }) => sum + length, 0),
});

const nothingKnown = { jobName: null, jobId: null, checkpoints: 0, newestMs: null };

async function lookAtStore(uri: string, objects: readonly ObjectInfo[]): Promise<StoredPlace> {
  const place = { kind: "store", uri, ...sizeOf(objects) } as const;
  try {
    const store = await openStore(uri);
    const contents = await readLog(store);
    assertReadable(contents);
    const chain = chainOf(contents);
    const fence = successorFence(contents);
    const known = factsOf(chain);
    const mark = await readCollectionMark(store);
    if (mark !== null) return { ...place, ...known, verdict: { kind: "collected", successor: mark.successor } };
    if (fence !== null) {
      const { bytes } = sizeOf(await collectibleOf(store));
      return { ...place, ...known, verdict: { kind: "superseded", successor: fence.jobId, bytes } };
    }
    return { ...place, ...known, verdict: { kind: chain.length === 0 ? "empty" : "newest" } };
  } catch (error) {
    return { ...place, ...nothingKnown, verdict: unreadable(error) };
  }
}

async function lookAtSavepoint(uri: string, objects: readonly ObjectInfo[]): Promise<StoredPlace> {
  const place = { kind: "savepoint", uri, ...sizeOf(objects) } as const;
  if (!objects.some(({ key }) => key.endsWith(SAVEPOINT_METADATA))) {
    const why = "it has files and no _metadata: it is being written, or was never completed";
    return { ...place, ...nothingKnown, verdict: { kind: "unreadable", why } };
  }
  try {
    const { manifest } = await readSavepoint(uri);
    return { ...place, ...factsOf([manifest]), verdict: { kind: "savepoint" } };
  } catch (error) {
    return { ...place, ...nothingKnown, verdict: unreadable(error) };
  }
}

function factsOf(chain: readonly Manifest[]): Pick<StoredPlace, "jobName" | "jobId" | "checkpoints" | "newestMs"> {
  const [newest] = chain;
  if (newest === undefined) return nothingKnown;
  const { jobName, jobId, completedMs: newestMs } = newest;
  return { jobName, jobId, checkpoints: chain.length, newestMs };
}

/** INV2 */
function unreadable(error: unknown): PlaceVerdict {
  if (!(error instanceof StreamError)) throw error;
  return { kind: "unreadable", why: error.message };
}
