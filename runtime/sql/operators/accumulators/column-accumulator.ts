/**
 * Owns: the port of aggregate functions over columns: states lie in the pages of column tables, and rows come column by column.
 * Not here: which function has one (column-accumulators.ts), functions over values (accumulator.ts).
 *
 * SQOC1 A result is that of the accumulator of the same name, whatever is merged with whatever.
 * SQOC2 A state of zeros and empty texts is that of no row.
 */
import type { PageValues } from "../../../ports/index.ts";
import {
  type AnyStore,
  type BigintColumn,
  type Column,
  isNull,
  TABLE_PAGE_BITS,
  type ValueType,
} from "../../../record/index.ts";

export const PAGE_SLOTS = 2 ** TABLE_PAGE_BITS;
export const SLOT_MASK = PAGE_SLOTS - 1;

/** What became of a record's key: it was there, and its results are the same or others; or it is new. */
export const changes = { none: 0, update: 1, insert: 2 } as const;

/** Of one field of the states: its pages. */
export type Pages = readonly PageValues[];
/** `slots[i]` is the slot of the record at the place `rows[i]` of the batch. */
export type Records = { readonly slots: Int32Array; readonly rows: Int32Array; readonly count: number };
/** Of records one after the other. `passes`: 1 where it counts, by number; null: all do. `outcomes`: of each record one of `changes`. */
export type Steps = Records & { readonly passes: Uint8Array | null; readonly outcomes: Uint8Array };
/** Of a page the states at the places `rows[i]`, and the slots that each goes to. */
export type MergedPart = Records & { readonly page: number };
export type Slots = { readonly slots: Int32Array; readonly count: number };
/** `at`: the place of the first one's result. */
export type ShownSlots = Slots & { readonly at: number };

export type ColumnAccumulator = {
  /** Of the state. */
  readonly fields: readonly ValueType<unknown>[];
  /** `column`: of the argument; null: COUNT(*). */
  add(state: readonly Pages[], records: Records, column: Column | null): void;
  /**
   * Adds one record after the other. Of record `i` the result before it goes into the store's place `2 i`, that after it into `2 i + 1`; of a new key both are that after it. Where
   * they differ, `none` becomes `update`.
   */
  step(state: readonly Pages[], steps: Steps, column: Column | null, store: AnyStore): void;
  /** The states of a part of another table into those at `slots`. */
  merge(into: readonly Pages[], from: readonly Pages[], part: MergedPart): void;
  /** The results of those slots, into the store's places from `slots.at` on. */
  result(state: readonly Pages[], slots: ShownSlots, store: AnyStore): void;
};

export const numbersAt = (pages: Pages | undefined, slot: number): Float64Array =>
  (pages as readonly Float64Array[])[slot >> TABLE_PAGE_BITS] as Float64Array;
export const bigintsAt = (pages: Pages | undefined, slot: number): BigInt64Array =>
  (pages as readonly BigInt64Array[])[slot >> TABLE_PAGE_BITS] as BigInt64Array;

export function isThere(column: Column, row: number): boolean {
  if (column.kind === "objects") return column.values[row] !== null;
  return column.nulls === null || !isNull(column.nulls, row);
}

/** A whole number as one of 64 bits, at that place. */
export function putWhole(words: BigintColumn["words"], place: number, value: number): void {
  words[2 * place] = value | 0;
  words[2 * place + 1] = value < 0x8000_0000 && value >= 0 ? 0 : Math.floor(value / 0x1_0000_0000);
}

/** Adds up the numbers of a page. */
export function mergeNumbers(
  into: Pages | undefined,
  from: Pages | undefined,
  { page, rows, slots, count }: MergedPart,
): void {
  const source = (from as readonly Float64Array[])[page] as Float64Array;
  for (let at = 0; at < count; at++) {
    const slot = slots[at] as number;
    const target = numbersAt(into, slot);
    target[slot & SLOT_MASK] = (target[slot & SLOT_MASK] as number) + (source[rows[at] as number] as number);
  }
}
