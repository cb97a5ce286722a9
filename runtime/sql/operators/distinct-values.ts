/**
 * Owns: which values of an argument the groups of a table have had, for aggregates of DISTINCT values: a table of values, shared by all calls of the argument.
 * Called by: table-aggregation.ts.
 *
 * SQDV1 The key is the number of the group and the value, the value a bit for each call: whether it has counted there. NULL is no value.
 * SQDV2 The hash of a key mixes that of the group with that of the value, and belongs to the group's key group: at another parallelism values go where their group goes. It stands in
 *     checkpoints: `valueHash` stays as it is.
 */
import type { ColumnTable, SlicedTableDescriptor } from "../../ports/index.ts";
import {
  type BigintColumn,
  type Column,
  type ColumnBatch,
  isNull,
  layoutOf,
  mix,
  t,
  type TextColumn,
  TABLE_PAGE_BITS,
  type ValueType,
} from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { PAGE_SLOTS, SLOT_MASK } from "./accumulators/column-accumulator.ts";
import { hashWithin } from "./hash-within.ts";
import { type LeftEntries, LeftValues, type ValueSpace } from "./left-values.ts";

/** Of an int32. */
const CALLS_A_FIELD = 31;
const OF_NAN = 0x7ff8_0000;

/** Records of a batch, with the number of each one's group, by record. */
export type GroupedRecords = {
  readonly rows: Int32Array;
  readonly count: number;
  readonly groups: Float64Array;
  /** Of each one's group the slot. */
  readonly slots: Int32Array;
  /** Of the groups' keys, by place. */
  readonly hashes: Int32Array;
};

/** Whether a column of the row can be an argument. */
export function hasDistinctColumn(row: PlanRow, place: number): boolean {
  return layoutOf(rowTypeOf(row)).fields[place]?.kind !== "objects";
}

export class DistinctValues {
  readonly descriptor: SlicedTableDescriptor;
  readonly argument: number;
  readonly #maxParallelism: () => number;
  /** Of each call the column of its FILTER; null: it has none. */
  readonly #filters: readonly (number | null)[];
  /** Of each call: by record, whether its value is the first. */
  readonly #fresh: Uint8Array[];
  readonly #valueType: ValueType<unknown>;
  #slots = new Int32Array(0);
  /** Of each selected record a bit for each call of a field that it counts for. */
  #wanted = new Int32Array(0);
  #records = new Int32Array(0);
  #rows = new Int32Array(0);
  #groups = new Float64Array(0);
  #hashes = new Int32Array(0);

  constructor(
    name: string,
    {
      row,
      argument,
      filters,
    }: { readonly row: PlanRow; readonly argument: number; readonly filters: readonly (number | null)[] },
    maxParallelism: () => number,
  ) {
    this.argument = argument;
    this.#filters = filters;
    this.#maxParallelism = maxParallelism;
    this.#fresh = filters.map(() => new Uint8Array(0));
    const value = (rowTypeOf([{ ...(row[argument] as PlanRow[number]), name: "value" }]).fields ?? [])[0]
      ?.type as ValueType<unknown>;
    this.#valueType = value;
    const fields = Array.from({ length: this.#words }, (_none, at) => [`counted${at}`, t.int32]);
    this.descriptor = {
      name,
      key: t.record({ group: t.int64, value: { ...value, nullable: false } as ValueType<never> }) as ValueType<unknown>,
      value: t.record(Object.fromEntries(fields)) as ValueType<unknown>,
    };
  }

  /** For values that have no room. */
  leftTo(space: ValueSpace): LeftValues {
    return new LeftValues(space, { value: this.#valueType, words: this.#words, level: 0 });
  }

  /** Of each call, by record: 1 where it counts a value that it had not had in its group. Valid until the next call. `left`: takes values that the table does not have; null: the table does. */
  take(
    table: ColumnTable,
    batch: ColumnBatch,
    records: GroupedRecords,
    left: LeftValues | null = null,
  ): readonly Uint8Array[] {
    const count = this.#select(batch, records);
    const keys: readonly Column[] = [
      { kind: "float64", values: this.#groups, nulls: null },
      batch.columns[this.argument] as Column,
    ];
    const sought = { keys, hashes: this.#hashes, rows: this.#rows, count };
    if (left === null) table.slotsOf(sought, this.#slots);
    else table.find(sought, this.#slots);
    for (const fresh of this.#fresh) fresh.fill(0, 0, records.count);
    for (let first = 0; first < this.#filters.length; first += CALLS_A_FIELD)
      this.#mark(table.values[first / CALLS_A_FIELD] as readonly Int32Array[], batch, { first, count });
    if (left !== null) this.#leave(batch, records, count, left);
    return this.#fresh;
  }

  /** The calls of one field: what each record counts of them that had not counted. Values that the table does not have are passed over. */
  #mark(
    pages: readonly Int32Array[],
    { columns }: ColumnBatch,
    { first, count }: { readonly first: number; readonly count: number },
  ): void {
    const wanted = this.#wanted;
    let always = 0;
    const calls = this.#filters.slice(first, first + CALLS_A_FIELD);
    for (const [call, filter] of calls.entries()) if (filter === null) always |= 1 << call;
    wanted.fill(always, 0, count);
    for (const [call, filter] of calls.entries()) {
      if (filter === null) continue;
      const condition = columns[filter] as Condition;
      const { values, nulls } = condition;
      for (let at = 0; at < count; at++) {
        const row = this.#rows[at] as number;
        if (nulls === null) wanted[at] = (wanted[at] as number) | ((values[row] as number) << call);
        else if (isTrue(condition, row)) wanted[at] = (wanted[at] as number) | (1 << call);
      }
    }
    for (let at = 0; at < count; at++) {
      const slot = this.#slots[at] as number;
      if (slot < 0) continue;
      const page = pages[slot >> TABLE_PAGE_BITS] as Int32Array;
      const counted = page[slot & SLOT_MASK] as number;
      const more = (wanted[at] as number) & ~counted;
      if (more === 0) continue;
      page[slot & SLOT_MASK] = counted | more;
      for (let rest = more; rest !== 0; rest &= rest - 1)
        (this.#fresh[first + 31 - Math.clz32(rest & -rest)] as Uint8Array)[this.#records[at] as number] = 1;
    }
  }

  /** The same of entries that were left, of each by its number. `left`: of the next level. */
  takeLeft(table: ColumnTable, entries: LeftEntries, left: LeftValues | null): readonly Uint8Array[] {
    const { rows, count, hashes, slots: groups, value, passes } = entries;
    this.#makeRoom(groups.length, count);
    for (let at = 0; at < count; at++) this.#groups[rows[at] as number] = groups[rows[at] as number] as number;
    const sought = {
      keys: [{ kind: "float64", values: this.#groups, nulls: null } as const, value],
      hashes,
      rows,
      count,
    };
    if (left === null) table.slotsOf(sought, this.#slots);
    else table.find(sought, this.#slots);
    for (const call of this.#filters.keys()) {
      const fresh = (this.#fresh[call] as Uint8Array).fill(0, 0, count);
      const word = Math.floor(call / CALLS_A_FIELD);
      const pages = table.values[word] as readonly Int32Array[];
      const bit = 1 << (call % CALLS_A_FIELD);
      for (let at = 0; at < count; at++) {
        const slot = this.#slots[at] as number;
        if (slot < 0 || ((passes[word]?.[rows[at] as number] as number) & bit) === 0) continue;
        const page = pages[slot >> TABLE_PAGE_BITS] as Int32Array;
        const bits = page[slot & SLOT_MASK] as number;
        if ((bits & bit) !== 0) continue;
        page[slot & SLOT_MASK] = bits | bit;
        fresh[at] = 1;
      }
    }
    if (left !== null) {
      let unknown = 0;
      for (let at = 0; at < count; at++)
        if ((this.#slots[at] as number) < 0) this.#rows[unknown++] = rows[at] as number;
      left.add({ ...entries, rows: this.#rows, count: unknown });
    }
    return this.#fresh;
  }

  /** Of the records that `#select` has chosen those whose values the table does not have. */
  #leave(batch: ColumnBatch, { slots }: GroupedRecords, count: number, left: LeftValues): void {
    const { size } = batch;
    const groups = new Int32Array(size);
    const passes = Array.from({ length: this.#words }, () => new Int32Array(size));
    const filters = this.#filters.map((filter) => (filter === null ? null : (batch.columns[filter] as Condition)));
    let unknown = 0;
    for (let at = 0; at < count; at++) {
      if ((this.#slots[at] as number) >= 0) continue;
      const row = this.#rows[at] as number;
      groups[row] = slots[this.#records[at] as number] as number;
      for (const [call, filter] of filters.entries()) {
        const words = passes[Math.floor(call / CALLS_A_FIELD)] as Int32Array;
        if (filter === null || isTrue(filter, row)) words[row] = (words[row] as number) | (1 << (call % CALLS_A_FIELD));
      }
      this.#rows[unknown++] = row;
    }
    const value = batch.columns[this.argument] as Column;
    left.add({ rows: this.#rows, count: unknown, hashes: this.#hashes, slots: groups, value, passes });
  }

  get #words(): number {
    return Math.ceil(this.#filters.length / CALLS_A_FIELD);
  }

  /** The records with a value that a call counts, with their hashes and groups by place; answers how many. */
  #select(batch: ColumnBatch, { rows, count, groups, hashes }: GroupedRecords): number {
    this.#makeRoom(batch.size, count);
    const column = batch.columns[this.argument] as Column;
    const filters = this.#filters.map((filter) => (filter === null ? null : (batch.columns[filter] as Condition)));
    const takesAll = filters.includes(null);
    const maxParallelism = this.#maxParallelism();
    const { nulls } = column;
    // Fields are looked up each time.
    const [placed, chosen, groupOf, hashOf] = [this.#records, this.#rows, this.#groups, this.#hashes];
    let selected = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      if (nulls !== null && isNull(nulls, row)) continue;
      if (!takesAll && !filters.some((filter) => isTrue(filter as Condition, row))) continue;
      placed[selected] = at;
      chosen[selected] = row;
      groupOf[row] = groups[at] as number;
      hashOf[row] = hashWithin(hashes[row] as number, valueHash(column, row), maxParallelism);
      selected += 1;
    }
    return selected;
  }

  #makeRoom(places: number, count: number): void {
    if (this.#hashes.length < places) {
      this.#hashes = new Int32Array(places);
      this.#groups = new Float64Array(places);
    }
    if (this.#records.length >= count) return;
    const size = Math.max(PAGE_SLOTS, count);
    this.#records = new Int32Array(size);
    this.#rows = new Int32Array(size);
    this.#slots = new Int32Array(size);
    this.#wanted = new Int32Array(size);
    for (const call of this.#fresh.keys()) this.#fresh[call] = new Uint8Array(size);
  }
}

/** The condition of a FILTER. */
export type Condition = Column & { readonly values: Uint8Array };

export function isTrue({ values, nulls }: Condition, row: number): boolean {
  return values[row] === 1 && (nulls === null || !isNull(nulls, row));
}

const bits = new Float64Array(1);
const words = new Int32Array(bits.buffer);

/** Of equal values it is equal, as keys of tables are (TKY1). */
function valueHash(column: Column, row: number): number {
  switch (column.kind) {
    case "bigint":
      return wordsHash(column, row);
    case "text":
      return textHash(column, row);
    case "float64": {
      const value = column.values[row] as number;
      if (Number.isNaN(value)) return mix(OF_NAN);
      // -0 is 0.
      bits[0] = value + 0;
      return mix((words[0] as number) ^ mix(words[1] as number));
    }
    default:
      return mix(column.values[row] as number);
  }
}

function wordsHash({ words: pairs }: BigintColumn, row: number): number {
  return mix((pairs[2 * row] as number) ^ mix(pairs[2 * row + 1] as number));
}

function textHash({ words: all, starts, lengths }: TextColumn, row: number): number {
  const length = lengths[row] as number;
  const first = (starts[row] as number) >> 2;
  let hash = length;
  for (let word = first; word < first + ((length + 3) >> 2); word++)
    hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ (all[word] as number), 0x9e3779b1);
  return mix(hash);
}
