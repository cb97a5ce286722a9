/**
 * Owns: COUNT over columns.
 */
import { type BigintColumn, type Column, t, TABLE_PAGE_BITS, type ValueType } from "../../../record/index.ts";
import {
  changes,
  type ColumnAccumulator,
  isThere,
  mergeNumbers,
  numbersAt,
  PAGE_SLOTS,
  putWhole,
  SLOT_MASK,
} from "./column-accumulator.ts";

export const columnCount: ColumnAccumulator = {
  fields: [t.int64 as ValueType<unknown>],
  add: ([counts], { slots, rows, count }, column) => {
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      if (column !== null && !isThere(column, rows[at] as number)) continue;
      const page = numbersAt(counts, slot);
      page[slot & SLOT_MASK] = (page[slot & SLOT_MASK] as number) + 1;
    }
  },
  step: ([counts], { slots, rows, count, passes, outcomes }, column, store) => {
    const { words } = store.column() as BigintColumn;
    const passed = passes ?? allOf(count);
    const counted = column === null || !mayBeNull(column) ? passed : thereOf(column, rows, passed, count);
    // Imported names are looked up each time, and a branch for what counts goes wrong for many rows.
    const [pages, bits, mask, insert] = [counts as readonly Float64Array[], TABLE_PAGE_BITS, SLOT_MASK, changes.insert];
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      const page = pages[slot >> bits] as Float64Array;
      const before = page[slot & mask] as number;
      const more = counted[at] as number;
      const after = before + more;
      page[slot & mask] = after;
      const outcome = outcomes[at] as number;
      // `none` becomes `update`, others stay.
      outcomes[at] = outcome | (more & ~(outcome >> 1));
      const shown = outcome === insert ? after : before;
      const place = 4 * at;
      words[place] = shown;
      words[place + 1] = 0;
      words[place + 2] = after;
      words[place + 3] = 0;
      if (after < 0x8000_0000) continue;
      putWhole(words, 2 * at, shown);
      putWhole(words, 2 * at + 1, after);
    }
  },
  merge: ([into], [from], part) => mergeNumbers(into, from, part),
  result: ([counts], { slots, count, at: first }, store) => {
    const { words } = store.column() as BigintColumn;
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      putWhole(words, first + at, numbersAt(counts, slot)[slot & SLOT_MASK] as number);
    }
  },
};

const mayBeNull = ({ kind, nulls }: Column): boolean => kind === "objects" || nulls !== null;

let ones = new Uint8Array(0);

function allOf(count: number): Uint8Array {
  if (ones.length < count) ones = new Uint8Array(Math.max(PAGE_SLOTS, count)).fill(1);
  return ones;
}

let there = new Uint8Array(0);

/** Of each record whether it passes and has a value; valid until the next call. */
function thereOf(column: Column, rows: Int32Array, passed: Uint8Array, count: number): Uint8Array {
  if (there.length < count) there = new Uint8Array(Math.max(PAGE_SLOTS, count));
  for (let at = 0; at < count; at++) there[at] = passed[at] === 1 && isThere(column, rows[at] as number) ? 1 : 0;
  return there;
}
