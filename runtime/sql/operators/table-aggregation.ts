/**
 * Owns: the calls of an aggregate over column tables: their states as fields of a table's values, and what batches of rows do to them.
 * Not here: which values of DISTINCT have counted (distinct-values.ts).
 * Called by: table-windows.ts, table-sessions.ts, table-aggregate.ts.
 *
 * SQTA1 A table's key are the columns of GROUP BY; without any it is one column of zeros.
 * SQTA2 Groups that have values of DISTINCT are numbered: by the key group, and within it one after the other. A key group is of one subtask, so a number is of one group, whatever
 *     the parallelism was when it was given.
 */
import { assert, unreachable } from "../../../base/index.ts";
import type {
  ColumnTable,
  OperatorContext,
  OperatorFactory,
  PageValues,
  SlicedTable,
  SlicedTableDescriptor,
  StreamOperator,
} from "../../ports/index.ts";
import {
  type AnyStore,
  type Column,
  type ColumnBatch,
  describeType,
  keyGroupOfHash,
  layoutOf,
  t,
  TABLE_PAGE_BITS,
  type ValueType,
} from "../../record/index.ts";
import type { AggregateCall, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import {
  changes,
  type ColumnAccumulator,
  type MergedPart,
  numbersAt,
  PAGE_SLOTS,
  type Pages,
  type Records,
  type ShownSlots,
  SLOT_MASK,
} from "./accumulators/column-accumulator.ts";
import { columnAccumulatorOf } from "./accumulators/column-accumulators.ts";
import { TableMemory } from "./table-memory.ts";
import { type Condition, DistinctValues, hasDistinctColumn, isTrue } from "./distinct-values.ts";

type RunningCall = {
  readonly accumulator: ColumnAccumulator;
  /** Of the argument; null: COUNT(*). */
  readonly argument: number | null;
  readonly filter: number | null;
  /** Its first field of the values. */
  readonly field: number;
  /** Of DISTINCT: whose values they are, and which of its calls it is. */
  readonly distinct: { readonly values: number; readonly call: number } | null;
};

type Parts = {
  readonly calls: readonly AggregateCall[];
  readonly groupBy: readonly number[];
  /** Of the input, of which nothing is taken back. */
  readonly row: PlanRow;
};

type Fields = Readonly<Record<string, ValueType<unknown>>>;

/** `more`: fields of the table's values behind those of the calls. */
type Of = { readonly name: string; readonly takesDistinct?: boolean; readonly more?: Fields };

/** Of each distinct argument, of each of its calls, of each record whether it counts. */
type Fresh = readonly (readonly Uint8Array[])[];

type Declared = { readonly name: string; readonly kind: string; readonly type: string };

/** 0, 1, 2, … */
const places = Int32Array.from({ length: PAGE_SLOTS }, (_none, at) => at);
/** Of groups without a window: there is one. */
export const GROUPS_SLICE = 0;
/** The table whose slices are of time has one, of no time. */
const VALUES_SLICE = 0;
const GROUP = "group";
const GROUPS_A_KEY_GROUP = 2 ** 36;

export const declarationOfTable = ({ name, key, value }: SlicedTableDescriptor): Declared => ({
  name,
  kind: "sliced-table",
  type: `map<${describeType(key)}, ${describeType(value)}>`,
});

/** An operator over such tables, each subtask with its own. `more`: declarations beside those of the tables. Null: `make` says that tables do not do. */
export function operatorOf(
  name: string,
  make: () => TableAggregation | null,
  create: (aggregation: TableAggregation) => StreamOperator<unknown, unknown>,
  more: readonly Declared[] = [],
): OperatorFactory<unknown, unknown> | null {
  const declared = make();
  if (declared === null) return null;
  return {
    kind: "operator",
    name,
    declares: [...declared.declarations, ...more],
    create: () => create(make() as TableAggregation),
  };
}

export class TableAggregation {
  readonly descriptor: SlicedTableDescriptor;
  readonly #groupBy: readonly number[];
  readonly #calls: readonly RunningCall[];
  readonly #distinct: readonly DistinctValues[];
  #distinctTables: readonly SlicedTable[] = [];
  /** Of the table, and of those of its values. */
  readonly #memories: readonly TableMemory[];
  #maxParallelism = 0;
  /** Of each key group how many groups have a number. */
  #numbered = new Float64Array(0);
  #slots = new Int32Array(0);
  #zeros = new Int32Array(0);
  #groups = new Float64Array(0);
  #kept: { slots: Int32Array; rows: Int32Array } = { slots: new Int32Array(0), rows: new Int32Array(0) };
  /** By column of a condition: of each record whether it is TRUE. */
  readonly #conditions = new Map<number, Uint8Array>();

  private constructor(
    { row, groupBy }: Parts,
    calls: readonly RunningCall[],
    { name, distinct, more }: { readonly name: string; readonly distinct: readonly Distinct[]; readonly more: Fields },
  ) {
    this.#groupBy = groupBy;
    this.#calls = calls;
    this.#distinct = distinct.map(
      ({ argument, filters }, at) =>
        new DistinctValues(`${name}-values${at}`, { row, argument, filters }, () => this.#maxParallelism),
    );
    this.#memories = [null, ...this.#distinct].map(() => new TableMemory());
    // By place, as the uid has them: how a key is called is nothing of the state.
    const keys = groupBy.map((place, at) => ({ ...(row[place] as PlanRow[number]), name: `key${at}` }));
    const fields = calls.flatMap(({ accumulator }) => accumulator.fields);
    const named: Record<string, ValueType<unknown>> = Object.fromEntries(
      fields.map((type, at) => [`field${at}`, type]),
    );
    this.descriptor = {
      name,
      key: groupBy.length === 0 ? (t.record({ all: t.int32 }) as ValueType<unknown>) : rowTypeOf(keys),
      // Without calls there is something, too: a table has values.
      value: t.record({
        ...(fields.length === 0 ? { isThere: t.boolean } : named),
        ...(distinct.length === 0 ? {} : { [GROUP]: t.int64 }),
        ...more,
      }) as ValueType<unknown>,
    };
  }

  /** Null: it takes more than a few values of each key, or keys that tables do not have. `takesDistinct`: there is one table, in which states are not merged. */
  static of(parts: Parts, { name, takesDistinct = false, more = {} }: Of): TableAggregation | null {
    const { calls, groupBy, row } = parts;
    const { fields } = layoutOf(rowTypeOf(row));
    if (groupBy.some((place) => fields[place]?.kind === "objects")) return null;
    const running: RunningCall[] = [];
    const distinct: Distinct[] = [];
    let field = 0;
    for (const call of calls) {
      const accumulator = columnAccumulatorOf(call, row);
      if (accumulator === null) return null;
      const argument = call.arguments[0] ?? null;
      const isDistinct = isOfDistinct(call);
      if (isDistinct && (!takesDistinct || argument === null || !hasDistinctColumn(row, argument))) return null;
      running.push({
        accumulator,
        argument,
        filter: call.filter,
        field,
        distinct: isDistinct ? addDistinct(distinct, argument as number, call.filter) : null,
      });
      field += accumulator.fields.length;
    }
    return new TableAggregation(parts, running, { name, distinct, more });
  }

  /** Of all tables. */
  get declarations(): readonly Declared[] {
    return [this.descriptor, ...this.#distinct.map(({ descriptor }) => descriptor)].map(declarationOfTable);
  }

  /** The table of the groups. */
  open({ keyed, maxParallelism }: OperatorContext): SlicedTable {
    assert(keyed !== null, "rows come to an aggregate by its keys");
    const groups = keyed.slicedTable(this.descriptor);
    this.#maxParallelism = maxParallelism;
    this.#distinctTables = this.#distinct.map(({ descriptor }) => keyed.slicedTable(descriptor));
    if (this.#distinct.length === 0) return groups;
    this.#numbered = new Float64Array(maxParallelism);
    for (const slice of groups.slices()) this.#countNumbered(groups.table(slice));
    return groups;
  }

  /** The table of the groups is dropped, too. */
  dropValues(): void {
    for (const tables of this.#distinctTables) tables.drop(VALUES_SLICE);
    for (const memory of this.#memories) memory.forget();
  }

  /** What a table takes, the one that is there, with its values of DISTINCT. */
  bytesOf(table: ColumnTable): number {
    const values = this.#distinctTables.map((tables) => tables.table(VALUES_SLICE));
    return [table, ...values].reduce((sum, each, at) => sum + (this.#memories[at] as TableMemory).of(each), 0);
  }

  /** The slots of the batch's records at these places; new keys have some then, too. Valid until the next call. */
  find(table: ColumnTable, batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): Records {
    const count = rows.length;
    if (this.#slots.length < count) this.#slots = new Int32Array(count);
    table.slotsOf({ keys: this.keysOf(batch), hashes, rows, count }, this.#slots);
    return { slots: this.#slots, rows, count };
  }

  /** The batch's records at these places. */
  add(table: ColumnTable, batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): void {
    this.addFound(table, batch, this.find(table, batch, rows, hashes), hashes);
  }

  /** The same of records that `find` has just found. */
  addFound(table: ColumnTable, batch: ColumnBatch, records: Records, hashes: Int32Array): void {
    this.addAt(table, batch, records, this.#fresh(table, batch, records, hashes));
  }

  /** Adds records to the states at slots that `slotsOf` or `find` has given. `fresh`: of each distinct argument what counts of each of its calls. */
  addAt(table: ColumnTable, batch: ColumnBatch, records: Records, fresh: Fresh = []): void {
    for (const call of this.#calls) {
      const { accumulator, argument, field } = call;
      const passes = this.#passing(call, batch, records, fresh);
      accumulator.add(
        statesOf(table, field, accumulator),
        passes === null ? records : this.#filtered(records, passes),
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
    let next = table.size;
    const records = this.find(table, batch, rows, hashes);
    const { slots, count } = records;
    // Slots are given out in the order of the records.
    for (let at = 0; at < count; at++) {
      outcomes[at] = slots[at] === next ? changes.insert : changes.none;
      if (slots[at] === next) next += 1;
    }
    const fresh = this.#fresh(table, batch, records, hashes);
    const keys = this.#groupBy.length;
    for (const [number, call] of this.#calls.entries()) {
      const { accumulator, argument, field } = call;
      const passes = this.#passing(call, batch, records, fresh);
      accumulator.step(
        statesOf(table, field, accumulator),
        { ...records, passes, outcomes },
        argument === null ? null : (batch.columns[argument] as Column),
        stores[keys + number] as AnyStore,
      );
    }
  }

  /** All of another table. */
  merge(into: ColumnTable, from: ColumnTable): void {
    if (this.#slots.length < PAGE_SLOTS) this.#slots = new Int32Array(PAGE_SLOTS);
    const slots = this.#slots;
    for (let page = 0; page * PAGE_SLOTS < from.size; page++) {
      const count = Math.min(PAGE_SLOTS, from.size - page * PAGE_SLOTS);
      into.slotsOf({ keys: from.keysOf(page), hashes: from.hashesOf(page), rows: places, count }, slots);
      this.#mergePart(into, from, { page, rows: places, slots, count });
    }
  }

  /** The state at a slot of another table. */
  mergeAt(into: ColumnTable, slot: number, from: ColumnTable, other: number): void {
    this.#one.slots[0] = slot;
    this.#one.rows[0] = other & SLOT_MASK;
    this.#mergePart(into, from, { page: other >> TABLE_PAGE_BITS, ...this.#one });
  }

  /** A page of a table that has no values of DISTINCT, as rows of `partialRowType`. */
  partials(table: ColumnTable, page: number, count: number, stores: readonly AnyStore[]): void {
    const keys = table.keysOf(page);
    const columns = [...keys, ...table.values.map((pages) => columnOfPage(pages[page] as PageValues))];
    for (const [place, column] of columns.entries())
      stores[place]?.gather(column, { rows: places, from: 0, to: count, at: 0 });
  }

  /** The slots of such rows at these places of a batch, as of `find`. */
  findPartials(table: ColumnTable, { columns }: ColumnBatch, rows: Int32Array, hashes: Int32Array): Records {
    const count = rows.length;
    if (this.#slots.length < count) this.#slots = new Int32Array(count);
    table.slotsOf({ keys: columns.slice(0, this.#keyWidth), hashes, rows, count }, this.#slots);
    return { slots: this.#slots, rows, count };
  }

  /** Such rows, which `findPartials` has just found, are added up. */
  addPartials(table: ColumnTable, { columns }: ColumnBatch, records: Records): void {
    const part = { page: 0, ...records };
    for (const { accumulator, field } of this.#calls) {
      const first = this.#keyWidth + field;
      const from = columns.slice(first, first + accumulator.fields.length).map((column) => [pageOfColumn(column)]);
      accumulator.merge(statesOf(table, field, accumulator), from, part);
    }
  }

  /** Also without GROUP BY there is a column. */
  get #keyWidth(): number {
    return Math.max(1, this.#groupBy.length);
  }

  readonly #one = { slots: new Int32Array(1), rows: new Int32Array(1), count: 1 };

  #mergePart(into: ColumnTable, from: ColumnTable, part: MergedPart): void {
    for (const { accumulator, field } of this.#calls)
      accumulator.merge(statesOf(into, field, accumulator), statesOf(from, field, accumulator), part);
  }

  /** The state at a slot is that of no row. */
  resetAt(table: ColumnTable, slot: number): void {
    for (const { accumulator, field } of this.#calls)
      for (const pages of statesOf(table, field, accumulator)) {
        const page = pages[slot >> TABLE_PAGE_BITS];
        if (page instanceof BigInt64Array) page[slot & SLOT_MASK] = 0n;
        else if (ArrayBuffer.isView(page)) (page as Float64Array)[slot & SLOT_MASK] = 0;
        else page?.clear(slot & SLOT_MASK);
      }
  }

  /** The keys of these slots in their order, and the results of the calls, into the first stores. */
  results(table: ColumnTable, { slots, count, at: first }: ShownSlots, stores: readonly AnyStore[]): void {
    const keys = this.#groupBy.length;
    if (this.#kept.rows.length < count) this.#kept = { slots: new Int32Array(count), rows: new Int32Array(count) };
    const { rows } = this.#kept;
    for (let at = 0; at < count; at++) rows[at] = (slots[at] as number) & SLOT_MASK;
    // Slots next to each other are of one page, or of a few.
    for (let from = 0, to = 0; from < count; from = to) {
      const page = (slots[from] as number) >> TABLE_PAGE_BITS;
      for (to = from + 1; to < count && (slots[to] as number) >> TABLE_PAGE_BITS === page; ) to++;
      const columns = table.keysOf(page);
      for (let key = 0; key < keys; key++)
        stores[key]?.gather(columns[key] as Column, { rows, from, to, at: first + from });
    }
    for (const [number, { accumulator, field }] of this.#calls.entries())
      accumulator.result(
        statesOf(table, field, accumulator),
        { slots, count, at: first },
        stores[keys + number] as AnyStore,
      );
  }

  /** The columns of the key. */
  keysOf({ columns, size }: ColumnBatch): readonly Column[] {
    if (this.#groupBy.length > 0) return this.#groupBy.map((place) => columns[place] as Column);
    if (this.#zeros.length < size) this.#zeros = new Int32Array(size);
    return [{ kind: "int32", values: this.#zeros, nulls: null }];
  }

  #fresh(table: ColumnTable, batch: ColumnBatch, records: Records, hashes: Int32Array): Fresh {
    if (this.#distinct.length === 0) return [];
    const { slots, rows, count } = records;
    if (this.#groups.length < count) this.#groups = new Float64Array(count);
    const numbers = table.values.at(-1) as Pages;
    for (let at = 0; at < count; at++)
      this.#groups[at] = this.#numberOf(numbers, slots[at] as number, hashes[rows[at] as number] as number);
    const grouped = { rows, count, groups: this.#groups, hashes };
    return this.#distinct.map((values, at) =>
      values.take((this.#distinctTables[at] as SlicedTable).table(VALUES_SLICE), batch, grouped),
    );
  }

  /** SQTA2: from 1 on; 0 is none. */
  #numberOf(numbers: Pages, slot: number, hash: number): number {
    const page = numbersAt(numbers, slot);
    const known = page[slot & SLOT_MASK] as number;
    if (known !== 0) return known;
    const keyGroup = keyGroupOfHash(hash, this.#maxParallelism);
    const within = (this.#numbered[keyGroup] as number) + 1;
    this.#numbered[keyGroup] = within;
    const number = keyGroup * GROUPS_A_KEY_GROUP + within;
    page[slot & SLOT_MASK] = number;
    return number;
  }

  #countNumbered(table: ColumnTable): void {
    for (let slot = 0; slot < table.size; slot++) {
      const hash = table.hashesOf(slot >> TABLE_PAGE_BITS)[slot & SLOT_MASK] as number;
      const keyGroup = keyGroupOfHash(hash, this.#maxParallelism);
      this.#numbered[keyGroup] = (this.#numbered[keyGroup] as number) + 1;
    }
  }

  /** Of each record whether it counts for the call; null: all do. */
  #passing(
    { filter, distinct }: RunningCall,
    batch: ColumnBatch,
    { rows, count }: Records,
    fresh: Fresh,
  ): Uint8Array | null {
    if (distinct !== null) return fresh[distinct.values]?.[distinct.call] as Uint8Array;
    if (filter === null) return null;
    let passes = this.#conditions.get(filter);
    if (passes === undefined || passes.length < count) {
      passes = new Uint8Array(Math.max(PAGE_SLOTS, count));
      this.#conditions.set(filter, passes);
    }
    const condition = batch.columns[filter] as Condition;
    for (let at = 0; at < count; at++) passes[at] = isTrue(condition, rows[at] as number) ? 1 : 0;
    return passes;
  }

  #filtered({ slots, rows, count }: Records, passes: Uint8Array): Records {
    if (this.#kept.slots.length < count) this.#kept = { slots: new Int32Array(count), rows: new Int32Array(count) };
    const kept = this.#kept;
    let size = 0;
    for (let at = 0; at < count; at++) {
      if (passes[at] !== 1) continue;
      kept.slots[size] = slots[at] as number;
      kept.rows[size] = rows[at] as number;
      size += 1;
    }
    return { slots: kept.slots, rows: kept.rows, count: size };
  }
}

/** An argument, and the FILTER of each call of it. */
type Distinct = { readonly argument: number; readonly filters: (number | null)[] };

/** MIN and MAX are the same of all values. */
const isOfDistinct = ({ name, isDistinct }: AggregateCall): boolean =>
  name === "APPROX_COUNT_DISTINCT" || (isDistinct && name !== "MIN" && name !== "MAX");

export const hasDistinctCalls = (calls: readonly AggregateCall[]): boolean => calls.some(isOfDistinct);

/** Calls with the same condition are one. */
function addDistinct(distinct: Distinct[], argument: number, filter: number | null): RunningCall["distinct"] {
  let values = distinct.findIndex((each) => each.argument === argument);
  if (values < 0) values = distinct.push({ argument, filters: [] }) - 1;
  const { filters } = distinct[values] as Distinct;
  const known = filters.indexOf(filter);
  return { values, call: known >= 0 ? known : filters.push(filter) - 1 };
}

export type StepTarget = {
  readonly rows: Int32Array;
  /** By place. */
  readonly hashes: Int32Array;
  /** Of the key's columns, which are left alone, and then of the calls. */
  readonly stores: readonly AnyStore[];
  readonly outcomes: Uint8Array;
};

const statesOf = ({ values }: ColumnTable, field: number, { fields }: ColumnAccumulator): readonly Pages[] =>
  values.slice(field, field + fields.length);

/** Rows of groups that are added up in part: the columns of the table's key, then those of its values. */
export const partialRowType = ({ key, value }: SlicedTableDescriptor): ValueType<unknown> => {
  const fields = [...(key.fields ?? []), ...(value.fields ?? [])].map(({ name, type }) => [name, type] as const);
  return t.record(Object.fromEntries(fields)) as ValueType<unknown>;
};

/** Values of states are never null. */
function columnOfPage(values: PageValues): Column {
  if (values instanceof Float64Array) return { kind: "float64", values, nulls: null };
  if (values instanceof Int32Array) return { kind: "int32", values, nulls: null };
  if (values instanceof Uint8Array) return { kind: "boolean", values, nulls: null };
  if (values instanceof BigInt64Array)
    return {
      kind: "bigint",
      values,
      words: new Int32Array(values.buffer, values.byteOffset, values.length * 2),
      nulls: null,
    };
  return { ...values.column(), nulls: null };
}

function pageOfColumn(column: Column): PageValues {
  if (column.kind !== "text") return column.values as PageValues;
  const refuse = (): never => unreachable(column as never);
  return { length: column.lengths.length, column: () => column, put: refuse, clear: refuse };
}
