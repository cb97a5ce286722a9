/**
 * Owns: which objects of a job's root may be deleted, derived from the listed objects alone. Pure.
 * Not here: deleting (checkpoint-log.ts), savepoints' own folders, which nobody but `disposeSavepoint` touches.
 *
 * RT1 Only the holder of the epoch whose complete manifest is the head may delete: that manifest is the proof. Else nothing goes.
 * RT2 Kept: the head; the chain from the newest complete manifest down to the `numRetained`-th checkpoint; what is pinned.
 *     Savepoints on the way are kept too, as links of the chain; they don't count. And this epoch's fence: its number is the
 *     next one of the JobManager that this one replaced, whose write therefore conflicts and leaves nothing.
 * RT3 Why any other manifest may go, older fences too, although its number becomes free again: a JobManager that was stopped
 *     two epochs ago may create it anew, but every write counts only if its writer then sees no higher number (CL2), and the head, which is
 *     higher, is always there. What it left is a stray, not on the chain, and goes with the next clean-up.
 * RT4 A file goes when no kept manifest refers to it and no running checkpoint can: those of this epoch have higher ids than the
 *     newest complete one (lower ones were subsumed), and those of later epochs are not ours.
 * RT5 Unknown names are left alone.
 */
import { chainOf, type LogContents } from "./log-contents.ts";
import { parseDataKey, parseEpochKey, parseManifestKey } from "./layout.ts";

export type RetentionOptions = {
  /** Checkpoints to keep, at least 1. */
  readonly numRetained: number;
  /** seq of manifests to keep whatever happens, e.g. one that was restored from and is still in use. */
  readonly pinned?: ReadonlySet<number>;
};

export type DiscardPlan = {
  /** seq of complete manifests that stay, newest first. */
  readonly retained: readonly number[];
  /** In the order to be deleted: manifests oldest first, then markers, then files, so that no manifest ever lacks a file. */
  readonly deletions: readonly string[];
};

/** `keys`: everything listed under epochs/, chk/ and data/, listed after `contents` were read. */
export function deriveRetention(
  contents: LogContents,
  keys: readonly string[],
  epoch: number,
  options: RetentionOptions,
): DiscardPlan {
  const head = contents.entries.at(-1);
  const chain = chainOf(contents);
  const newest = chain[0];
  if (head?.kind !== "manifest" || head.manifest.epoch !== epoch || newest === undefined || newest.seq !== head.seq) {
    return { retained: chain.map((manifest) => manifest.seq), deletions: [] };
  }
  const kept = new Set<number>();
  let checkpoints = 0;
  for (const manifest of chain) {
    if (checkpoints >= options.numRetained && kept.size > 0) break;
    kept.add(manifest.seq);
    if (manifest.kind === "checkpoint") checkpoints++;
  }
  for (const seq of options.pinned ?? []) kept.add(seq);
  for (const entry of contents.entries) {
    if (entry.kind === "manifest" && entry.manifest.kind === "fence" && entry.manifest.epoch === epoch)
      kept.add(entry.seq);
  }
  return planDeletions({ contents, keys, epoch, kept, newestId: newest.checkpointId });
}

/** At the job's end: everything but the head, which must be the closing fence of this epoch (parent null). */
export function deriveClearance(contents: LogContents, keys: readonly string[], epoch: number): DiscardPlan {
  const head = contents.entries.at(-1);
  if (
    head?.kind !== "manifest" ||
    head.manifest.epoch !== epoch ||
    head.manifest.kind !== "fence" ||
    head.manifest.parent !== null
  ) {
    return { retained: chainOf(contents).map((manifest) => manifest.seq), deletions: [] };
  }
  return planDeletions({ contents, keys, epoch, kept: new Set([head.seq]), newestId: Number.POSITIVE_INFINITY });
}

type Facts = {
  readonly contents: LogContents;
  readonly keys: readonly string[];
  readonly epoch: number;
  readonly kept: ReadonlySet<number>;
  readonly newestId: number;
};

/** RT4, for a file that may still be being written: nothing that is kept will ever refer to it. `newestId`: of the newest complete checkpoint. */
export function isOver(key: string, epoch: number, newestId: number): boolean {
  const data = parseDataKey(key);
  return data !== null && (data.epoch < epoch || (data.epoch === epoch && data.checkpointId <= newestId));
}

function planDeletions({ contents, keys, epoch, kept, newestId }: Facts): DiscardPlan {
  const reachable = new Set<string>();
  const retained: number[] = [];
  let filesAreKnown = true;
  for (const entry of contents.entries) {
    if (!kept.has(entry.seq)) continue;
    if (entry.kind === "corrupt" || entry.manifest.kind !== "fence") retained.push(entry.seq);
    // A kept manifest that cannot be read may refer to anything.
    if (entry.kind === "corrupt") filesAreKnown = false;
    else if (entry.manifest.storeUri === null) for (const file of entry.manifest.files) reachable.add(file.key);
  }
  const headSeq = contents.entries.at(-1)?.seq ?? 0;
  const manifests: string[] = [];
  const markers: string[] = [];
  const files: string[] = [];
  const epochs: string[] = [];
  for (const key of keys) {
    const object = parseManifestKey(key);
    const data = parseDataKey(key);
    const claimed = parseEpochKey(key);
    if (object !== null) {
      if (object.seq < headSeq && !kept.has(object.seq)) (object.suffix === "manifest" ? manifests : markers).push(key);
    } else if (data !== null) {
      if (filesAreKnown && isOver(key, epoch, newestId) && !reachable.has(key)) files.push(key);
    } else if (claimed !== null && claimed < epoch) epochs.push(key);
  }
  manifests.sort();
  return { retained: retained.reverse(), deletions: [...manifests, ...markers, ...files, ...epochs] };
}
