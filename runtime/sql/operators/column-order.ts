/**
 * Owns: the order of ORDER BY over rows that stand in columns.
 * Called by: operators that sort what memory does not hold (runtime/spill).
 *
 * SQKO1 It is the order of row-order.ts.
 * SQKO2 The number of a row is its value in the first column, as far as a number says it: of text the first six bytes, of integers the nearest double. NULL and NaN are infinite, so that
 *     they are told from infinite numbers by comparing.
 */
import { type BigintColumn, type Column, type ColumnBatch, isNull, type TextColumn } from "../../record/index.ts";
import type { RowOrder } from "../../spill/index.ts";
import type { PlanRow, SortColumn } from "../plan/plan-tree.ts";
import { type Compare, valueOrder } from "../rows/value-order.ts";
import type { SqlType } from "../types/sql-type.ts";
import { compareTextsAt } from "./text-order.ts";

type OrderColumn = {
  readonly place: number;
  readonly sign: number;
  /** What a NULL is, before any other value. */
  readonly ofNull: number;
  /** Of values that have no column of numbers or text. */
  readonly compare: Compare;
};

type NumberColumn = { readonly values: ArrayLike<number | bigint> };

const TWO_32 = 2 ** 32;
const PREFIX_BYTES = 6;

export class ColumnOrder implements RowOrder {
  readonly #columns: readonly OrderColumn[];

  /** `orderOf`: of values that have no column of numbers or text. Errors: JOB_GRAPH_INVALID: a column has no order. */
  constructor(order: readonly SortColumn[], row: PlanRow, orderOf: (type: SqlType) => Compare = valueOrder) {
    this.#columns = order.map(({ column, direction, nulls }) => ({
      place: column,
      sign: direction === "DESC" ? -1 : 1,
      ofNull: nulls === "FIRST" ? -1 : 1,
      compare: orderOf((row[column] as PlanRow[number]).type),
    }));
  }

  numbers({ columns }: ColumnBatch, rows: Int32Array, count: number, into: Float64Array, at: number): boolean {
    const [first] = this.#columns;
    if (first === undefined) {
      into.fill(0, at, at + count);
      return true;
    }
    const { place, sign, ofNull } = first;
    const column = columns[place] as Column;
    if (!fillNumbers(column, rows, count, into, at)) return false;
    for (let row = at; row < at + count; row++) {
      const number = into[row] as number;
      into[row] = Number.isNaN(number) ? sign * Number.POSITIVE_INFINITY : sign * number;
    }
    const { nulls } = column;
    for (let index = 0; index < count; index++) {
      const row = rows[index] as number;
      const hasNull = column.kind === "objects" ? column.values[row] === null : nulls !== null && isNull(nulls, row);
      if (hasNull) into[at + index] = ofNull * Number.POSITIVE_INFINITY;
    }
    return true;
  }

  compare(left: readonly Column[], row: number, right: readonly Column[], place: number): number {
    for (const column of this.#columns) {
      const [one, other] = [left[column.place] as Column, right[column.place] as Column];
      const isOneNull = hasNullAt(one, row);
      if (isOneNull || hasNullAt(other, place)) {
        if (isOneNull && hasNullAt(other, place)) continue;
        return isOneNull ? column.ofNull : -column.ofNull;
      }
      const difference = compareValues(column, one, row, other, place);
      if (difference !== 0) return difference * column.sign;
    }
    return 0;
  }
}

function hasNullAt(column: Column, row: number): boolean {
  if (column.kind === "objects") return column.values[row] === null;
  return column.nulls !== null && isNull(column.nulls, row);
}

function compareValues({ compare }: OrderColumn, left: Column, row: number, right: Column, place: number): number {
  if (left.kind === "text") return compareTextsAt(left, row, right as TextColumn, place);
  if (left.kind === "objects") return compare(left.values[row], (right as NumberColumn).values[place]);
  const [one, other] = [left.values[row] as number | bigint, (right as NumberColumn).values[place] as number | bigint];
  if (one < other) return -1;
  if (one > other) return 1;
  // NaN is the greatest number.
  return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
}

/** SQKO2, ascending. False: the column has values of which no number says the order. */
function fillNumbers(column: Column, rows: Int32Array, count: number, into: Float64Array, at: number): boolean {
  switch (column.kind) {
    case "text":
      // Lone surrogates have an order of their own (SQRO1).
      if (!column.isWellFormed) return false;
      for (let index = 0; index < count; index++) into[at + index] = prefixOf(column, rows[index] as number);
      return true;
    case "bigint":
      for (let index = 0; index < count; index++) into[at + index] = nearestOf(column, rows[index] as number);
      return true;
    case "objects":
      return fillObjects(column.values, rows, count, into, at);
    default:
      for (let index = 0; index < count; index++) into[at + index] = column.values[rows[index] as number] as number;
      return true;
  }
}

function fillObjects(
  values: readonly unknown[],
  rows: Int32Array,
  count: number,
  into: Float64Array,
  at: number,
): boolean {
  for (let index = 0; index < count; index++) {
    const value = values[rows[index] as number];
    if (value !== null && typeof value !== "bigint") return false;
    into[at + index] = value === null ? 0 : Number(value);
  }
  return true;
}

function nearestOf({ words }: BigintColumn, row: number): number {
  return (words[2 * row + 1] as number) * TWO_32 + ((words[2 * row] as number) >>> 0);
}

function prefixOf({ bytes, starts, lengths }: TextColumn, row: number): number {
  const start = starts[row] as number;
  const length = lengths[row] as number;
  let number = 0;
  for (let at = 0; at < PREFIX_BYTES; at++) number = number * 256 + (at < length ? (bytes[start + at] as number) : 0);
  return number;
}
