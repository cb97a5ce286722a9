/**
 * Owns: the decision from which manifest a job goes on (CK-19, CK-20, row 9 of the fault matrix). Pure.
 *
 * REST1 The newest complete manifest, checkpoint or savepoint, is the only one that is taken without asking: going on from an older
 *     one would write again what the newer one's transactions have committed.
 * REST2 If it cannot be used, that is said (`corrupt`). An older one is offered only when every sink bears repetition: no exactly-once
 *     sink in the graph (`sinksAllowReplay`) and no transaction in any manifest that can be read. The caller decides.
 */
import { chainOf, type FencedBy, fencedBy, type LogContents, newestCompleteSeq } from "./log-contents.ts";
import { manifestKey } from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { deriveRecoverability } from "./recoverability.ts";

export type RestoreOptions = {
  /** No sink of the graph is exactly-once, so that output may be repeated. */
  readonly sinksAllowReplay: boolean;
  /** Manifests whose files were found damaged: seq -> what is wrong (findDamage, or a task's CHECKPOINT_CORRUPT). */
  readonly damaged?: ReadonlyMap<number, string>;
};

export type RestoreDecision =
  /** No checkpoint was ever completed (or all were discarded at the job's end): start from the path given, or fresh. */
  | { readonly kind: "none" }
  | {
      readonly kind: "restore";
      readonly manifest: Manifest;
      /** The store that the manifest's files are in. */
      readonly storeUri: string;
      /** The sinks may not have committed it: tasks commit on restore, then `markCommitted`. */
      readonly mustCommit: boolean;
    }
  | {
      readonly kind: "corrupt";
      readonly seq: number;
      /** For the message of CHECKPOINT_CORRUPT. */
      readonly what: string;
      /** An older complete one, if taking it breaks no promise (REST2); else null. */
      readonly fallback: Manifest | null;
      /** Why there is no fallback, or what taking it means. */
      readonly reason: string;
    }
  | { readonly kind: "fenced"; readonly by: FencedBy };

/** To be called by the holder of `epoch` after its fence is written. */
export function resolveRestore(contents: LogContents, epoch: number, options: RestoreOptions): RestoreDecision {
  const head = contents.entries.at(-1);
  if (head?.kind === "manifest" && head.manifest.epoch > epoch) {
    return { kind: "fenced", by: fencedBy(head.manifest) };
  }
  const seq = newestCompleteSeq(contents);
  if (seq === null) return { kind: "none" };
  const what = findFault(contents, seq, epoch, options);
  if (what !== null) return { kind: "corrupt", seq, what, ...chooseFallback(contents, seq, options) };
  const manifest = chainOf(contents)[0] as Manifest;
  const mustCommit = deriveRecoverability(contents, seq, epoch).kind === "committing";
  return { kind: "restore", manifest, storeUri: manifest.storeUri ?? contents.storeUri, mustCommit };
}

function findFault(contents: LogContents, seq: number, epoch: number, options: RestoreOptions): string | null {
  const damage = options.damaged?.get(seq);
  if (damage !== undefined) return damage;
  const where = `${contents.storeUri}/${manifestKey(seq)}`;
  const state = deriveRecoverability(contents, seq, epoch);
  switch (state.kind) {
    case "ready":
    case "committing":
      return null;
    case "corrupt":
      return state.what;
    case "unclaimed":
      return `the log in ${contents.storeUri} has no readable fence of epoch ${epoch}`;
    default:
      return `the newest complete manifest, ${where}, is missing`;
  }
}

function chooseFallback(
  contents: LogContents,
  seq: number,
  options: RestoreOptions,
): { fallback: Manifest | null; reason: string } {
  if (!options.sinksAllowReplay) {
    return {
      fallback: null,
      reason: "the job has an exactly-once sink, and restoring an older checkpoint would write its output twice",
    };
  }
  const known: Manifest[] = [];
  for (const entry of contents.entries) {
    if (entry.seq <= seq && entry.kind === "manifest" && entry.manifest.kind !== "fence") known.push(entry.manifest);
  }
  const transactional = known.find((manifest) => manifest.committables > 0);
  if (transactional !== undefined) {
    return {
      fallback: null,
      reason: `checkpoint ${transactional.checkpointId} holds sink transactions, and restoring an older one would write output twice`,
    };
  }
  // Beside the chain could only be a stray here: a whole snapshot of an overtaken incarnation, as good as any to repeat from.
  const usable = known.filter((manifest) => manifest.seq < seq && options.damaged?.has(manifest.seq) !== true);
  const fallback = usable.at(-1) ?? null;
  if (fallback === null)
    return { fallback, reason: "no older checkpoint is retained (execution.checkpointing.num-retained)" };
  return {
    fallback,
    reason: `checkpoint ${fallback.checkpointId} is intact; records that came after it are processed again`,
  };
}
