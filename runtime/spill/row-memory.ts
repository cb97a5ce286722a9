/**
 * Owns: how much memory rows take: what batches of them hold, and how many rows a page may have within a budget.
 */
import { type Column, type ColumnBatch, COLUMN_ROWS, layoutOf, type ValueType } from "../record/index.ts";

/** Rows of the smallest page. */
const PAGE_ROWS_MIN = 16;
/** Of a text: where it is, and some characters. */
const TEXT_BYTES = 24;
/** A page is at most this part of a budget. */
const PAGES_A_BUDGET = 32;

/** Where a text is, and its padding. */
const TEXT_PLACE_BYTES = 10;
const NUMBER_BYTES = 16;
const OBJECT_BYTES = 64;
const ENTRY_BYTES = 16;

/** A power of two up to COLUMN_ROWS. `budgetBytes`: for pages of this type. */
export function pageRowsWithin(type: ValueType<unknown>, budgetBytes: number): number {
  const rowBytes = layoutOf(type).fields.reduce((sum, { kind }) => sum + (kind === "text" ? TEXT_BYTES : 8), 8);
  let rows = COLUMN_ROWS;
  while (rows > PAGE_ROWS_MIN && rows * rowBytes * PAGES_A_BUDGET > budgetBytes) rows /= 2;
  return rows;
}

/** What a batch as builders make them holds, whether all of it is used or not. */
export function bytesOf({ columns, count }: ColumnBatch): number {
  let bytes = 0;
  for (const column of columns) {
    bytes += column.nulls?.byteLength ?? 0;
    if (column.kind === "text") bytes += column.bytes.byteLength + column.starts.byteLength + column.lengths.byteLength;
    else if (column.kind === "objects") for (let row = 0; row < count; row++) bytes += bytesOfValue(column.values[row]);
    else bytes += column.values.byteLength;
  }
  return bytes;
}

/** What rows of a batch take in pages of their own: those at the first `count` places of `rows`. */
export function bytesOfRows(columns: readonly Column[], rows: Int32Array, count: number): number {
  let bytes = 0;
  for (const column of columns) {
    if (column.kind === "text")
      for (let at = 0; at < count; at++) bytes += TEXT_PLACE_BYTES + (column.lengths[rows[at] as number] as number);
    else if (column.kind === "objects")
      for (let at = 0; at < count; at++) bytes += bytesOfValue(column.values[rows[at] as number]);
    else bytes += count * column.values.BYTES_PER_ELEMENT;
  }
  return bytes;
}

/** About what a value takes on the heap. */
export function bytesOfValue(value: unknown): number {
  switch (typeof value) {
    case "string":
      return ENTRY_BYTES + value.length * 2;
    case "bigint":
      return 2 * NUMBER_BYTES;
    case "object":
      return value === null ? 8 : bytesOfObject(value);
    default:
      return NUMBER_BYTES;
  }
}

function bytesOfObject(value: object): number {
  if (ArrayBuffer.isView(value)) return OBJECT_BYTES * 2 + value.byteLength;
  let bytes = OBJECT_BYTES;
  if (value instanceof Map) {
    for (const [key, item] of value) bytes += ENTRY_BYTES * 2 + bytesOfValue(key) + bytesOfValue(item);
    return bytes;
  }
  for (const item of Object.values(value)) bytes += ENTRY_BYTES + bytesOfValue(item);
  return bytes;
}
