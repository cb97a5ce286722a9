/**
 * Owns: Top-N of rows that are never taken back, where rows have columns: the rows that may be shown are in one table, a cell for each place of a partition.
 * Not here: every other one (rank.ts), which emits the same rows (SQJN1 … 4).
 *
 * SQTN1 A partition has as many cells as it has had rows at once, and never more than places; cell 0 is its first, and stands for the partition. Which row has which place is kept in memory,
 *     and made anew after a restore: by the order, and among equals by the number that each row got when it came.
 * SQTN2 What goes out of a cell is emitted before another row is written there: first all changes of a batch leave, then its rows are written.
 */
import { assert } from "../../../base/index.ts";
import {
  type AnyStore,
  type Column,
  type ColumnBatch,
  ColumnBuilder,
  rowKinds,
  t,
  TABLE_PAGE_BITS,
  type ValueType,
} from "../../record/index.ts";
import type {
  ColumnTable,
  OperatorContext,
  OperatorFactory,
  Output,
  SlicedTable,
  StreamOperator,
} from "../../ports/index.ts";
import { SteppedWork } from "../../spill/index.ts";
import type { PlanMode, RankNode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { PAGE_SLOTS, SLOT_MASK } from "./accumulators/column-accumulator.ts";
import { refuseRow } from "./batches-only.ts";
import { hashWithin } from "./hash-within.ts";
import { entryOf, recordOf, RowEntries } from "./row-entries.ts";
import type { RowKind } from "./emitted-rows.ts";
import { fitsTable, SlotRows } from "./slot-rows.ts";
import { RANKED_ROWS } from "./state-names.ts";
import { declarationOfTable } from "./table-aggregation.ts";

/** There is one. */
const SLICE = 0;
/** Of the key, behind the partition's columns. */
const CELL = { cell: t.int32 as ValueType<unknown> };
/** Of the value, behind the row's columns: when the row came, and the hash of the partition's key. */
const MARKS = { number: t.int64 as ValueType<unknown>, hash: t.int32 as ValueType<unknown> };

type Partition = {
  /** Entries, in order: slots, and during a batch its records, too. */
  ranked: number[];
  /** Slots of its cells. */
  cells: number;
  /** What was ranked before this batch; null: nothing has changed. */
  before: readonly number[] | null;
  /** A record of this batch that is of it. */
  record: number;
  /** The slot of cell 0 while nothing was ever written there. */
  unwritten: number | null;
};

class TableRank implements StreamOperator<unknown, unknown> {
  readonly #node: RankNode;
  readonly #mode: PlanMode;
  readonly #to: number;
  readonly #rows: SlotRows;
  readonly #keys: RowKeys;
  readonly #entries: RowEntries;
  readonly #changes: RankChanges;
  /** By the slot of cell 0. */
  readonly #partitions: (Partition | undefined)[] = [];
  #changed: Partition[] = [];
  #slots = new Int32Array(0);
  #cells = new Int32Array(0);
  #hashes = new Int32Array(0);
  #maxParallelism = 0;
  #nextNumber = 0;
  #tables!: SlicedTable;
  #work!: SteppedWork;

  constructor(node: RankNode, to: number, mode: PlanMode) {
    this.#node = node;
    this.#mode = mode;
    this.#to = to;
    this.#rows = rowsOf(node);
    this.#keys = new RowKeys(node.input.row, node.partitionBy);
    this.#entries = new RowEntries(node.input.row, node.orderBy, (place) => this.#rows.fieldOf(place));
    this.#changes = new RankChanges(node, this.#rows);
  }

  open({ keyed, maxParallelism, emission }: OperatorContext, output: Output<unknown>): void {
    assert(keyed !== null, "rows come to a rank by its partition");
    this.#work = new SteppedWork(emission ?? null);
    this.#maxParallelism = maxParallelism;
    this.#tables = keyed.slicedTable(this.#rows.descriptor);
    this.#changes.open(output);
    const table = this.#tables.find(SLICE);
    if (table !== null) this.#readPartitions(table);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count, columns, size } = batch;
    const table = this.#tables.table(SLICE);
    const own = rows.subarray(from, count);
    const hashes = this.#keys.hashes(batch);
    this.#makeRoom(own.length, size);
    this.#cells.fill(0, 0, size);
    const keys = [
      ...this.#node.partitionBy.map((place) => columns[place] as Column),
      { kind: "int32", values: this.#cells, nulls: null } as const,
    ];
    table.slotsOf({ keys, hashes, rows: own, count: own.length }, this.#slots);
    this.#entries.use(table, batch, own);
    for (let at = 0; at < own.length; at++) this.#take(this.#slots[at] as number, at);
    if (this.#mode === "streaming") this.#emit(table, batch, own);
    this.#write(table, batch, { rows: own, hashes, keys });
    return count;
  }

  prepareSnapshot(): void {
    this.#work.finish();
  }

  /** SQJN3 */
  endInput(): void {
    const table = this.#tables.find(SLICE);
    if (this.#mode === "batch" && table !== null) this.#work.start(this.#emitAll(table));
  }

  close(): void {
    this.#work.close();
  }

  *#emitAll(table: ColumnTable): Generator<void> {
    const { from } = this.#node;
    this.#changes.use(table, null, new Int32Array(0));
    let count = 0;
    for (const partition of this.#partitions)
      for (const [place, entry] of (partition?.ranked.slice(from - 1) ?? []).entries()) {
        this.#changes.put(rowKinds.insert, entry, 0, from + place);
        if (++count % PAGE_SLOTS !== 0) continue;
        this.#changes.flush();
        yield;
      }
    this.#changes.flush();
    this.#tables.drop(SLICE);
  }

  #take(slot: number, record: number): void {
    let partition = this.#partitions[slot];
    if (partition === undefined) {
      partition = { ranked: [], cells: 1, before: null, record, unwritten: slot };
      this.#partitions[slot] = partition;
    }
    const { ranked } = partition;
    const entry = entryOf(record);
    const isFull = ranked.length === this.#to;
    if (isFull && this.#entries.compare(ranked[ranked.length - 1] as number, entry) <= 0) return;
    if (partition.before === null) {
      partition.before = ranked.slice();
      partition.record = record;
      this.#changed.push(partition);
    }
    if (isFull) ranked.pop();
    ranked.splice(this.#indexAfter(ranked, entry), 0, entry);
  }

  #indexAfter(ranked: readonly number[], entry: number): number {
    let low = 0;
    let high = ranked.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries.compare(ranked[middle] as number, entry) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** SQJN4 */
  #emit(table: ColumnTable, batch: ColumnBatch, rows: Int32Array): void {
    const { showsRank, from } = this.#node;
    this.#changes.use(table, batch, rows);
    for (const { ranked, before, record } of this.#changed) {
      const [was, is] = [(before as readonly number[]).slice(from - 1), ranked.slice(from - 1)];
      if (showsRank) this.#emitMoves(was, is, record);
      else this.#emitComing(was, is, record);
    }
    this.#changes.flush();
  }

  /** SQJP1 */
  #emitMoves(before: readonly number[], after: readonly number[], record: number): void {
    const { from } = this.#node;
    for (let place = 0; place < after.length; place++) {
      const [goes, comes] = [before[place], after[place] as number];
      if (goes === comes || (goes !== undefined && this.#entries.areSame(goes, comes))) continue;
      if (goes === undefined) {
        this.#changes.put(rowKinds.insert, comes, record, from + place);
      } else {
        this.#changes.put(rowKinds.updateBefore, goes, record, from + place);
        this.#changes.put(rowKinds.updateAfter, comes, record, from + place);
      }
    }
  }

  /** SQJP2 */
  #emitComing(before: readonly number[], after: readonly number[], record: number): void {
    const come = without(after, before);
    for (const entry of without(before, after)) {
      const same = come.findIndex((other) => this.#entries.areSame(entry, other));
      if (same < 0) this.#changes.put(rowKinds.delete, entry, record, 0);
      else come.splice(same, 1);
    }
    for (const entry of come) this.#changes.put(rowKinds.insert, entry, record, 0);
  }

  /** SQTN2 */
  #write(
    table: ColumnTable,
    batch: ColumnBatch,
    {
      rows,
      hashes,
      keys,
    }: { readonly rows: Int32Array; readonly hashes: Int32Array; readonly keys: readonly Column[] },
  ): void {
    const written: number[] = [];
    const slots: number[] = [];
    /** Of records that go into a cell that is new. */
    const added: { readonly partition: Partition; readonly at: number; readonly record: number }[] = [];
    for (const partition of this.#changed) {
      const { ranked, before } = partition;
      // Rows go from the end only: the slots that stay are those before the others.
      const stays = ranked.reduce((count, entry) => (entry >= 0 ? count + 1 : count), 0);
      const free = (before as readonly number[]).slice(stays);
      if (partition.unwritten !== null) free.push(partition.unwritten);
      partition.unwritten = null;
      for (const [at, entry] of ranked.entries()) {
        if (entry >= 0) continue;
        const record = recordOf(entry);
        const slot = free.pop();
        if (slot === undefined) {
          const row = rows[record] as number;
          this.#hashes[row] = hashWithin(hashes[row] as number, partition.cells, this.#maxParallelism);
          this.#cells[row] = partition.cells++;
          added.push({ partition, at, record });
        } else {
          ranked[at] = slot;
          written.push(record);
          slots.push(slot);
        }
      }
      partition.before = null;
    }
    this.#changed = [];
    const places = Int32Array.from(added, ({ record }) => rows[record] as number);
    const made = new Int32Array(added.length);
    table.slotsOf({ keys, hashes: this.#hashes, rows: places, count: added.length }, made);
    for (const [number, { partition, at, record }] of added.entries()) {
      partition.ranked[at] = made[number] as number;
      written.push(record);
      slots.push(made[number] as number);
    }
    this.#writeRows(table, batch, { rows, hashes, written, slots });
  }

  #writeRows(
    table: ColumnTable,
    batch: ColumnBatch,
    {
      rows,
      hashes,
      written,
      slots,
    }: {
      readonly rows: Int32Array;
      readonly hashes: Int32Array;
      readonly written: readonly number[];
      readonly slots: readonly number[];
    },
  ): void {
    const into = { slots: Int32Array.from(slots), count: slots.length };
    table.makeReady(into.slots, into.count);
    this.#rows.write(
      table,
      into,
      batch,
      Int32Array.from(written, (record) => rows[record] as number),
    );
    for (const [at, record] of written.entries()) {
      const slot = into.slots[at] as number;
      // Records are numbered in their order.
      numberPage(table, slot)[slot & SLOT_MASK] = this.#nextNumber + record;
      hashPage(table, slot)[slot & SLOT_MASK] = hashes[rows[record] as number] as number;
    }
    this.#nextNumber += rows.length;
  }

  /** SQTN1: after a restore. */
  #readPartitions(table: ColumnTable): void {
    const keys = this.#node.partitionBy.length;
    const [zeros, found, places] = [new Int32Array(PAGE_SLOTS), new Int32Array(PAGE_SLOTS), places0];
    for (let page = 0; page * PAGE_SLOTS < table.size; page++) {
      const count = Math.min(PAGE_SLOTS, table.size - page * PAGE_SLOTS);
      const columns = [...table.keysOf(page).slice(0, keys), { kind: "int32", values: zeros, nulls: null } as const];
      const hashes = hashPage(table, page * PAGE_SLOTS);
      table.find({ keys: columns, hashes, rows: places, count }, found);
      for (let at = 0; at < count; at++) {
        const [slot, first] = [page * PAGE_SLOTS + at, found[at] as number];
        assert(first >= 0, "a partition has a cell 0");
        const partition = this.#partitions[first] ?? { ranked: [], cells: 0, before: null, record: 0, unwritten: null };
        this.#partitions[first] = partition;
        partition.ranked.push(slot);
        partition.cells += 1;
        this.#nextNumber = Math.max(this.#nextNumber, (numberPage(table, slot)[at] as number) + 1);
      }
    }
    this.#entries.use(table, null, new Int32Array(0));
    const numberOf = (slot: number): number => numberPage(table, slot)[slot & SLOT_MASK] as number;
    for (const partition of this.#partitions)
      partition?.ranked.sort((left, right) => this.#entries.compare(left, right) || numberOf(left) - numberOf(right));
  }

  #makeRoom(records: number, places: number): void {
    if (this.#slots.length < records) this.#slots = new Int32Array(records);
    if (this.#cells.length >= places) return;
    this.#cells = new Int32Array(places);
    this.#hashes = new Int32Array(places);
  }
}

/** For so many a set is more than they are. */
const FEW = 16;

function without(entries: readonly number[], others: readonly number[]): number[] {
  if (others.length <= FEW) return entries.filter((entry) => !others.includes(entry));
  const known = new Set(others);
  return entries.filter((entry) => !known.has(entry));
}

/** 0, 1, 2, … */
const places0 = Int32Array.from({ length: PAGE_SLOTS }, (_none, at) => at);

const numberPage = ({ values }: ColumnTable, slot: number): Float64Array =>
  values.at(-2)?.[slot >> TABLE_PAGE_BITS] as Float64Array;
const hashPage = ({ values }: ColumnTable, slot: number): Int32Array =>
  values.at(-1)?.[slot >> TABLE_PAGE_BITS] as Int32Array;

/** Rows that leave: those of the table first in a batch's columns, then those of the batch; a selection has their order. */
class RankChanges {
  readonly #node: RankNode;
  readonly #rows: SlotRows;
  readonly #builder: ColumnBuilder;
  #output!: Output<unknown>;
  #table!: ColumnTable;
  #batch: ColumnBatch | null = null;
  /** Of the records, their places. */
  #places: Int32Array = new Int32Array(0);
  readonly #olds = { slots: new Int32Array(PAGE_SLOTS), rows: new Int32Array(PAGE_SLOTS), count: 0 };
  readonly #news = { rows: new Int32Array(PAGE_SLOTS), count: 0 };
  /** Of each change: `entry` from 0 on is a number of `#olds`, below 0 of `#news`. */
  readonly #entries = new Int32Array(PAGE_SLOTS);
  readonly #kinds = new Uint8Array(PAGE_SLOTS);
  readonly #ranks = new Float64Array(PAGE_SLOTS);
  #count = 0;

  constructor(node: RankNode, rows: SlotRows) {
    this.#node = node;
    this.#rows = rows;
    this.#builder = new ColumnBuilder(rowTypeOf(node.row), PAGE_SLOTS);
  }

  open(output: Output<unknown>): void {
    this.#output = output;
  }

  /** What entries are of; null: there are slots only. */
  use(table: ColumnTable, batch: ColumnBatch | null, places: Int32Array): void {
    this.#table = table;
    this.#batch = batch;
    this.#places = places;
  }

  /** `record`: one of the same partition. */
  put(kind: RowKind, entry: number, record: number, rank: number): void {
    const { changes } = this.#node;
    if (kind !== rowKinds.insert) {
      assert(changes !== "append", "an operator that only appends takes no row back");
      if (changes === "upsert" && kind === rowKinds.updateBefore) return;
    }
    const at = this.#count++;
    this.#kinds[at] = kind;
    this.#ranks[at] = rank;
    if (entry < 0) {
      this.#entries[at] = entryOf(this.#news.count);
      this.#news.rows[this.#news.count++] = this.#places[recordOf(entry)] as number;
    } else {
      const olds = this.#olds;
      this.#entries[at] = olds.count;
      olds.slots[olds.count] = entry;
      olds.rows[olds.count++] = this.#batch === null ? 0 : (this.#places[record] as number);
    }
    if (this.#count === PAGE_SLOTS) this.flush();
  }

  flush(): void {
    const [count, olds, news] = [this.#count, this.#olds, this.#news];
    if (count === 0) return;
    const { stores } = this.#builder;
    if (olds.count > 0) {
      this.#rows.read(this.#table, olds, stores, 0);
      if (this.#batch === null) this.#rows.readKeys(this.#table, olds, stores, 0);
      else this.#rows.gatherKeys(this.#batch, olds.rows, olds.count, stores, 0);
    }
    if (this.#batch !== null && news.count > 0)
      for (const [place, column] of this.#batch.columns.entries())
        (stores[place] as AnyStore).gather(column, { rows: news.rows, from: 0, to: news.count, at: olds.count });
    this.#mark(stores, count);
    this.#builder.count = count;
    const made = this.#builder.take();
    this.#output.collectBatch(made.select(this.#entries.slice(0, count), count));
    made.release();
    this.#count = 0;
    olds.count = 0;
    news.count = 0;
  }

  /** Entries become places; ranks and kinds are written there. */
  #mark(stores: readonly AnyStore[], count: number): void {
    const ranks = this.#node.showsRank ? (stores.at(-1) as unknown as { readonly values: BigInt64Array }) : null;
    const isAllNew = this.#kinds.subarray(0, count).every((kind) => kind === rowKinds.insert);
    const kinds = isAllNew ? null : this.#builder.rowKinds();
    for (let at = 0; at < count; at++) {
      const entry = this.#entries[at] as number;
      const place = entry < 0 ? this.#olds.count + recordOf(entry) : entry;
      this.#entries[at] = place;
      if (kinds !== null) kinds[place] = this.#kinds[at] as number;
      if (ranks !== null) ranks.values[place] = BigInt(this.#ranks[at] as number);
    }
  }
}

const rowsOf = ({ input, partitionBy }: RankNode): SlotRows =>
  new SlotRows(RANKED_ROWS, { row: input.row, keys: partitionBy }, { key: CELL, value: MARKS });

/** Null: its rows are taken back, are none for tables, or are of a window; then rankOperator makes another. */
export function tableRank(node: RankNode, mode: PlanMode): OperatorFactory<unknown, unknown> | null {
  const { input, to, windowEnd } = node;
  if (to === null || to < 1 || input.changes !== "append" || !fitsTable(input.row)) return null;
  if (windowEnd !== null && mode === "streaming") return null;
  return {
    kind: "operator",
    name: "rank",
    declares: [declarationOfTable(rowsOf(node).descriptor)],
    create: () => new TableRank(node, to, mode),
  };
}
