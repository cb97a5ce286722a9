/**
 * Owns: the calls of an aggregate over column tables: their states as fields of a table's values, and what batches of rows do to them.
 * Called by: table-windows.ts, table-aggregate.ts.
 *
 * SQTA1 A table's key are the columns of GROUP BY; without any it is one column of zeros.
 */
import type { ColumnTable, SlicedTableDescriptor } from "../../ports/index.ts";
import {
  type AnyStore,
  type Column,
  type ColumnBatch,
  isNull,
  layoutOf,
  t,
  TABLE_PAGE_BITS,
  type ValueType,
} from "../../record/index.ts";
import type { AggregateCall, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import {
  type ColumnAccumulator,
  columnAccumulatorOf,
  type Pages,
  type Records,
} from "./accumulators/column-accumulators.ts";

export const PAGE_SLOTS = 2 ** TABLE_PAGE_BITS;

type RunningCall = {
  readonly accumulator: ColumnAccumulator;
  /** Of the argument; null: COUNT(*). */
  readonly argument: number | null;
  readonly filter: number | null;
  /** Its first field of the values. */
  readonly field: number;
};

/** 0, 1, 2, … */
const places = Int32Array.from({ length: PAGE_SLOTS }, (_none, at) => at);

/** What became of each record of a batch: its key was there, and its results are the same or others; or it is new. */
export const changes = { none: 0, update: 1, insert: 2 } as const;

export class TableAggregation {
  readonly descriptor: SlicedTableDescriptor;
  readonly #groupBy: readonly number[];
  readonly #calls: readonly RunningCall[];
  #slots = new Int32Array(0);
  #zeros = new Int32Array(0);
  #kept: { slots: Int32Array; rows: Int32Array } = { slots: new Int32Array(0), rows: new Int32Array(0) };

  private constructor(row: PlanRow, groupBy: readonly number[], calls: readonly RunningCall[], name: string) {
    this.#groupBy = groupBy;
    this.#calls = calls;
    const keys = groupBy.map((place) => row[place] as PlanRow[number]);
    const fields = calls.flatMap(({ accumulator }) => accumulator.fields);
    this.descriptor = {
      name,
      key: groupBy.length === 0 ? (t.record({ all: t.int32 }) as ValueType<unknown>) : rowTypeOf(keys),
      // Without calls there is something, too: a table has values.
      value: t.record(
        fields.length === 0
          ? { isThere: t.boolean }
          : Object.fromEntries(fields.map((type, at) => [`field${at}`, type])),
      ) as ValueType<unknown>,
    };
  }

  /** Null: it takes more than a few numbers of each key, or keys that tables do not have. `row`: of the input, of which nothing is taken back. */
  static of(
    {
      calls,
      groupBy,
      row,
    }: { readonly calls: readonly AggregateCall[]; readonly groupBy: readonly number[]; readonly row: PlanRow },
    name: string,
  ): TableAggregation | null {
    const { fields } = layoutOf(rowTypeOf(row));
    if (groupBy.some((place) => fields[place]?.kind === "objects")) return null;
    const running: RunningCall[] = [];
    let field = 0;
    for (const call of calls) {
      const accumulator = columnAccumulatorOf(call, row);
      if (accumulator === null) return null;
      running.push({ accumulator, argument: call.arguments[0] ?? null, filter: call.filter, field });
      field += accumulator.fields.length;
    }
    return new TableAggregation(row, groupBy, running, name);
  }

  /** The batch's records at these places. */
  add(table: ColumnTable, batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): void {
    const count = rows.length;
    if (this.#slots.length < count) this.#slots = new Int32Array(count);
    const slots = this.#slots;
    table.slotsOf({ keys: this.#keysOf(batch), hashes, rows, count }, slots);
    for (const { accumulator, argument, filter, field } of this.#calls) {
      const records = { slots, rows, count };
      accumulator.add(
        statesOf(table, field, accumulator),
        filter === null ? records : this.#filtered(records, batch.columns[filter] as Column),
        argument === null ? null : (batch.columns[argument] as Column),
      );
    }
  }

  /**
   * The batch's records at these places, one after the other: of record `i` the results before it go into the stores' places `2 i`, those after it into `2 i + 1`; of
   * a new key both are those after it. `outcomes`: of each record one of `changes`.
   */
  step(table: ColumnTable, batch: ColumnBatch, into: StepTarget): void {
    const { rows, hashes, stores, outcomes } = into;
    const count = rows.length;
    if (this.#slots.length < count) this.#slots = new Int32Array(count);
    const slots = this.#slots;
    let next = table.size;
    table.slotsOf({ keys: this.#keysOf(batch), hashes, rows, count }, slots);
    // Slots are given out in the order of the records.
    for (let at = 0; at < count; at++) {
      outcomes[at] = slots[at] === next ? changes.insert : changes.none;
      if (slots[at] === next) next += 1;
    }
    const keys = this.#groupBy.length;
    for (const [number, call] of this.#calls.entries())
      this.#stepOf(call, table, batch, { ...into, store: stores[keys + number] as AnyStore });
  }

  #stepOf(
    { accumulator, argument, filter, field }: RunningCall,
    table: ColumnTable,
    { columns }: ColumnBatch,
    { rows, outcomes, store }: StepTarget & { readonly store: AnyStore },
  ): void {
    const column = argument === null ? null : (columns[argument] as Column);
    const one = accumulator.one(statesOf(table, field, accumulator), column);
    const condition = filter === null ? null : (columns[filter] as Column & { readonly values: Uint8Array });
    const { values } = store as unknown as { readonly values: (number | bigint)[] };
    const put = (at: number, value: number | bigint | null): void => {
      if (value === null) store.setNull(at);
      else values[at] = value;
    };
    const slots = this.#slots;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      const slot = slots[at] as number;
      const before = one.result(slot);
      if (condition === null || isTrue(condition, row)) one.add(slot, row);
      const after = one.result(slot);
      put(2 * at, outcomes[at] === changes.insert ? after : before);
      put(2 * at + 1, after);
      const isSame = before === after || (Number.isNaN(before) && Number.isNaN(after));
      if (outcomes[at] === changes.none && !isSame) outcomes[at] = changes.update;
    }
  }

  /** All of another table. */
  merge(into: ColumnTable, from: ColumnTable): void {
    if (this.#slots.length < PAGE_SLOTS) this.#slots = new Int32Array(PAGE_SLOTS);
    const slots = this.#slots;
    for (let page = 0; page * PAGE_SLOTS < from.size; page++) {
      const count = Math.min(PAGE_SLOTS, from.size - page * PAGE_SLOTS);
      into.slotsOf({ keys: from.keysOf(page), hashes: from.hashesOf(page), rows: places, count }, slots);
      for (const { accumulator, field } of this.#calls)
        accumulator.merge(statesOf(into, field, accumulator), statesOf(from, field, accumulator), {
          page,
          count,
          slots,
        });
    }
  }

  /** The keys of a page and the results of the calls, into the first stores, from place 0; answers how many rows that are. */
  results(table: ColumnTable, page: number, stores: readonly AnyStore[]): number {
    const count = Math.min(PAGE_SLOTS, table.size - page * PAGE_SLOTS);
    const keys = this.#groupBy.length;
    const columns = table.keysOf(page);
    for (let key = 0; key < keys; key++)
      stores[key]?.gather(columns[key] as Column, { rows: places, from: 0, to: count, at: 0 });
    for (const [at, { accumulator, field }] of this.#calls.entries())
      accumulator.result(statesOf(table, field, accumulator), { page, count }, stores[keys + at] as AnyStore);
    return count;
  }

  #keysOf({ columns, size }: ColumnBatch): readonly Column[] {
    if (this.#groupBy.length > 0) return this.#groupBy.map((place) => columns[place] as Column);
    if (this.#zeros.length < size) this.#zeros = new Int32Array(size);
    return [{ kind: "int32", values: this.#zeros, nulls: null }];
  }

  /** Those where the condition is TRUE. */
  #filtered({ slots, rows, count }: Records, column: Column): Records {
    if (this.#kept.slots.length < count) this.#kept = { slots: new Int32Array(count), rows: new Int32Array(count) };
    const kept = this.#kept;
    const condition = column as Column & { readonly values: Uint8Array };
    let size = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      if (!isTrue(condition, row)) continue;
      kept.slots[size] = slots[at] as number;
      kept.rows[size] = row;
      size += 1;
    }
    return { slots: kept.slots, rows: kept.rows, count: size };
  }
}

export type StepTarget = {
  readonly rows: Int32Array;
  /** By place. */
  readonly hashes: Int32Array;
  /** Of the key's columns, which are left alone, and then of the calls. */
  readonly stores: readonly AnyStore[];
  readonly outcomes: Uint8Array;
};

function isTrue({ values, nulls }: Column & { readonly values: Uint8Array }, row: number): boolean {
  return values[row] === 1 && (nulls === null || !isNull(nulls, row));
}

const statesOf = ({ values }: ColumnTable, field: number, { fields }: ColumnAccumulator): readonly Pages[] =>
  values.slice(field, field + fields.length);
