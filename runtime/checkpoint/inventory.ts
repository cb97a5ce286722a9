/**
 * Owns: what there is below a location: stores of jobs and incarnations, savepoints, what may be deleted of each, and why.
 * Not here: deciding it (garbage.ts), deleting it (garbage-collection.ts).
 * Called by: `streamjob storage`, clean-up pods.
 *
 * INV1 Read only. Who names a place beyond the location is told by the caller.
 * INV2 A place that cannot be read is told with why, and the others are told all the same.
 */
import { type JobId, StreamError } from "../../base/index.ts";
import { type ObjectInfo, type ObjectStore, openStore } from "../storage/index.ts";
import { readCollectionMark } from "./collection.ts";
import {
  deriveFates,
  deriveLeftovers,
  type Fate,
  leftoverTest,
  type NamedPlace,
  namersOf,
  ownerOf,
  stateOf,
  type StoreFacts,
  successorOf,
} from "./garbage.ts";
import { parseDataKey, SAVEPOINT_METADATA } from "./layout.ts";
import { assertReadable, chainOf, findDamage, readLog } from "./log-contents.ts";
import type { Manifest } from "./manifest.ts";
import { readSavepoint } from "./savepoint.ts";

export type StoredPlace = {
  readonly kind: "store" | "savepoint";
  readonly uri: string;
  /** null: nothing says it. */
  readonly jobName: string | null;
  readonly jobId: string | null;
  /** Complete ones, savepoints in the log too. */
  readonly checkpoints: number;
  readonly newestMs: number | null;
  readonly objects: number;
  readonly bytes: number;
  /** Who names it, of those that the caller knows. */
  readonly namedBy: readonly string[];
  readonly verdict: PlaceVerdict;
  /** What nothing can need of it; null: nothing. */
  readonly removal: Removal | null;
};

export type PlaceVerdict =
  /** Its job goes on from here. */
  | { readonly kind: "newest" }
  /** Its state is deleted, or going: what stays fences late processes. `successor` null: deleted with its job. */
  | { readonly kind: "collected"; readonly successor: JobId | null }
  /** Another incarnation has taken it over. `kept`: why its state is needed all the same; null: it is not. */
  | { readonly kind: "superseded"; readonly successor: JobId; readonly bytes: number; readonly kept: string | null }
  /** No checkpoint was ever completed. */
  | { readonly kind: "empty" }
  /** Nobody deletes it but by its StreamJobSnapshot, or by hand. */
  | { readonly kind: "savepoint" }
  | { readonly kind: "unreadable"; readonly why: string };

export type Removal = {
  /** `state`: all but what fences late processes. `leftovers`: files that no checkpoint refers to. */
  readonly what: "state" | "leftovers";
  readonly objects: number;
  readonly bytes: number;
  /** Uploads that never came to their end. */
  readonly uploads: number;
};

/** What an incarnation's JobManagers have written beside their log. */
export type IncarnationHistory = {
  /** Where it starts from as long as it has no checkpoint of its own. */
  readonly origins: readonly string[];
  /** The savepoint that it ended with, after which its log was cleared; null: none. */
  readonly endedWith: string | null;
};

export type InventoryOptions = {
  readonly named: readonly NamedPlace[];
  readonly historyIn: (store: ObjectStore) => Promise<IncarnationHistory>;
  /** Only the stores of these jobs. Absent: all, and savepoints. */
  readonly jobIds?: ReadonlySet<string>;
};

const STORE_KEY =
  /^(.*?)(?:epochs\/\d{10}|chk\/\d{10}\.(?:manifest|committed)|data\/\d{10}-\d{10}\/[0-9a-f]{64}|activation|result|collected)$/;
const SAVEPOINT_KEY = /^(.*?)(?:_metadata|data\/[0-9a-f]{64})$/;

type Folder = { readonly uri: string; readonly objects: readonly ObjectInfo[]; readonly uploads: readonly string[] };
type Unreadable = { readonly folder: Folder; readonly why: string };
type Looked = { readonly folder: Folder; readonly facts: StoreFacts };

/**
 * Below the locations, none of which is below another, by URI: what is in one of them may be needed by what is in another.
 * Errors: OPTION_INVALID, STORE_UNAVAILABLE.
 */
export async function takeInventory(
  locations: readonly string[],
  options: InventoryOptions,
): Promise<readonly StoredPlace[]> {
  const stores: Folder[] = [];
  const savepoints: Folder[] = [];
  for (const location of locations) {
    const below = await foldersBelow(location, options);
    stores.push(...below.stores);
    savepoints.push(...below.savepoints);
  }
  const looked: Looked[] = [];
  const unreadable: Unreadable[] = [];
  for (const folder of stores) {
    try {
      looked.push({ folder, facts: await factsOf(folder, options) });
    } catch (error) {
      unreadable.push({ folder, why: reasonOf(error) });
    }
  }
  const facts = looked.map((each) => each.facts);
  const fates = deriveFates(facts, options.named, unreadable[0]?.folder.uri ?? null);
  const found: StoredPlace[] = looked.map((each) => storePlace(each, fates.get(each.facts.uri) ?? null, options));
  for (const { folder, why } of unreadable) {
    const namedBy = namersOf(folder.uri, options.named);
    const place = { kind: "store", uri: folder.uri, namedBy, ...sizeOf(folder.objects), ...nothingKnown } as const;
    found.push({ ...place, verdict: { kind: "unreadable", why }, removal: null });
  }
  for (const folder of savepoints) found.push(await lookAtSavepoint(folder, options));
  return found.sort((a, b) => (a.uri < b.uri ? -1 : 1));
}

async function foldersBelow(
  location: string,
  { jobIds }: InventoryOptions,
): Promise<{ readonly stores: readonly Folder[]; readonly savepoints: readonly Folder[] }> {
  const root = await openStore(location);
  const stores = new Map<string, ObjectInfo[]>();
  const savepoints = new Map<string, ObjectInfo[]>();
  for (const object of await root.list("")) {
    const [places, key] = STORE_KEY.test(object.key) ? [stores, STORE_KEY] : [savepoints, SAVEPOINT_KEY];
    const folder = key.exec(object.key)?.[1];
    if (folder === undefined) continue;
    const objects = places.get(folder) ?? [];
    if (objects.length === 0) places.set(folder, objects);
    objects.push({ ...object, key: object.key.slice(folder.length) });
  }
  const uploads = await uploadsBelow(root);
  const foldersOf = (places: ReadonlyMap<string, ObjectInfo[]>): readonly Folder[] =>
    [...places].map(([folder, objects]) => ({
      uri: `${root.uri}/${folder}`.replace(/\/+$/, ""),
      objects,
      uploads: uploads.filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length)),
    }));
  if (jobIds === undefined) return { stores: foldersOf(stores), savepoints: foldersOf(savepoints) };
  const isWanted = ({ uri }: Folder): boolean => jobIds.has(uri.slice(uri.lastIndexOf("/") + 1));
  return { stores: foldersOf(stores).filter(isWanted), savepoints: [] };
}

/** Keys of unfinished uploads; none is removed. */
async function uploadsBelow(root: ObjectStore): Promise<readonly string[]> {
  const keys: string[] = [];
  await root.removeUnfinished("", (key) => {
    keys.push(key);
    return false;
  });
  return keys;
}

const sizeOf = (objects: readonly ObjectInfo[]) => ({
  objects: objects.length,
  bytes: objects.reduce((sum, { length }) => sum + length, 0),
});

const nothingKnown = { jobName: null, jobId: null, checkpoints: 0, newestMs: null };

async function factsOf({ uri, objects }: Folder, { historyIn }: InventoryOptions): Promise<StoreFacts> {
  const store = await openStore(uri);
  const contents = await readLog(store);
  assertReadable(contents);
  const mark = await readCollectionMark(store);
  const { origins, endedWith } = await historyIn(store);
  const owner = ownerOf({ uri, contents });
  const [newest] = chainOf(contents);
  const own = newest === undefined ? endedWith && (await savepointAt(endedWith)) : newest;
  const hasOwnState = own ? own.jobId === owner && (await isWhole(own, store, objects)) : false;
  return { uri, objects, contents, mark, origins, hasOwnState };
}

/** null: it is not there, or cannot be read. */
async function savepointAt(location: string): Promise<Manifest | null> {
  try {
    const { manifest, storeUri } = await readSavepoint(location);
    return { ...manifest, storeUri };
  } catch (error) {
    if (error instanceof StreamError && error.code !== "STORE_UNAVAILABLE") return null;
    throw error;
  }
}

async function isWhole(manifest: Manifest, store: ObjectStore, listed: readonly ObjectInfo[]): Promise<boolean> {
  const { storeUri, files } = manifest;
  if (storeUri !== null) return (await findDamage(await openStore(storeUri), manifest)).length === 0;
  const lengths = new Map(listed.map(({ key, length }) => [key, length]));
  if (files.every(({ key, length }) => lengths.get(key) === length)) return true;
  // It may be newer than the listing.
  return (await findDamage(store, manifest)).length === 0;
}

function storePlace({ folder, facts }: Looked, fate: Fate | null, { named }: InventoryOptions): StoredPlace {
  const { uri, contents, objects, mark } = facts;
  const chain = chainOf(contents);
  const known = factsOfChain(chain);
  const place = {
    kind: "store",
    uri,
    ...sizeOf(objects),
    ...known,
    jobId: known.jobId ?? ownerOf(facts),
    namedBy: namersOf(uri, named),
    removal: removalOf(folder, facts, fate),
  } as const;
  const successor = successorOf(contents);
  if (mark !== null) return { ...place, verdict: { kind: "collected", successor: mark.successor } };
  if (successor !== null) {
    const kept = fate?.kind === "stays" ? fate.why : null;
    return { ...place, verdict: { kind: "superseded", successor, bytes: sizeOf(stateOf(facts)).bytes, kept } };
  }
  return { ...place, verdict: { kind: chain.length === 0 ? "empty" : "newest" } };
}

function removalOf({ uploads }: Folder, facts: StoreFacts, fate: Fate | null): Removal | null {
  const what = fate?.kind === "goes" ? "state" : "leftovers";
  const going = what === "state" ? stateOf(facts) : deriveLeftovers(facts);
  const isLeft = what === "state" ? (key: string) => parseDataKey(key) !== null : leftoverTest(facts.contents);
  const unfinished = uploads.filter(isLeft).length;
  return going.length + unfinished === 0 ? null : { what, ...sizeOf(going), uploads: unfinished };
}

async function lookAtSavepoint({ uri, objects }: Folder, { named }: InventoryOptions): Promise<StoredPlace> {
  const place = { kind: "savepoint", uri, ...sizeOf(objects), namedBy: namersOf(uri, named), removal: null } as const;
  if (!objects.some(({ key }) => key === SAVEPOINT_METADATA)) {
    const why = "it has files and no _metadata: it is being written, or was never completed";
    return { ...place, ...nothingKnown, verdict: { kind: "unreadable", why } };
  }
  try {
    const { manifest } = await readSavepoint(uri);
    return { ...place, ...factsOfChain([manifest]), verdict: { kind: "savepoint" } };
  } catch (error) {
    return { ...place, ...nothingKnown, verdict: { kind: "unreadable", why: reasonOf(error) } };
  }
}

function factsOfChain(chain: readonly Manifest[]): Pick<StoredPlace, "jobName" | "jobId" | "checkpoints" | "newestMs"> {
  const [newest] = chain;
  if (newest === undefined) return nothingKnown;
  const { jobName, jobId, completedMs: newestMs } = newest;
  return { jobName, jobId, checkpoints: chain.length, newestMs };
}

/** INV2 */
function reasonOf(error: unknown): string {
  if (!(error instanceof StreamError)) throw error;
  return error.message;
}
