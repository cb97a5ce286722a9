/**
 * Owns: values of DISTINCT that memory has no room for, of one argument: entries of a group's slot and a value, in parts by the hash of both, which are looked through at the end.
 * Called by: table-aggregation.ts; distinct-values.ts leaves them here.
 *
 * SQLV1 Equal values of a group are in one part: what is the first of its kind there is the first of all, because none of them was in memory when it was left.
 * SQLV2 A part with more values than memory has room for is parted again: those that are there by then go on counting once, the others are left to the next level.
 */
import type { SpillSpace } from "../../ports/index.ts";
import { type Column, ColumnBatch, type ColumnLayout, layoutOf, t, type ValueType } from "../../record/index.ts";
import { LEVELS_MAX, PartitionedRows, type RowPart } from "../../spill/index.ts";

/** For what has no room: where it goes, and how much of it may be in memory at the end. */
export type ValueSpace = { readonly space: SpillSpace; readonly budgetBytes: number; onSpill(bytes: number): void };

/** Entries at these places: of each the slot of its group, its value, and by bits which calls count it. */
export type LeftEntries = {
  readonly rows: Int32Array;
  readonly count: number;
  /** By place. */
  readonly hashes: Int32Array;
  readonly slots: Int32Array;
  readonly value: Column;
  readonly passes: readonly Int32Array[];
};

/** The type of the value, how many words of bits there are, and from 0 the level of the parts. */
type EntryParts = { readonly value: ValueType<unknown>; readonly words: number; readonly level: number };

export class LeftValues {
  readonly #space: ValueSpace;
  readonly #type: ValueType<unknown>;
  readonly #layout: ColumnLayout;
  readonly #parts: EntryParts;
  #parted: PartitionedRows | null = null;

  constructor(space: ValueSpace, parts: EntryParts) {
    const { value, words } = parts;
    this.#space = space;
    this.#parts = parts;
    const passes = Array.from({ length: words }, (_none, at) => [`passes${at}`, t.int32]);
    this.#type = t.record({ slot: t.int32, value, ...Object.fromEntries(passes) }) as ValueType<unknown>;
    this.#layout = layoutOf(this.#type);
  }

  get hasRows(): boolean {
    return this.#parted !== null;
  }

  /** Of the values of a part. */
  get budgetBytes(): number {
    return this.#space.budgetBytes;
  }

  /** The values of its parts are taken in whatever they take: no level tells them apart any more. */
  get isLast(): boolean {
    return this.#parts.level + 1 >= LEVELS_MAX;
  }

  /** For the values of its parts that have no room. */
  next(): LeftValues {
    return new LeftValues(this.#space, { ...this.#parts, level: this.#parts.level + 1 });
  }

  /** Errors: SPILL_FAILED. */
  add({ rows, count, hashes, slots, value, passes }: LeftEntries): void {
    if (count === 0) return;
    const { space, onSpill } = this.#space;
    this.#parted ??= new PartitionedRows({
      type: this.#type,
      space,
      budgetBytes: 0,
      level: this.#parts.level,
      onSpill,
    });
    const columns: readonly Column[] = [slots, null, ...passes].map((values) =>
      values === null ? value : { kind: "int32", values, nulls: null },
    );
    this.#parted.add(new ColumnBatch(this.#layout, columns, { count, selection: rows }), rows, count, hashes);
  }

  parts(): readonly RowPart[] {
    return this.#parted?.parts() ?? [];
  }

  close(): void {
    this.#parted?.close();
    this.#parted = null;
  }
}

/** As they were left. */
export function entriesOf({ columns, rows, count, marks }: ColumnBatch): LeftEntries {
  const [slots, value, ...passes] = columns as readonly (Column & { readonly values: Int32Array })[];
  return {
    rows: rows.subarray(0, count),
    count,
    hashes: marks.keyHashes as Int32Array,
    slots: slots?.values as Int32Array,
    value: value as Column,
    passes: passes.map(({ values }) => values),
  };
}
