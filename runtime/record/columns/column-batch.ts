/**
 * Owns: a batch of records as columns, with what counts of it (selection), and its release.
 *
 * CBA1 It is valid until the call that handed it over returns: who keeps, copies (`ColumnBuilder.append`). Who made it releases it, once.
 * CBA2 Nobody changes one that was handed over. What shares its columns (`select`, `withColumns`) owns nothing: only the first is released.
 * CBA3 `count` records count: the places 0 … count - 1, or with a selection those that it lists, in its order.
 */
import { assert } from "../../../base/index.ts";
import { NO_TIMESTAMP } from "../row-batch.ts";
import { rowKinds } from "../row-kind.ts";
import { buildRows } from "../row-objects.ts";
import { type Column, valuesAt } from "./column.ts";
import type { ColumnLayout } from "./layout.ts";

/** What a batch has beside its columns, by place; null: no record has one. */
export type ColumnMarks = {
  /** Event times in epoch milliseconds. */
  readonly timestamps: Float64Array | null;
  /** Of each record's key, on an edge by hash. */
  readonly keyHashes: Int32Array | null;
  /** RowKinds; null: all are inserts. */
  readonly rowKinds: Uint8Array | null;
};

export const NO_MARKS: ColumnMarks = { timestamps: null, keyHashes: null, rowKinds: null };

let isDebugging = false;

/** In tests: the memory of released batches is overwritten, so that who kept one reads nonsense (CBA1). */
export function debugColumns(isOn: boolean): void {
  isDebugging = isOn;
}

/** 0, 1, 2, …: the places of batches without a selection. */
let places = new Int32Array(0);

function firstPlaces(count: number): Int32Array {
  if (places.length < count)
    places = Int32Array.from({ length: Math.max(count, places.length * 2) }, (_none, at) => at);
  return places;
}

export type Release = (poisons: boolean) => void;

export class ColumnBatch {
  readonly layout: ColumnLayout;
  /** As `layout.fields`. */
  readonly columns: readonly Column[];
  readonly selection: Int32Array | null;
  readonly count: number;
  readonly marks: ColumnMarks;
  #release: Release | null;

  /** `release` gives the memory back, and overwrites it when it is asked to; absent: there is nothing to give back. */
  constructor(
    layout: ColumnLayout,
    columns: readonly Column[],
    counting: { readonly count: number; readonly selection?: Int32Array | null; readonly marks?: ColumnMarks },
    release: Release | null = null,
  ) {
    this.layout = layout;
    this.columns = columns;
    this.count = counting.count;
    this.selection = counting.selection ?? null;
    this.marks = counting.marks ?? NO_MARKS;
    this.#release = release;
  }

  /** The places of the records: at least `count` are in it. */
  get rows(): Int32Array {
    return this.selection ?? firstPlaces(this.count);
  }

  /** Places of its columns: each place of a record is below it. */
  get size(): number {
    const [column] = this.columns;
    if (column === undefined) return this.count;
    return column.kind === "text" ? column.lengths.length : column.values.length;
  }

  /** The same columns, of which only these places count. */
  select(selection: Int32Array, count: number): ColumnBatch {
    return new ColumnBatch(this.layout, this.columns, { count, selection, marks: this.marks });
  }

  /** The same records with other columns. */
  withColumns(layout: ColumnLayout, columns: readonly Column[]): ColumnBatch {
    const { count, selection, marks } = this;
    return new ColumnBatch(layout, columns, { count, selection, marks });
  }

  /** New row objects, from the record numbered `from` on. */
  toRows(from = 0): Record<string, unknown>[] {
    const { layout, columns, rows, count } = this;
    const values = layout.fields.map((field, place) =>
      valuesAt(columns[place] as Column, field, rows, { from, to: count }),
    );
    return buildRows(layout.type, values, count - from);
  }

  /** Of the records from `from` on, one after the other; null when none has one. */
  timestampsFrom(from: number): Float64Array | null {
    const { timestamps } = this.marks;
    if (timestamps === null) return null;
    const { rows, count } = this;
    const selected = new Float64Array(count - from);
    for (let at = from; at < count; at++) selected[at - from] = timestamps[rows[at] as number] as number;
    return selected;
  }

  timestampAt(row: number): number {
    return this.marks.timestamps === null ? NO_TIMESTAMP : (this.marks.timestamps[row] as number);
  }

  /** Of the record at that place: its RowKind. */
  rowKindAt(row: number): number {
    return this.marks.rowKinds === null ? rowKinds.insert : (this.marks.rowKinds[row] as number);
  }

  release(): void {
    const release = this.#release;
    if (release === null) return;
    this.#release = released;
    release(isDebugging);
  }
}

function released(): void {
  assert(false, "a batch is released once");
}
