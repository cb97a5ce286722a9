/**
 * Owns: the snapshots of one back end on which a later one may build, by the checkpoint that they were taken for.
 * Not here: what of one is in which file (written-tables.ts).
 *
 * SBA1 A snapshot builds on the one that the JobManager named at its barrier, which is complete, and on no other: one that was given up, or whose
 *     outcome this task never heard of, is never built on.
 * SBA2 One that is not known here is no fault: it was taken before a restart, or was small. Then everything is written.
 * SBA3 Of those that may be named later, few are remembered: older ones are forgotten when a newer one is named.
 */
import type { WrittenTables } from "./written-tables.ts";

const REMEMBERED_MAX = 8;

export class SnapshotBases {
  /** By checkpoint, oldest first. `written` null: not yet. */
  readonly #known = new Map<number, { readonly number: number; written: WrittenTables | null }>();
  #numbers: readonly number[] = [];

  /** Ascending: of snapshots that may be built on. */
  get numbers(): readonly number[] {
    return this.#numbers;
  }

  /** What the snapshot for a checkpoint builds on; what is older is forgotten. Null: on nothing. */
  take(checkpointId: number | null): { readonly number: number; readonly written: WrittenTables } | null {
    const base = checkpointId === null ? undefined : this.#known.get(checkpointId);
    if (base === undefined || base.written === null) return null;
    for (const [id, { number }] of this.#known) if (number < base.number) this.#known.delete(id);
    this.#count();
    return { number: base.number, written: base.written };
  }

  /** A snapshot was fixed that may be built on once it is written. */
  fixed(checkpointId: number, number: number): void {
    this.#known.set(checkpointId, { number, written: null });
    for (const [id] of this.#known) if (this.#known.size > REMEMBERED_MAX) this.#known.delete(id);
    this.#count();
  }

  written(checkpointId: number, written: WrittenTables): void {
    const known = this.#known.get(checkpointId);
    if (known !== undefined) known.written = written;
  }

  /** It was given up, has failed, or is small. */
  forget(checkpointId: number): void {
    if (this.#known.get(checkpointId)?.written === null && this.#known.delete(checkpointId)) this.#count();
  }

  #count(): void {
    this.#numbers = [...this.#known.values()].map(({ number }) => number);
  }
}
