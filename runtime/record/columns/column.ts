/**
 * Owns: one column of values in memory, by kind, and reading values of it.
 *
 * CLM1 A place in `nulls` (bit set = null) says that there is no value; what the arrays hold there means nothing, but a text's length, which is 0.
 *     A column of objects has no bitmap: null is a value there.
 * CLM2 Text begins on a 4-byte boundary and is padded with zero bytes, so that it is copied and compared by words.
 * CLM3 Text is UTF-8, with lone surrogates as three bytes (WTF-8) where `isWellFormed` is false: strings come back unit by unit.
 */
import { DateValue } from "../plain-value.ts";
import type { ColumnField } from "./layout.ts";
import { readText, readTexts } from "./text.ts";

type Nullable = { readonly nulls: Uint8Array | null };

export type Float64Column = Nullable & { readonly kind: "float64"; readonly values: Float64Array };
/** `words`: the same memory, two for each value, low word first. */
export type BigintColumn = Nullable & {
  readonly kind: "bigint";
  readonly values: BigInt64Array;
  readonly words: Int32Array;
};
export type Int32Column = Nullable & { readonly kind: "int32"; readonly values: Int32Array };
/** 1: true. */
export type BooleanColumn = Nullable & { readonly kind: "boolean"; readonly values: Uint8Array };
/** `starts` and `lengths` in bytes; `words`: the memory of `bytes`. */
export type TextColumn = Nullable & {
  readonly kind: "text";
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly isWellFormed: boolean;
};
export type ObjectColumn = { readonly kind: "objects"; readonly values: readonly unknown[]; readonly nulls: null };

export type Column = Float64Column | BigintColumn | Int32Column | BooleanColumn | TextColumn | ObjectColumn;

export function isNull(nulls: Uint8Array, row: number): boolean {
  return (((nulls[row >> 3] as number) >> (row & 7)) & 1) === 1;
}

/** The value at one place, as rows have it. */
export function valueAt(column: Column, field: ColumnField, row: number): unknown {
  if (column.nulls !== null && isNull(column.nulls, row)) return null;
  switch (column.kind) {
    case "text":
      return field.type.kind === "bytes" ? bytesAt(column, row) : readText(column, row);
    case "boolean":
      return column.values[row] === 1;
    case "float64":
      return field.type.kind === "date" ? new DateValue(column.values[row] as number) : column.values[row];
    default:
      return column.values[row];
  }
}

/** The values at the places `rows[from]` up to `rows[to - 1]`. */
export function valuesAt(
  column: Column,
  field: ColumnField,
  rows: Int32Array,
  { from, to }: { readonly from: number; readonly to: number },
): unknown[] {
  if (column.kind === "text" && field.type.kind === "string") {
    const texts: unknown[] = readTexts(column, rows, from, to);
    const { nulls } = column;
    if (nulls !== null)
      for (let at = from; at < to; at++) if (isNull(nulls, rows[at] as number)) texts[at - from] = null;
    return texts;
  }
  const isNumbers = (column.kind === "float64" && field.type.kind !== "date") || column.kind === "int32";
  if (isNumbers && column.nulls === null) return numbersAt(column.values, rows, from, to);
  const values: unknown[] = new Array(to - from);
  for (let at = from; at < to; at++) values[at - from] = valueAt(column, field, rows[at] as number);
  return values;
}

/** Whole numbers as such: V8 keeps small ones in the records themselves, and puts every other one into an object of its own. */
function numbersAt(source: Float64Array | Int32Array, rows: Int32Array, from: number, to: number): number[] {
  const values: number[] = new Array(to - from);
  for (let at = from; at < to; at++) {
    const value = source[rows[at] as number] as number;
    const whole = value | 0;
    // -0 stays what it is.
    values[at - from] = whole === value && (whole !== 0 || 1 / value > 0) ? whole : value;
  }
  return values;
}

function bytesAt({ bytes, starts, lengths }: TextColumn, row: number): Uint8Array {
  const start = starts[row] as number;
  return new Uint8Array(bytes.subarray(start, start + (lengths[row] as number)));
}
