/**
 * Owns: MIN and MAX over columns: of numbers, times, dates and texts.
 */
import type { TextValues } from "../../../ports/index.ts";
import {
  type AnyStore,
  type BigintColumn,
  type Column,
  isNull,
  t,
  TABLE_PAGE_BITS,
  type TextColumn,
  type ValueType,
} from "../../../record/index.ts";
import { columnTypeOf } from "../../rows/row-type.ts";
import type { SqlType } from "../../types/sql-type.ts";
import { compareTextsAt } from "../text-order.ts";
import { compareWords, copyWords, PageWords } from "./bigint-words.ts";
import { changes, type ColumnAccumulator, type Pages, SLOT_MASK } from "./column-accumulator.ts";

type Which = "least" | "greatest";

const NUMBERS: readonly string[] = ["int32", "int64", "bigint", "float64", "timestamp", "date"];

/** Null: values of the type are not kept in columns. */
export function columnExtreme(type: SqlType, which: Which): ColumnAccumulator | null {
  const field = columnTypeOf({ ...type, isNullable: false });
  if (field.kind === "string") return extremeOf(field, textExtreme(which));
  if (!NUMBERS.includes(field.kind)) return null;
  // A date's pages hold its milliseconds.
  const accumulator = extremeOf(
    field.kind === "date" ? (t.timestamp as ValueType<unknown>) : field,
    numberExtreme(which),
  );
  return field.kind === "bigint" ? { ...accumulator, step: stepByWords(which) } : accumulator;
}

/** How values are compared and kept, by the place of a value in a column. */
type Extreme = {
  /** Whether the value at `row` counts instead of that of the slot. */
  isBetter(bests: Pages, slot: number, column: Column, row: number): boolean;
  put(bests: Pages, slot: number, column: Column, row: number): void;
  /** The pages' values, as a column of its slots. */
  columnOf(bests: Pages, page: number): Column;
  show(bests: Pages, slot: number, store: AnyStore, at: number): void;
};

function extremeOf(field: ValueType<unknown>, { isBetter, put, columnOf, show }: Extreme): ColumnAccumulator {
  /** True: it has become another one. */
  const take = ([bests, seen]: readonly Pages[], slot: number, column: Column, row: number): boolean => {
    const isSeen = (seen as readonly Uint8Array[])[slot >> TABLE_PAGE_BITS] as Uint8Array;
    if (isSeen[slot & SLOT_MASK] === 1 && !isBetter(bests as Pages, slot, column, row)) return false;
    put(bests as Pages, slot, column, row);
    isSeen[slot & SLOT_MASK] = 1;
    return true;
  };
  const showAt = ([bests, seen]: readonly Pages[], slot: number, store: AnyStore, at: number): void => {
    const isSeen = (seen as readonly Uint8Array[])[slot >> TABLE_PAGE_BITS] as Uint8Array;
    if (isSeen[slot & SLOT_MASK] === 1) show(bests as Pages, slot, store, at);
    else store.setNull(at);
  };
  return {
    fields: [field, t.boolean as ValueType<unknown>],
    add: (state, { slots, rows, count }, column) => {
      const { nulls } = column as Column;
      for (let at = 0; at < count; at++) {
        const row = rows[at] as number;
        if (nulls === null || !isNull(nulls, row)) take(state, slots[at] as number, column as Column, row);
      }
    },
    step: (state, { slots, rows, count, passes, outcomes }, column, store) => {
      const { nulls } = column as Column;
      for (let at = 0; at < count; at++) {
        const slot = slots[at] as number;
        const row = rows[at] as number;
        // Texts are put in the order of their places: of a new key the place before is filled once it is known.
        const isNew = outcomes[at] === changes.insert;
        if (!isNew) showAt(state, slot, store, 2 * at);
        const counts = (passes === null || passes[at] === 1) && (nulls === null || !isNull(nulls, row));
        if (counts && take(state, slot, column as Column, row) && !isNew) outcomes[at] = changes.update;
        if (isNew) showAt(state, slot, store, 2 * at);
        showAt(state, slot, store, 2 * at + 1);
      }
    },
    merge: (into, [bests, seen], { page, rows, slots, count }) => {
      const column = columnOf(bests as Pages, page);
      const isSeen = (seen as readonly Uint8Array[])[page] as Uint8Array;
      for (let at = 0; at < count; at++) {
        const row = rows[at] as number;
        if (isSeen[row] === 1) take(into, slots[at] as number, column, row);
      }
    },
    result: (state, { slots, count, at: first }, store) => {
      for (let at = 0; at < count; at++) showAt(state, slots[at] as number, store, first + at);
    },
  };
}

/** As `step` of `extremeOf`, without a bigint for each value that is compared and shown. */
const stepByWords =
  (which: Which): ColumnAccumulator["step"] =>
  ([bests, seen], { slots, rows, count, passes, outcomes }, column, store) => {
    const { nulls, words } = column as BigintColumn;
    const { words: shown } = store.column() as BigintColumn;
    const pages = new PageWords(bests);
    const sign = which === "least" ? -1 : 1;
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      const row = rows[at] as number;
      const isSeen = (seen as readonly Uint8Array[])[slot >> TABLE_PAGE_BITS] as Uint8Array;
      const page = pages.at(slot);
      const place = slot & SLOT_MASK;
      const isNew = outcomes[at] === changes.insert;
      const wasSeen = isSeen[place] === 1;
      const counts = (passes === null || passes[at] === 1) && (nulls === null || !isNull(nulls, row));
      if (wasSeen && !isNew) copyWords(page, place, shown, 2 * at);
      else if (!isNew) store.setNull(2 * at);
      if (counts && (!wasSeen || compareWords(words, row, page, place) === sign)) {
        copyWords(words, row, page, place);
        isSeen[place] = 1;
        if (!isNew) outcomes[at] = changes.update;
      }
      for (let to = isNew ? 2 * at : 2 * at + 1; to <= 2 * at + 1; to++)
        if (isSeen[place] === 1) copyWords(page, place, shown, to);
        else store.setNull(to);
    }
  };

type Comparable = number | bigint;
type Bests = { [at: number]: Comparable };

function numberExtreme(which: Which): Extreme {
  const pageOf = (bests: Pages, slot: number): Bests => bests[slot >> TABLE_PAGE_BITS] as unknown as Bests;
  const valueOf = (column: Column, row: number): Comparable =>
    (column as unknown as { values: Bests }).values[row] as Comparable;
  // NaN is the greatest number.
  const isBetter: (value: Comparable, best: Comparable) => boolean =
    which === "least"
      ? (value, best) => value < best || (Number.isNaN(best) && !Number.isNaN(value))
      : (value, best) => value > best || (Number.isNaN(value) && !Number.isNaN(best));
  return {
    isBetter: (bests, slot, column, row) =>
      isBetter(valueOf(column, row), pageOf(bests, slot)[slot & SLOT_MASK] as Comparable),
    put: (bests, slot, column, row) => {
      pageOf(bests, slot)[slot & SLOT_MASK] = valueOf(column, row);
    },
    columnOf: (bests, page) => ({ values: bests[page] }) as unknown as Column,
    show: (bests, slot, store, at) => {
      (store as unknown as { readonly values: Bests }).values[at] = pageOf(bests, slot)[slot & SLOT_MASK] as Comparable;
    },
  };
}

function textExtreme(which: Which): Extreme {
  const textsOf = (bests: Pages, page: number): TextValues => bests[page] as TextValues;
  return {
    isBetter: (bests, slot, column, row) => {
      const order = compareTextsAt(
        column as TextColumn,
        row,
        textsOf(bests, slot >> TABLE_PAGE_BITS).column(),
        slot & SLOT_MASK,
      );
      return which === "least" ? order < 0 : order > 0;
    },
    put: (bests, slot, column, row) =>
      textsOf(bests, slot >> TABLE_PAGE_BITS).put(column as TextColumn, row, slot & SLOT_MASK),
    columnOf: (bests, page) => textsOf(bests, page).column(),
    show: (bests, slot, store, at) => {
      const { putCopy } = store as unknown as { putCopy(column: TextColumn, row: number, at: number): void };
      putCopy.call(store, textsOf(bests, slot >> TABLE_PAGE_BITS).column(), slot & SLOT_MASK, at);
    },
  };
}
