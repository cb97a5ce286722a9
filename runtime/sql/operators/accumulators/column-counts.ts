/**
 * Owns: COUNT over columns.
 */
import { type BigintColumn, t, type ValueType } from "../../../record/index.ts";
import {
  changes,
  type ColumnAccumulator,
  isThere,
  mergeNumbers,
  numbersAt,
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
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      const page = numbersAt(counts, slot);
      const before = page[slot & SLOT_MASK] as number;
      const counted = (passes === null || passes[at] === 1) && (column === null || isThere(column, rows[at] as number));
      const after = counted ? before + 1 : before;
      if (counted) {
        page[slot & SLOT_MASK] = after;
        if (outcomes[at] === changes.none) outcomes[at] = changes.update;
      }
      putWhole(words, 2 * at, outcomes[at] === changes.insert ? after : before);
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
