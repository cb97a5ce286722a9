/**
 * Owns: the facts on which every decision rests: one read of a job's log of manifests.
 * Not here: decisions (recoverability.ts, restore.ts, retention.ts), writing (checkpoint-log.ts).
 *
 * LOC1 A manifest that cannot be decoded, or whose name is not its own (swapped), is a value, `corrupt`. A store that does not
 *     answer is an error: nothing is decided on half a read.
 * LOC2 The head, the manifest with the highest number, is never deleted by anyone; a read without the listed head is repeated.
 * LOC3 What counts is the chain: from the head (or its parent, when it is a fence) along `parent`. A manifest beside it is a stray.
 * LOC4 So a marker above the head is that of a manifest which somebody else has deleted. Without it the job would go on from an older state,
 *     or from nothing, and write again what the marker says is committed; and its number, used again, would count as committed at once.
 */
import { type JobId, StreamError } from "../../base/index.ts";
import type { ObjectStore } from "../storage/index.ts";
import { committedKey, MANIFESTS, manifestKey, parseManifestKey } from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { decodeManifest } from "./manifest-codec.ts";

export type LogEntry =
  | { readonly kind: "manifest"; readonly seq: number; readonly manifest: Manifest }
  | {
      readonly kind: "corrupt";
      readonly seq: number;
      readonly what: string;
      /** It is not damaged: a newer program wrote it (MC3). */
      readonly newer?: StreamError;
    };

export type LogContents = {
  /** Where it was read, for messages. */
  readonly storeUri: string;
  /** Ascending by seq. */
  readonly entries: readonly LogEntry[];
  /** seq of manifests whose sinks have committed. */
  readonly committed: ReadonlySet<number>;
};

/**
 * Who has taken over: the manifest or claim of a higher epoch. `processId`: null when that could not be read. `successor`: the job
 * id of another incarnation, when it is one: then it is for good (MA4).
 */
export type FencedBy = {
  readonly epoch: number | null;
  readonly processId: string | null;
  readonly successor?: JobId;
};

/** `manifest`: null when it could not be read. */
export function fencedBy(manifest: Manifest | null): FencedBy {
  const { epoch = null, processId = null, successor } = manifest ?? {};
  return { epoch, processId, ...(successor === undefined ? {} : { successor }) };
}

/** The newest fence of a successor (MA4); null: the log is its job's own. */
export function successorFence(contents: LogContents): Manifest | null {
  const fence = contents.entries.findLast(
    (entry) => entry.kind === "manifest" && entry.manifest.successor !== undefined,
  );
  return fence?.kind === "manifest" ? fence.manifest : null;
}

const READ_ATTEMPTS_MAX = 100;
/** A listing of a folder may miss a manifest that is created while it lasts, and have its marker; not again and again. */
const LISTINGS_WITHOUT_HEAD = 5;
const READS_AT_ONCE = 8;

/** Reads every manifest. Errors: STORE_UNAVAILABLE. */
export async function readLog(store: ObjectStore): Promise<LogContents> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS_MAX; attempt++) {
    const seqs: number[] = [];
    const committed = new Set<number>();
    for (const { key } of await store.list(MANIFESTS)) {
      const parsed = parseManifestKey(key);
      if (parsed?.suffix === "manifest") seqs.push(parsed.seq);
      else if (parsed?.suffix === "committed") committed.add(parsed.seq);
    }
    const entries: LogEntry[] = [];
    for (let start = 0; start < seqs.length; start += READS_AT_ONCE) {
      const read = await Promise.all(seqs.slice(start, start + READS_AT_ONCE).map((seq) => readEntry(store, seq)));
      for (const entry of read) if (entry !== null) entries.push(entry);
    }
    const contents = { storeUri: store.uri, entries, committed };
    if (missingHead(contents) !== null && attempt < LISTINGS_WITHOUT_HEAD) continue;
    if (entries.at(-1)?.seq === seqs.at(-1)) return contents;
  }
  throw new StreamError(
    "STORE_UNAVAILABLE",
    `${store.uri}/${MANIFESTS} lists manifests that could not be read in ${READ_ATTEMPTS_MAX} attempts; check that nothing else deletes files there`,
  );
}

/** One manifest; null when there is none. */
export async function readEntry(store: ObjectStore, seq: number): Promise<LogEntry | null> {
  const where = `${store.uri}/${manifestKey(seq)}`;
  const bytes = await store.read(manifestKey(seq));
  if (bytes === null) return null;
  try {
    const manifest = decodeManifest(bytes, where);
    if (manifest.seq === seq) return { kind: "manifest", seq, manifest };
    return {
      kind: "corrupt",
      seq,
      what: `the manifest ${where} was renamed or copied: it is number ${manifest.seq}`,
    };
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    if (error.code === "FORMAT_TOO_NEW") return { kind: "corrupt", seq, what: error.message, newer: error };
    if (error.code !== "CHECKPOINT_CORRUPT") throw error;
    return { kind: "corrupt", seq, what: error.message };
  }
}

/**
 * To be called before anything is claimed, written or restored: a log in which a newer program has written is left as it is, and so is one whose
 * head is gone. Its newest state is or was in there, and an older one must not be taken for it. Errors: FORMAT_TOO_NEW, CHECKPOINT_CORRUPT
 * (terminal).
 */
export function assertReadable(contents: LogContents): void {
  for (const entry of contents.entries) if (entry.kind === "corrupt" && entry.newer !== undefined) throw entry.newer;
  const seq = missingHead(contents);
  if (seq === null) return;
  const { storeUri } = contents;
  throw new StreamError(
    "CHECKPOINT_CORRUPT",
    `the newest manifest, ${storeUri}/${manifestKey(seq)}, is missing, though ${storeUri}/${committedKey(seq)} says that its sinks have committed: going on without it would write their output twice. Put the file back; or start the job under another id, from a savepoint or anew`,
    { destiny: "terminal" },
  );
}

/** LOC4; null: none is missing. */
function missingHead({ entries, committed }: LogContents): number | null {
  const marked = Math.max(0, ...committed);
  return marked > (entries.at(-1)?.seq ?? 0) ? marked : null;
}

/** The highest number in the log; 0 when it is empty. Cheaper than readLog: reads nothing. */
export async function readHeadSeq(store: ObjectStore): Promise<number> {
  let head = 0;
  for (const { key } of await store.list(MANIFESTS)) {
    const parsed = parseManifestKey(key);
    if (parsed?.suffix === "manifest") head = Math.max(head, parsed.seq);
  }
  return head;
}

/** seq of the newest complete manifest by the head's word; null when there is none. A corrupt head counts: it may be complete. */
export function newestCompleteSeq(contents: LogContents): number | null {
  const head = contents.entries.at(-1);
  if (head === undefined) return null;
  return head.kind === "manifest" && head.manifest.kind === "fence" ? head.manifest.parent : head.seq;
}

export function entryAt(contents: LogContents, seq: number): LogEntry | undefined {
  return contents.entries.find((entry) => entry.seq === seq);
}

/** The complete manifests that count, newest first; ends at the first that is gone or cannot be read (LOC3). */
export function chainOf(contents: LogContents): readonly Manifest[] {
  const chain: Manifest[] = [];
  let epochMax = Number.POSITIVE_INFINITY;
  for (let seq = newestCompleteSeq(contents); seq !== null; ) {
    const entry = entryAt(contents, seq);
    // A fence, or a higher epoch than its child's, is a stray that took the place of a parent deleted before.
    if (entry?.kind !== "manifest" || entry.manifest.kind === "fence" || entry.manifest.epoch > epochMax) break;
    chain.push(entry.manifest);
    epochMax = entry.manifest.epoch;
    seq = entry.manifest.parent;
  }
  return chain;
}

/** What is wrong with the files of a manifest, as far as a look at their lengths tells; empty: nothing. Contents are verified on reading. */
export async function findDamage(store: ObjectStore, manifest: Pick<Manifest, "files">): Promise<readonly string[]> {
  const damage: string[] = [];
  for (let start = 0; start < manifest.files.length; start += READS_AT_ONCE) {
    const files = manifest.files.slice(start, start + READS_AT_ONCE);
    const found = await Promise.all(files.map((file) => store.stat(file.key)));
    files.forEach((file, index) => {
      const length = found[index]?.length;
      if (length === undefined) damage.push(`${store.uri}/${file.key} is missing`);
      else if (length !== file.length)
        damage.push(`${store.uri}/${file.key} has ${length} bytes instead of ${file.length}`);
    });
  }
  return damage;
}
