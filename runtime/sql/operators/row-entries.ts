/**
 * Owns: rows that are records of the batch at hand or stand in slots of a table, as numbers; their order, and whether two are equal.
 * Called by: table-rank.ts.
 *
 * SQEN1 A number from 0 on is a slot, one below 0 is the record `-1 - number`.
 */
import type { ColumnTable, PageValues, TextValues } from "../../ports/index.ts";
import {
  type BigintColumn,
  type Column,
  type ColumnBatch,
  type ColumnField,
  type Float64Column,
  isNull,
  layoutOf,
  TABLE_PAGE_BITS,
  type TextColumn,
} from "../../record/index.ts";
import type { PlanRow, SortColumn } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { SLOT_MASK } from "./accumulators/column-accumulator.ts";
import { compareTextsAt } from "./text-order.ts";

export const entryOf = (record: number): number => -1 - record;
export const recordOf = (entry: number): number => -1 - entry;

/** A column of the row: its place, and its field of a table's values; null: it is of the key alone, which rows of a partition share. */
type EntryColumn = {
  readonly place: number;
  readonly field: number | null;
  readonly kind: ColumnField["kind"] | undefined;
};

export class RowEntries {
  readonly #columns: readonly EntryColumn[];
  readonly #order: readonly {
    readonly column: EntryColumn;
    readonly sign: number;
    readonly ofNull: number;
  }[];
  #table!: ColumnTable;
  #batch: readonly Column[] = [];
  #rows: Int32Array = new Int32Array(0);

  /** `fieldOf`: of the row's places. */
  constructor(row: PlanRow, orderBy: readonly SortColumn[], fieldOf: (place: number) => number | null) {
    const { fields } = layoutOf(rowTypeOf(row));
    this.#columns = row.map((_column, place) => ({
      place,
      field: fieldOf(place),
      kind: fields[place]?.kind,
    }));
    // What is of the key alone is the same for all rows of a partition.
    this.#order = orderBy
      .map(({ column, direction, nulls }) => ({
        column: this.#columns[column] as EntryColumn,
        sign: direction === "DESC" ? -1 : 1,
        ofNull: nulls === "FIRST" ? -1 : 1,
      }))
      .filter(({ column }) => column.field !== null);
  }

  /** Whose slots and records the numbers are; `rows`: of the records, their places. */
  use(table: ColumnTable, batch: ColumnBatch | null, rows: Int32Array): void {
    this.#table = table;
    this.#batch = batch?.columns ?? [];
    this.#rows = rows;
  }

  /** Below zero: `left` comes first. */
  compare(left: number, right: number): number {
    for (const { column, sign, ofNull } of this.#order) {
      const [isLeftNull, isRightNull] = [this.#isNull(column, left), this.#isNull(column, right)];
      if (isLeftNull || isRightNull) {
        if (isLeftNull !== isRightNull) return isLeftNull ? ofNull : -ofNull;
        continue;
      }
      const difference = this.#compareValues(column, left, right);
      if (difference !== 0) return difference * sign;
    }
    return 0;
  }

  /** Of rows of one partition. */
  areSame(left: number, right: number): boolean {
    for (const column of this.#columns) {
      if (column.field === null) continue;
      const isLeftNull = this.#isNull(column, left);
      if (isLeftNull !== this.#isNull(column, right)) return false;
      if (!isLeftNull && this.#compareValues(column, left, right) !== 0) return false;
    }
    return true;
  }

  #isNull({ place, field }: EntryColumn, entry: number): boolean {
    if (entry < 0) {
      const { nulls } = this.#batch[place] as Column;
      return nulls !== null && isNull(nulls, this.#rows[recordOf(entry)] as number);
    }
    const nulls = this.#table.nulls[field as number] ?? null;
    return nulls !== null && isNull(nulls[entry >> TABLE_PAGE_BITS] as Uint8Array, entry & SLOT_MASK);
  }

  #compareValues(column: EntryColumn, left: number, right: number): number {
    // One by one: bigints that are compared as such are not allocated.
    if (column.kind === "bigint") {
      const [one, other] = [this.#bigintOf(column, left), this.#bigintOf(column, right)];
      return one < other ? -1 : one > other ? 1 : 0;
    }
    if (column.kind === "text")
      return compareTextsAt(
        this.#textOf(column, left),
        this.#placeOf(left),
        this.#textOf(column, right),
        this.#placeOf(right),
      );
    const [one, other] = [this.#numberOf(column, left), this.#numberOf(column, right)];
    if (one < other) return -1;
    if (one > other) return 1;
    // NaN is the greatest number.
    return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
  }

  #placeOf(entry: number): number {
    return entry < 0 ? (this.#rows[recordOf(entry)] as number) : entry & SLOT_MASK;
  }

  #bigintOf({ place, field }: EntryColumn, entry: number): bigint {
    const values =
      entry < 0 ? (this.#batch[place] as BigintColumn).values : (this.#pageOf(field, entry) as BigInt64Array);
    return values[this.#placeOf(entry)] as bigint;
  }

  #numberOf({ place, field }: EntryColumn, entry: number): number {
    const values =
      entry < 0 ? (this.#batch[place] as Float64Column).values : (this.#pageOf(field, entry) as Float64Array);
    return values[this.#placeOf(entry)] as number;
  }

  #textOf({ place, field }: EntryColumn, entry: number): TextColumn {
    return entry < 0 ? (this.#batch[place] as TextColumn) : (this.#pageOf(field, entry) as TextValues).column();
  }

  #pageOf(field: number | null, slot: number): PageValues {
    return this.#table.values[field as number]?.[slot >> TABLE_PAGE_BITS] as PageValues;
  }
}
