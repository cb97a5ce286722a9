/**
 * Owns: gathering values that are scattered over several columns of one field, in an order of their own: rows of merged runs.
 *
 * CSC1 Texts are put in the order of their places (column-store.ts), so place 0 is first.
 */
import { type BigintColumn, type Column, isNull, type TextColumn } from "./column.ts";
import type { AnyStore, BigintStore, ObjectStore, TextStore } from "./column-store.ts";

/** Of the value at each place: its column among `columns`, and its row there. */
export type Scattered = { readonly sources: Int32Array; readonly rows: Int32Array; readonly count: number };

/** Fills the places 0 … count - 1 of the store. */
export function gatherScattered(store: AnyStore, columns: readonly Column[], scattered: Scattered): void {
  switch (store.field.kind) {
    case "text":
      gatherTexts(store as TextStore, columns as readonly TextColumn[], scattered);
      break;
    case "bigint":
      gatherWords(store as BigintStore, columns as readonly BigintColumn[], scattered);
      break;
    case "objects":
      gatherObjects(store as ObjectStore, columns, scattered);
      return;
    default:
      gatherNumbers(store as unknown as Numbers, columns as unknown as readonly Numbers[], scattered);
  }
  if (columns.some(({ nulls }) => nulls !== null)) gatherNulls(store, columns, scattered);
}

type Numbers = { readonly values: Float64Array | Int32Array | Uint8Array };

function gatherNumbers({ values }: Numbers, columns: readonly Numbers[], { sources, rows, count }: Scattered): void {
  const from = columns.map((column) => column.values);
  for (let at = 0; at < count; at++)
    values[at] = (from[sources[at] as number] as Numbers["values"])[rows[at] as number] as number;
}

// By words: a bigint in between would be allocated.
function gatherWords(
  { values }: BigintStore,
  columns: readonly BigintColumn[],
  { sources, rows, count }: Scattered,
): void {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const from = columns.map((column) => column.words);
  for (let at = 0; at < count; at++) {
    const source = from[sources[at] as number] as Int32Array;
    const row = (rows[at] as number) << 1;
    words[at << 1] = source[row] as number;
    words[(at << 1) + 1] = source[row + 1] as number;
  }
}

function gatherTexts(store: TextStore, columns: readonly TextColumn[], { sources, rows, count }: Scattered): void {
  for (let at = 0; at < count; at++)
    store.putCopy(columns[sources[at] as number] as TextColumn, rows[at] as number, at);
}

function gatherObjects(store: ObjectStore, columns: readonly Column[], { sources, rows, count }: Scattered): void {
  const one = new Int32Array(1);
  for (let at = 0; at < count; at++) {
    one[0] = rows[at] as number;
    store.gather(columns[sources[at] as number] as Column, { rows: one, from: 0, to: 1, at });
  }
}

function gatherNulls(store: AnyStore, columns: readonly Column[], { sources, rows, count }: Scattered): void {
  for (let at = 0; at < count; at++) {
    const nulls = columns[sources[at] as number]?.nulls ?? null;
    if (nulls === null || !isNull(nulls, rows[at] as number)) continue;
    // A text that is null has no length already (CLM1): its place stays where it is.
    store.setNull(at);
  }
}
