/**
 * Owns: the key of a row of SQL, by the places of its columns: for edges by hash, and for keyed state.
 * Called by: aggregates, joins, ranks, and whoever builds their edges.
 *
 * SQRK1 Of one key column it is the value, of several or none the array of the values; dates are milliseconds, bytes hex text, NaN the text `NaN` (PLK1).
 *     NULL is a key like others.
 * SQRK2 Its hash is `keyHash` of it; a batch that came over an edge by these columns has it already (CHK1).
 */
import {
  type Column,
  type ColumnBatch,
  type ColumnField,
  hashKeyColumns,
  type Key,
  keptValue,
  plainKey,
  valueAt,
} from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { columnTypeOf } from "./row-type.ts";

export class RowKeys {
  /** For the `keyColumns` of an edge. */
  readonly columns: readonly string[];
  readonly places: readonly number[];
  readonly #row: PlanRow;
  #hashes = new Int32Array(0);

  constructor(row: PlanRow, places: readonly number[]) {
    this.#row = row;
    this.places = places;
    this.columns = places.map((place) => (row[place] as PlanRow[number]).name);
  }

  /** For the `keySelector` of an edge. */
  readonly ofRow = (row: Readonly<Record<string, unknown>>): Key => {
    const { columns } = this;
    return columns.length === 1 ? plainKey(row[columns[0] as string]) : columns.map((name) => plainKey(row[name]));
  };

  /** Whether two rows have one key, seen by their values as they are: false says nothing of dates and bytes. */
  areSame(row: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
    for (const name of this.columns) if (row[name] !== other[name]) return false;
    return true;
  }

  /** Of the record at that place of the batch's columns. */
  at(batch: ColumnBatch, row: number): Key {
    const { places } = this;
    return places.length === 1
      ? keyAt(batch, places[0] as number, row)
      : places.map((place) => keyAt(batch, place, row));
  }

  /** By place, of all records of the batch. Valid until the next call. */
  hashes(batch: ColumnBatch): Int32Array {
    const { keyHashes } = batch.marks;
    if (keyHashes !== null) return keyHashes;
    if (this.#hashes.length < batch.size) this.#hashes = new Int32Array(batch.size);
    hashKeyColumns(batch, this.places, this.#hashes);
    return this.#hashes;
  }

  /** The values of the key's columns, as rows have them. */
  values(key: Key): readonly unknown[] {
    const { places } = this;
    const parts = places.length === 1 ? [key] : (key as readonly Key[]);
    return places.map((place, at) =>
      keptValue(columnTypeOf((this.#row[place] as PlanRow[number]).type), parts[at] as Key),
    );
  }
}

function keyAt({ columns, layout }: ColumnBatch, place: number, row: number): Key {
  return plainKey(valueAt(columns[place] as Column, layout.fields[place] as ColumnField, row));
}
