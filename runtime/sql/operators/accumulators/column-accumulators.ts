/**
 * Owns: the aggregate functions whose states are a few numbers, over columns: states lie in the pages of column tables, and rows come column by column.
 * Not here: all others, and rows that are taken back (aggregate-functions.ts).
 *
 * SQOC1 A result is that of the accumulator of the same name, whatever is merged with whatever.
 */
import type { PageValues } from "../../../ports/index.ts";
import { type AnyStore, type Column, isNull, t, TABLE_PAGE_BITS, type ValueType } from "../../../record/index.ts";
import type { AggregateCall, PlanRow } from "../../plan/plan-tree.ts";
import { columnTypeOf } from "../../rows/row-type.ts";
import type { SqlType } from "../../types/sql-type.ts";

export const SLOT_MASK = 2 ** TABLE_PAGE_BITS - 1;

/** Of one field of the states: its pages. */
export type Pages = readonly PageValues[];
/** `slots[i]` is the slot of the record at the place `rows[i]` of the batch. */
export type Records = { readonly slots: Int32Array; readonly rows: Int32Array; readonly count: number };
/** The first `count` slots of a page. */
export type PagePart = { readonly page: number; readonly count: number };

export type ColumnAccumulator = {
  /** Of the state; all zero at first. */
  readonly fields: readonly ValueType<unknown>[];
  /** `column`: of the argument; null: COUNT(*). */
  add(state: readonly Pages[], records: Records, column: Column | null): void;
  /** The states of a page of another table into those at `slots`. */
  merge(into: readonly Pages[], from: readonly Pages[], part: PagePart & { readonly slots: Int32Array }): void;
  /** The state and the values at hand, for one record after the other. */
  one(state: readonly Pages[], column: Column | null): OneState;
  /** Of a page's slots the results, into the places of the store from 0. */
  result(state: readonly Pages[], part: PagePart, store: AnyStore): void;
};

export type OneState = {
  add(slot: number, row: number): void;
  /** As the store of the result has its values; null: NULL. */
  result(slot: number): number | bigint | null;
};

type Numbers = Float64Array | Int32Array;
type NumberStore = { readonly values: Numbers; setNull(at: number): void };
type BigintStore = { readonly values: BigInt64Array; setNull(at: number): void };

const numbersOf = (pages: Pages | undefined, slot: number): Float64Array =>
  (pages as readonly Float64Array[])[slot >> TABLE_PAGE_BITS] as Float64Array;
const bigintsOf = (pages: Pages | undefined, slot: number): BigInt64Array =>
  (pages as readonly BigInt64Array[])[slot >> TABLE_PAGE_BITS] as BigInt64Array;

const INT64 = t.int64 as ValueType<unknown>;

/** Calls `take` with the slot and the place of each record whose value is there. */
function forEachValue(
  column: Column,
  { slots, rows, count }: Records,
  take: (slot: number, row: number) => void,
): void {
  const { nulls } = column;
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    if (nulls === null || !isNull(nulls, row)) take(slots[at] as number, row);
  }
}

const count: ColumnAccumulator = {
  fields: [INT64],
  add: ([counts], records, column) => {
    const { slots, rows, count: size } = records;
    for (let at = 0; at < size; at++) {
      const slot = slots[at] as number;
      if (column !== null && !isThere(column, rows[at] as number)) continue;
      const page = numbersOf(counts, slot);
      page[slot & SLOT_MASK] = (page[slot & SLOT_MASK] as number) + 1;
    }
  },
  merge: ([into], [from], part) => addNumbers(into, from, part),
  one: ([counts], column) => ({
    add: (slot, row) => {
      if (column !== null && !isThere(column, row)) return;
      const page = numbersOf(counts, slot);
      page[slot & SLOT_MASK] = (page[slot & SLOT_MASK] as number) + 1;
    },
    result: (slot) => BigInt(numbersOf(counts, slot)[slot & SLOT_MASK] as number),
  }),
  result: ([counts], { page, count: size }, store) => {
    const { values } = store as unknown as BigintStore;
    const numbers = (counts as readonly Float64Array[])[page] as Float64Array;
    for (let at = 0; at < size; at++) values[at] = BigInt(numbers[at] as number);
  },
};

function isThere(column: Column, row: number): boolean {
  if (column.kind === "objects") return column.values[row] !== null;
  return column.nulls === null || !isNull(column.nulls, row);
}

function addNumbers(
  into: Pages | undefined,
  from: Pages | undefined,
  { page, count: size, slots }: PagePart & { readonly slots: Int32Array },
): void {
  const source = (from as readonly Float64Array[])[page] as Float64Array;
  for (let at = 0; at < size; at++) {
    const slot = slots[at] as number;
    const target = numbersOf(into, slot);
    target[slot & SLOT_MASK] = (target[slot & SLOT_MASK] as number) + (source[at] as number);
  }
}

function addBigints(
  into: Pages | undefined,
  from: Pages | undefined,
  { page, count: size, slots }: PagePart & { readonly slots: Int32Array },
): void {
  const source = (from as readonly BigInt64Array[])[page] as BigInt64Array;
  for (let at = 0; at < size; at++) {
    const slot = slots[at] as number;
    const target = bigintsOf(into, slot);
    target[slot & SLOT_MASK] = (target[slot & SLOT_MASK] as bigint) + (source[at] as bigint);
  }
}

/** Of a sum, and of how many values it is. `settle`: the result. */
function floatSum(field: ValueType<unknown>, settle: (sum: number, values: number) => number): ColumnAccumulator {
  return {
    fields: [field, INT64],
    add: ([sums, counts], records, column) => {
      const { values } = column as Column & { readonly values: Numbers };
      forEachValue(column as Column, records, (slot, row) => {
        const at = slot & SLOT_MASK;
        const sum = numbersOf(sums, slot);
        const size = numbersOf(counts, slot);
        sum[at] = (sum[at] as number) + (values[row] as number);
        size[at] = (size[at] as number) + 1;
      });
    },
    merge: ([sums, counts], [fromSums, fromCounts], part) => {
      addNumbers(sums, fromSums, part);
      addNumbers(counts, fromCounts, part);
    },
    one: ([sums, counts], column) => {
      const { values, nulls } = column as Column & { readonly values: Numbers };
      return {
        add: (slot, row) => {
          if (nulls !== null && isNull(nulls, row)) return;
          const at = slot & SLOT_MASK;
          const sum = numbersOf(sums, slot);
          const size = numbersOf(counts, slot);
          sum[at] = (sum[at] as number) + (values[row] as number);
          size[at] = (size[at] as number) + 1;
        },
        result: (slot) => {
          const size = numbersOf(counts, slot)[slot & SLOT_MASK] as number;
          return size === 0 ? null : settle(numbersOf(sums, slot)[slot & SLOT_MASK] as number, size);
        },
      };
    },
    result: ([sums, counts], { page, count: size }, store) => {
      const target = store as unknown as NumberStore;
      const sum = (sums as readonly Float64Array[])[page] as Float64Array;
      const values = (counts as readonly Float64Array[])[page] as Float64Array;
      for (let at = 0; at < size; at++) {
        if (values[at] === 0) target.setNull(at);
        else target.values[at] = settle(sum[at] as number, values[at] as number);
      }
    },
  };
}

/** The same of whole numbers of 64 bits; pages wrap. */
function bigintSum(settle: (sum: bigint, values: number) => bigint | number): ColumnAccumulator {
  return {
    fields: [t.bigint as ValueType<unknown>, INT64],
    add: ([sums, counts], records, column) => {
      const { values } = column as Column & { readonly values: BigInt64Array | Numbers };
      forEachValue(column as Column, records, (slot, row) => {
        const at = slot & SLOT_MASK;
        const sum = bigintsOf(sums, slot);
        const size = numbersOf(counts, slot);
        sum[at] = (sum[at] as bigint) + BigInt(values[row] as bigint | number);
        size[at] = (size[at] as number) + 1;
      });
    },
    merge: ([sums, counts], [fromSums, fromCounts], part) => {
      addBigints(sums, fromSums, part);
      addNumbers(counts, fromCounts, part);
    },
    one: ([sums, counts], column) => {
      const { values, nulls } = column as Column & { readonly values: BigInt64Array | Numbers };
      return {
        add: (slot, row) => {
          if (nulls !== null && isNull(nulls, row)) return;
          const at = slot & SLOT_MASK;
          const sum = bigintsOf(sums, slot);
          const size = numbersOf(counts, slot);
          sum[at] = (sum[at] as bigint) + BigInt(values[row] as bigint | number);
          size[at] = (size[at] as number) + 1;
        },
        result: (slot) => {
          const size = numbersOf(counts, slot)[slot & SLOT_MASK] as number;
          return size === 0 ? null : settle(bigintsOf(sums, slot)[slot & SLOT_MASK] as bigint, size);
        },
      };
    },
    result: ([sums, counts], { page, count: size }, store) => {
      const target = store as unknown as { readonly values: (bigint | number)[]; setNull(at: number): void };
      const sum = (sums as readonly BigInt64Array[])[page] as BigInt64Array;
      const values = (counts as readonly Float64Array[])[page] as Float64Array;
      for (let at = 0; at < size; at++) {
        if (values[at] === 0) target.setNull(at);
        else target.values[at] = settle(sum[at] as bigint, values[at] as number);
      }
    },
  };
}

type Comparable = number | bigint;

/** `isBetter`: the value counts instead of the one so far. */
function extreme(type: SqlType, isBetter: (value: Comparable, best: Comparable) => boolean): ColumnAccumulator {
  type Bests = { [at: number]: Comparable };
  const put = (state: readonly Pages[], slot: number, value: Comparable): void => {
    const [bests, seen] = state as unknown as readonly [readonly Bests[], readonly Uint8Array[]];
    const at = slot & SLOT_MASK;
    const best = bests[slot >> TABLE_PAGE_BITS] as Bests;
    const isSeen = seen[slot >> TABLE_PAGE_BITS] as Uint8Array;
    if (isSeen[at] === 1 && !isBetter(value, best[at] as Comparable)) return;
    best[at] = value;
    isSeen[at] = 1;
  };
  return {
    fields: [columnTypeOf({ ...type, isNullable: false }), t.boolean as ValueType<unknown>].map(pageType),
    add: (state, records, column) => {
      const { values } = column as Column & { readonly values: ArrayLike<Comparable> };
      forEachValue(column as Column, records, (slot, row) => put(state, slot, values[row] as Comparable));
    },
    merge: (into, [bests, seen], { page, count: size, slots }) => {
      const best = bests?.[page] as unknown as Bests;
      const isSeen = seen?.[page] as Uint8Array;
      for (let at = 0; at < size; at++) if (isSeen[at] === 1) put(into, slots[at] as number, best[at] as Comparable);
    },
    one: (state, column) => {
      const { values, nulls } = column as Column & { readonly values: ArrayLike<Comparable> };
      const [bests, seen] = state as unknown as readonly [readonly Bests[], readonly Uint8Array[]];
      return {
        add: (slot, row) => {
          if (nulls === null || !isNull(nulls, row)) put(state, slot, values[row] as Comparable);
        },
        result: (slot) =>
          (seen[slot >> TABLE_PAGE_BITS] as Uint8Array)[slot & SLOT_MASK] === 1
            ? ((bests[slot >> TABLE_PAGE_BITS] as Bests)[slot & SLOT_MASK] as Comparable)
            : null,
      };
    },
    result: ([bests, seen], { page, count: size }, store) => {
      const target = store as unknown as { readonly values: Bests; setNull(at: number): void };
      const best = bests?.[page] as unknown as Bests;
      const isSeen = seen?.[page] as Uint8Array;
      for (let at = 0; at < size; at++) {
        if (isSeen[at] === 1) target.values[at] = best[at] as Comparable;
        else target.setNull(at);
      }
    },
  };
}

/** A date's pages hold its milliseconds. */
const pageType = (type: ValueType<unknown>): ValueType<unknown> =>
  type.kind === "date" ? (t.timestamp as ValueType<unknown>) : type;

const INTEGERS: ReadonlySet<SqlType["kind"]> = new Set<SqlType["kind"]>(["tinyint", "smallint", "int"]);
const wraps: Partial<Record<SqlType["kind"], (sum: number) => number>> = {
  tinyint: (sum) => (sum << 24) >> 24,
  smallint: (sum) => (sum << 16) >> 16,
};

function sumOf({ kind }: SqlType): ColumnAccumulator | null {
  if (kind === "bigint") return bigintSum((sum) => sum);
  // 32 bits wrap as they are added, narrower ones at the end.
  if (INTEGERS.has(kind)) return floatSum(t.int32 as ValueType<unknown>, wraps[kind] ?? ((sum) => sum));
  return kind === "double" ? floatSum(t.float64 as ValueType<unknown>, (sum) => sum) : null;
}

function averageOf({ kind }: SqlType): ColumnAccumulator | null {
  if (kind === "double") return floatSum(t.float64 as ValueType<unknown>, (sum, values) => sum / values);
  if (kind === "bigint") return bigintSum((sum, values) => sum / BigInt(values));
  return INTEGERS.has(kind) ? bigintSum((sum, values) => Number(sum / BigInt(values))) : null;
}

function extremeOf(type: SqlType, which: "least" | "greatest"): ColumnAccumulator | null {
  const { kind } = columnTypeOf({ ...type, isNullable: false });
  if (!["int32", "int64", "bigint", "float64", "timestamp", "date"].includes(kind)) return null;
  // NaN is the greatest number.
  return which === "least"
    ? extreme(type, (value, best) => value < best || (Number.isNaN(best) && !Number.isNaN(value)))
    : extreme(type, (value, best) => value > best || Number.isNaN(value));
}

/** Null: the call has none. `row`: of the input, of which nothing is taken back. */
export function columnAccumulatorOf(call: AggregateCall, row: PlanRow): ColumnAccumulator | null {
  const [first, second] = call.arguments;
  if (call.user !== undefined || call.isDistinct || call.order.length > 0 || second !== undefined) return null;
  if (call.name === "COUNT") return count;
  const type = row[first ?? -1]?.type;
  if (type === undefined) return null;
  switch (call.name) {
    case "SUM":
      return sumOf(type);
    case "AVG":
      return averageOf(type);
    case "MIN":
      return extremeOf(type, "least");
    case "MAX":
      return extremeOf(type, "greatest");
    default:
      return null;
  }
}
