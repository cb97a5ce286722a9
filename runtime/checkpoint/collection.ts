/**
 * Owns: the end of an incarnation's store: what of it is deleted when the incarnation after it needs it no more, and when its job is gone.
 * Not here: when that is (operator/reconcile). Called by: the JobManager of the incarnation after it, clean-up pods, `streamjob storage`.
 *
 *   collected = JSON {version: 1, why: "superseded" | "deleted", successor, atMs}
 *
 * COLL1 A store is collected only if a successor's fence ends its log (MA4): whoever asks for it, the store itself is the proof.
 * COLL2 The mark comes before the first deletion. A store that has it is nobody's newest state any more, however much is left of it.
 * COLL3 The head of the log stays, with claims, activation and result: a process of the old incarnation that wakes up, and whoever asks
 *     what became of it, finds out. That is some hundred bytes for each incarnation.
 * COLL4 Erased, when the job itself is gone, is everything that a store has, the mark last. Names that no store has are left alone (RT5).
 * COLL5 Cut off anywhere it is repeated, and goes on.
 */
import { type Clock, type JobId, refuseNewer, StreamError } from "../../base/index.ts";
import type { ObjectInfo, ObjectStore } from "../storage/index.ts";
import { COLLECTED, DATA, parseDataKey, parseEpochKey, parseManifestKey } from "./layout.ts";
import { assertReadable, type LogContents, readLog, successorFence } from "./log-contents.ts";

const VERSION = 1;
const DELETES_AT_ONCE = 8;
/** Written by the JobManager beside its log; a probe is one that was killed at its start. */
const OTHER_NAMES = /^(activation|result|probe\/[0-9a-f]{32})$/;

export type CollectionMark = {
  /** deleted: with its job. */
  readonly why: "superseded" | "deleted";
  /** Who went on from it; null: nobody. */
  readonly successor: JobId | null;
  readonly atMs: number;
};

export type Collected = { readonly objects: number; readonly bytes: number };

/** null: the store is not collected. Errors: STORE_UNAVAILABLE, FORMAT_TOO_NEW (terminal). */
export async function readCollectionMark(store: ObjectStore): Promise<CollectionMark | null> {
  const bytes = await store.read(COLLECTED);
  if (bytes === null) return null;
  try {
    const mark = JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<CollectionMark>;
    refuseNewer(`${store.uri}/${COLLECTED}`, mark, VERSION);
    const { why = "superseded", successor = null, atMs = 0 } = mark;
    return { why, successor, atMs };
  } catch (error) {
    if (error instanceof StreamError) throw error;
    // Whatever is in it: it was written to say that the state goes.
    return { why: "superseded", successor: null, atMs: 0 };
  }
}

/** COLL1. May be called again. Errors: STATE_IN_USE (terminal), FORMAT_TOO_NEW (terminal), STORE_UNAVAILABLE. */
export async function collectStore(store: ObjectStore, clock: Clock): Promise<Collected> {
  const contents = await readLog(store);
  const fence = assertSuperseded(store, contents);
  await mark(store, { why: "superseded", successor: fence.jobId, atMs: clock.nowMs() });
  const collected = await deleteAll(store, deletable(await store.list(""), contents));
  await store.removeUnfinished(DATA, (key) => parseDataKey(key) !== null);
  return collected;
}

/**
 * Deletes the store of a job that is gone, of which no process may be left. `jobId`: whose it must be.
 * May be called again. Errors: STATE_IN_USE (terminal): it is another job's; FORMAT_TOO_NEW (terminal), STORE_UNAVAILABLE.
 */
export async function eraseStore(store: ObjectStore, jobId: JobId, clock: Clock): Promise<Collected> {
  const contents = await readLog(store);
  assertReadable(contents);
  for (const entry of contents.entries) {
    if (entry.kind !== "manifest" || entry.manifest.successor !== undefined || entry.manifest.jobId === jobId) continue;
    throw inUse(`${store.uri} belongs to job ${entry.manifest.jobId}, not to job ${jobId}: nothing of it was deleted`);
  }
  const all = (await store.list("")).filter(({ key }) => isOfStore(key));
  const others = all.filter(({ key }) => key !== COLLECTED);
  if (others.length > 0) await mark(store, { why: "deleted", successor: null, atMs: clock.nowMs() });
  const collected = await deleteAll(store, others);
  await store.removeUnfinished(DATA, (key) => parseDataKey(key) !== null);
  await store.delete(COLLECTED);
  return collected;
}

function assertSuperseded(store: ObjectStore, contents: LogContents): { readonly jobId: JobId } {
  assertReadable(contents);
  const head = contents.entries.at(-1);
  const fence = successorFence(contents);
  if (fence !== null && head?.seq === fence.seq) return fence;
  throw inUse(
    `${store.uri} holds the newest state of its job: no other incarnation has taken it over, so nothing of it was deleted`,
  );
}

/** What of a superseded store is deleted (COLL3). Manifests first, oldest first: none ever lacks a file. */
export function deletable(listed: readonly ObjectInfo[], { entries }: LogContents): readonly ObjectInfo[] {
  const headSeq = entries.at(-1)?.seq ?? 0;
  const manifests = listed.filter(({ key }) => {
    const object = parseManifestKey(key);
    return object !== null && (object.suffix === "committed" || object.seq < headSeq);
  });
  return [...manifests, ...listed.filter(({ key }) => parseDataKey(key) !== null)];
}

const isOfStore = (key: string): boolean =>
  parseManifestKey(key) !== null ||
  parseDataKey(key) !== null ||
  parseEpochKey(key) !== null ||
  key === COLLECTED ||
  OTHER_NAMES.test(key);

async function mark(store: ObjectStore, { why, successor, atMs }: CollectionMark): Promise<void> {
  // The first one stays: when that was.
  await store.createIfAbsent(COLLECTED, Buffer.from(JSON.stringify({ version: VERSION, why, successor, atMs })));
}

/** Manifests one after the other, in their order. */
export async function deleteAll(store: ObjectStore, objects: readonly ObjectInfo[]): Promise<Collected> {
  const isManifest = ({ key }: ObjectInfo): boolean => parseManifestKey(key) !== null;
  for (const { key } of objects.filter(isManifest)) await store.delete(key);
  const others = objects.filter((object) => !isManifest(object));
  for (let start = 0; start < others.length; start += DELETES_AT_ONCE)
    await Promise.all(others.slice(start, start + DELETES_AT_ONCE).map(({ key }) => store.delete(key)));
  return { objects: objects.length, bytes: objects.reduce((sum, { length }) => sum + length, 0) };
}

function inUse(message: string): StreamError {
  return new StreamError("STATE_IN_USE", message, { destiny: "terminal" });
}
