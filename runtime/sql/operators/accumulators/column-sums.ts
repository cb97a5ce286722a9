/**
 * Owns: SUM and AVG over columns: a sum, and of how many values it is.
 */
import { type AnyStore, type BigintColumn, type Column, isNull, t, type ValueType } from "../../../record/index.ts";
import type { SqlType } from "../../types/sql-type.ts";
import { doubleAt, PageWords } from "./bigint-words.ts";
import {
  bigintsAt,
  changes,
  type ColumnAccumulator,
  mergeNumbers,
  type MergedPart,
  numbersAt,
  type Pages,
  putWhole,
  SLOT_MASK,
  type Steps,
} from "./column-accumulator.ts";

type Numbers = Float64Array | Int32Array;
type Result = number | bigint;

const INT64 = t.int64 as ValueType<unknown>;
const INTEGERS: ReadonlySet<SqlType["kind"]> = new Set<SqlType["kind"]>(["tinyint", "smallint", "int"]);
const wraps: Partial<Record<SqlType["kind"], (sum: number) => number>> = {
  tinyint: (sum) => (sum << 24) >> 24,
  smallint: (sum) => (sum << 16) >> 16,
};

export function columnSum({ kind }: SqlType): ColumnAccumulator | null {
  if (kind === "bigint")
    return byWords(
      bigintSum((sum) => sum),
      (sum) => sum,
    );
  // 32 bits wrap as they are added, narrower ones at the end.
  if (INTEGERS.has(kind)) return numberSum(t.int32 as ValueType<unknown>, wraps[kind] ?? ((sum) => sum));
  return kind === "double" ? numberSum(t.float64 as ValueType<unknown>, (sum) => sum) : null;
}

export function columnAverage({ kind }: SqlType): ColumnAccumulator | null {
  if (kind === "double") return numberSum(t.float64 as ValueType<unknown>, (sum, values) => sum / values);
  if (kind === "bigint")
    return byWords(
      bigintSum((sum, values) => sum / BigInt(values)),
      (sum, values) => Math.trunc(sum / values),
    );
  return INTEGERS.has(kind) ? bigintSum((sum, values) => Number(sum / BigInt(values))) : null;
}

/** How the states of one kind of sums are read and changed. */
type Summing = {
  readonly field: ValueType<unknown>;
  /** Of a row whose value is there. */
  addRow(state: readonly Pages[], column: Column, slot: number, row: number): void;
  mergeSums(into: Pages | undefined, from: Pages | undefined, part: MergedPart): void;
  /** Null: of no value. */
  resultAt(state: readonly Pages[], slot: number): Result | null;
};

type Ends = { readonly column: Column; readonly store: AnyStore };
/** A step of the record of that number. */
type StepAt = (state: readonly Pages[], steps: Steps, at: number, ends: Ends) => void;

function sumOf({ field, addRow, mergeSums, resultAt }: Summing): ColumnAccumulator & { readonly stepAt: StepAt } {
  const stepAt: StepAt = (state, { slots, rows, passes, outcomes }, at, { column, store }) => {
    const { nulls } = column;
    const slot = slots[at] as number;
    const row = rows[at] as number;
    const before = resultAt(state, slot);
    const counts = (passes === null || passes[at] === 1) && (nulls === null || !isNull(nulls, row));
    if (counts) addRow(state, column, slot, row);
    const after = counts ? resultAt(state, slot) : before;
    put(store, 2 * at, outcomes[at] === changes.insert ? after : before);
    put(store, 2 * at + 1, after);
    const isSame = before === after || (Number.isNaN(before) && Number.isNaN(after));
    if (!isSame && outcomes[at] === changes.none) outcomes[at] = changes.update;
  };
  return {
    stepAt,
    fields: [field, INT64],
    add: (state, { slots, rows, count }, column) => {
      const { nulls } = column as Column;
      for (let at = 0; at < count; at++) {
        const row = rows[at] as number;
        if (nulls === null || !isNull(nulls, row)) addRow(state, column as Column, slots[at] as number, row);
      }
    },
    step: (state, steps, column, store) => {
      for (let at = 0; at < steps.count; at++) stepAt(state, steps, at, { column: column as Column, store });
    },
    merge: ([sums, counts], [fromSums, fromCounts], part) => {
      mergeSums(sums, fromSums, part);
      mergeNumbers(counts, fromCounts, part);
    },
    result: (state, { slots, count, at: first }, store) => {
      for (let at = 0; at < count; at++) put(store, first + at, resultAt(state, slots[at] as number));
    },
  };
}

function put(store: AnyStore, at: number, value: Result | null): void {
  if (value === null) store.setNull(at);
  else (store as unknown as { readonly values: Result[] }).values[at] = value;
}

function countOne(counts: Pages | undefined, slot: number): void {
  const page = numbersAt(counts, slot);
  page[slot & SLOT_MASK] = (page[slot & SLOT_MASK] as number) + 1;
}

/** `settle`: the result. */
function numberSum(field: ValueType<unknown>, settle: (sum: number, values: number) => number): ColumnAccumulator {
  return sumOf({
    field,
    addRow: ([sums, counts], column, slot, row) => {
      const { values } = column as Column & { readonly values: Numbers };
      const page = numbersAt(sums, slot);
      page[slot & SLOT_MASK] = (page[slot & SLOT_MASK] as number) + (values[row] as number);
      countOne(counts, slot);
    },
    mergeSums: mergeNumbers,
    resultAt: ([sums, counts], slot) => {
      const values = numbersAt(counts, slot)[slot & SLOT_MASK] as number;
      return values === 0 ? null : settle(numbersAt(sums, slot)[slot & SLOT_MASK] as number, values);
    },
  });
}

/** The same of whole numbers of 64 bits; pages wrap. */
function bigintSum(settle: (sum: bigint, values: number) => Result): ReturnType<typeof sumOf> {
  return sumOf({
    field: t.bigint as ValueType<unknown>,
    addRow: ([sums, counts], column, slot, row) => {
      const { values } = column as Column & { readonly values: BigInt64Array | Numbers };
      const page = bigintsAt(sums, slot);
      page[slot & SLOT_MASK] = (page[slot & SLOT_MASK] as bigint) + BigInt(values[row] as bigint | number);
      countOne(counts, slot);
    },
    mergeSums: (into, from, { page, rows, slots, count }) => {
      const source = (from as readonly BigInt64Array[])[page] as BigInt64Array;
      for (let at = 0; at < count; at++) {
        const slot = slots[at] as number;
        const target = bigintsAt(into, slot);
        target[slot & SLOT_MASK] = (target[slot & SLOT_MASK] as bigint) + (source[rows[at] as number] as bigint);
      }
    },
    resultAt: ([sums, counts], slot) => {
      const values = numbersAt(counts, slot)[slot & SLOT_MASK] as number;
      return values === 0 ? null : settle(bigintsAt(sums, slot)[slot & SLOT_MASK] as bigint, values);
    },
  });
}

/** Of columns of BIGINT, whose results are some; `settle`: of a sum within SQBIW1. Other sums take `stepAt`. */
function byWords(
  { stepAt, ...accumulator }: ReturnType<typeof sumOf>,
  settle: (sum: number, values: number) => number,
): ColumnAccumulator {
  const step: ColumnAccumulator["step"] = (state, steps, column, store) => {
    const { slots, rows, count, passes, outcomes } = steps;
    const { nulls, words } = column as BigintColumn;
    const { words: shown } = store.column() as BigintColumn;
    const [sums, counts] = state;
    const pages = new PageWords(sums);
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      const row = rows[at] as number;
      const numbers = numbersAt(counts, slot);
      const place = slot & SLOT_MASK;
      const values = numbers[place] as number;
      const counted = (passes === null || passes[at] === 1) && (nulls === null || !isNull(nulls, row));
      const page = pages.at(slot);
      const before = doubleAt(page, place);
      const sum = counted ? before + doubleAt(words, row) : before;
      const isFirst = values === 0 && outcomes[at] !== changes.insert;
      if (Number.isNaN(sum) || isFirst || !(counted || values > 0)) {
        stepAt(state, steps, at, { column: column as Column, store });
        continue;
      }
      const after = counted ? settle(sum, values + 1) : settle(before, values);
      const result = outcomes[at] === changes.insert ? after : settle(before, values);
      putWhole(shown, 2 * at, result);
      putWhole(shown, 2 * at + 1, after);
      if (!counted) continue;
      putWhole(page, place, sum);
      numbers[place] = values + 1;
      if (result !== after && outcomes[at] === changes.none) outcomes[at] = changes.update;
    }
  };
  return { ...accumulator, step };
}
