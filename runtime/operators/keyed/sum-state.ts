/**
 * Owns: where the sums of `sum` are kept, and their move from one form to the other.
 * Called by: the two operators, when they open.
 *
 * SUS1 Rows have a value for each key, columns a table of all keys. An operator may be one of rows in one version of a job and one of columns in the next (`keyBy` of a
 *      field instead of a function, a declared type, an older build): each takes over what the other has left, so that nobody's sums begin at 0 for it.
 * SUS2 A key that has no place in the declared column is STATE_INCOMPATIBLE.
 */
import { nextTurn, StreamError } from "../../../base/index.ts";
import type { ColumnTable, KeyedOperatorState, SlicedTableDescriptor } from "../../ports/index.ts";
import {
  type Column,
  ColumnBuilder,
  type ColumnField,
  describeType,
  type Key,
  keyHash,
  layoutOf,
  NO_TIMESTAMP,
  t,
  TABLE_PAGE_BITS,
  type ValueType,
  valueAt,
} from "../../record/index.ts";

/** The state of each key, in rows. */
export const SUM_STATE = { name: "sum", type: t.float64 } as const;
/** The one slice of the table. */
export const SUMS_SLICE = 0;
const SUMS_TABLE = "sums";
const PAGE_SLOTS = 2 ** TABLE_PAGE_BITS;
/** A key is no bytes and no date, whose columns are read in other ways than their kind says. */
const [KEY_FIELD] = layoutOf(t.record({ key: t.string }) as ValueType<unknown>).fields as [ColumnField];

/** By place: renaming the key's field, or the sum's, is nothing to the state. */
export function sumsTable(key: ValueType<unknown>): SlicedTableDescriptor {
  return {
    name: SUMS_TABLE,
    key: t.record({ key }) as ValueType<unknown>,
    value: t.record({ sum: t.float64 }) as ValueType<unknown>,
  };
}

/** Of columns: what rows have left goes into the table. Errors: SUS2. */
export async function takeOverValues(
  table: ColumnTable,
  key: ValueType<unknown>,
  { keyed, uid }: { readonly keyed: KeyedOperatorState; readonly uid: string },
): Promise<void> {
  const walk = keyed.walk(SUM_STATE.name);
  if (walk.size === 0) return;
  const state = keyed.value<number>(SUM_STATE);
  const builder = new ColumnBuilder(t.record({ key }) as ValueType<unknown>, PAGE_SLOTS);
  const sums = new Float64Array(PAGE_SLOTS);
  const slots = new Int32Array(PAGE_SLOTS);
  while (walk.size > 0) {
    walk.next(PAGE_SLOTS, (of) => {
      sums[builder.count] = state.value() ?? 0;
      builder.keyHashes()[builder.count] = keyHash(of);
      putKey(builder, of, key, uid);
      state.clear();
    });
    const batch = builder.take();
    const { columns, rows, count } = batch;
    table.slotsOf({ keys: columns, hashes: batch.marks.keyHashes as Int32Array, rows, count }, slots);
    const pages = table.values[0] as readonly Float64Array[];
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      (pages[slot >> TABLE_PAGE_BITS] as Float64Array)[slot & (PAGE_SLOTS - 1)] = sums[at] as number;
    }
    batch.release();
    await nextTurn();
  }
}

/** Of rows: what columns have left goes into the state of each key. */
export async function takeOverTable(keyed: KeyedOperatorState): Promise<void> {
  const table = keyed.takeUndeclaredTable(SUMS_TABLE)?.find(SUMS_SLICE) ?? null;
  if (table === null) return;
  const state = keyed.value<number>(SUM_STATE);
  for (let page = 0; page * PAGE_SLOTS < table.size; page++) {
    const [column] = table.keysOf(page) as readonly [Column];
    const hashes = table.hashesOf(page);
    const sums = table.values[0]?.[page] as Float64Array;
    for (let at = 0; at < Math.min(PAGE_SLOTS, table.size - page * PAGE_SLOTS); at++) {
      keyed.setCurrentKey(valueAt(column, KEY_FIELD, at) as Key, hashes[at] as number);
      state.update(sums[at] as number);
    }
    await nextTurn();
  }
}

function putKey(builder: ColumnBuilder, key: Key, type: ValueType<unknown>, uid: string): void {
  try {
    builder.appendRow({ key }, NO_TIMESTAMP);
  } catch (error) {
    throw new StreamError(
      "STATE_INCOMPATIBLE",
      `operator with uid "${uid}": the stored state has sums of keys that are not ${describeType(type)}, as the field of keyBy is declared now; declare the field with the type of the old keys, or give sum another uid and start from 0`,
      { destiny: "terminal", cause: error },
    );
  }
}
