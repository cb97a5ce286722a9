/**
 * Owns: what one manifest is worth to the holder of an epoch, derived from the listed objects alone (CK-21). Pure.
 */
import { chainOf, entryAt, type FencedBy, fencedBy, type LogContents } from "./log-contents.ts";

export type Recoverability =
  /** There is no manifest, it is a fence, or it is not on the chain: what an overtaken JobManager wrote does not count. */
  | { readonly kind: "invisible" }
  /** It cannot be decoded. */
  | { readonly kind: "corrupt"; readonly what: string }
  /** It is there, but this epoch has not written its fence yet: an older holder may still add to the log. */
  | { readonly kind: "unclaimed" }
  /** A higher epoch has written: this JobManager stops. */
  | { readonly kind: "orphaned"; readonly by: FencedBy }
  /** May be restored; nothing is left to commit. */
  | { readonly kind: "ready" }
  /** May be restored; its transactions must be committed (again) before anything else runs. */
  | { readonly kind: "committing" };

export function deriveRecoverability(contents: LogContents, seq: number, epoch: number): Recoverability {
  const entry = entryAt(contents, seq);
  const head = contents.entries.at(-1);
  if (entry === undefined || head === undefined) return { kind: "invisible" };
  if (head.kind === "manifest" && head.manifest.epoch > epoch) {
    return { kind: "orphaned", by: fencedBy(head.manifest) };
  }
  if (entry.kind === "corrupt") return { kind: "corrupt", what: entry.what };
  if (entry.manifest.kind === "fence") return { kind: "invisible" };
  if (head.kind === "corrupt" || head.manifest.epoch < epoch) return { kind: "unclaimed" };
  if (!chainOf(contents).includes(entry.manifest)) return { kind: "invisible" };
  return entry.manifest.committables > 0 && !contents.committed.has(seq) ? { kind: "committing" } : { kind: "ready" };
}
