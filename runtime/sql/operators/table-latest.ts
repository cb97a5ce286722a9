/**
 * Owns: the first or the last row of each key by time, where rows have columns: one table, and changes that leave batch by batch.
 * Not here: every other one (latest-rows.ts), which emits the same rows (SQJD1, SQJD2, SQJD4).
 *
 * SQTL1 Of the records of a key in a batch one at most takes the place of the row that is there; what stood there is read before it is overwritten.
 */
import { assert } from "../../../base/index.ts";
import { type ColumnBatch, ColumnBuilder, type Float64Column, rowKinds, TABLE_PAGE_BITS } from "../../record/index.ts";
import type {
  ColumnTable,
  OperatorContext,
  OperatorFactory,
  Output,
  SlicedTable,
  StreamOperator,
} from "../../ports/index.ts";
import { SteppedWork } from "../../spill/index.ts";
import type { DeduplicateNode, PlanColumn, PlanMode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { PAGE_SLOTS, SLOT_MASK } from "./accumulators/column-accumulator.ts";
import { refuseRow } from "./batches-only.ts";
import { fitsTable, SlotRows } from "./slot-rows.ts";
import { ROW_OF_KEY } from "./state-names.ts";
import { declarationOfTable } from "./table-aggregation.ts";

/** There is one. */
const SLICE = 0;
/** Keys at a time: each may give two rows. */
const STEP = PAGE_SLOTS / 2;

class TableLatest implements StreamOperator<unknown, unknown> {
  readonly #node: DeduplicateNode;
  readonly #mode: PlanMode;
  readonly #rows: SlotRows;
  readonly #keys: RowKeys;
  readonly #builder: ColumnBuilder;
  readonly #keepsLast: boolean;
  /** Of the time among the values; null: time is the clock, and rows come in its order. */
  readonly #timeField: number | null;
  /** By slot: the number of the record that takes its place, plus one; 0: none does. */
  #chosen = new Int32Array(PAGE_SLOTS);
  #slots = new Int32Array(0);
  /** Of the changes at hand. */
  readonly #changed = {
    slots: new Int32Array(STEP),
    rows: new Int32Array(STEP),
    isNew: new Uint8Array(STEP),
    count: 0,
  };
  readonly #selection = new Int32Array(PAGE_SLOTS);
  #tables!: SlicedTable;
  #output!: Output<unknown>;
  #work!: SteppedWork;

  constructor(node: DeduplicateNode, mode: PlanMode) {
    this.#node = node;
    this.#mode = mode;
    this.#rows = rowsOf(node);
    this.#keys = new RowKeys(node.input.row, node.by);
    this.#builder = new ColumnBuilder(rowTypeOf(node.row), PAGE_SLOTS);
    this.#keepsLast = node.keep === "last";
    const isClock = (node.input.row[node.time] as PlanColumn).time === "proctime";
    this.#timeField = isClock ? null : this.#rows.fieldOf(node.time);
    assert(isClock || this.#timeField !== null, "a row's time is no part of its key");
  }

  open({ keyed, emission }: OperatorContext, output: Output<unknown>): void {
    assert(keyed !== null, "rows come to a deduplicate by its keys");
    this.#work = new SteppedWork(emission ?? null);
    this.#tables = keyed.slicedTable(this.#rows.descriptor);
    this.#output = output;
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { columns, rows, count } = batch;
    const table = this.#tables.table(SLICE);
    const known = table.size;
    const own = rows.subarray(from, count);
    if (this.#slots.length < own.length) this.#slots = new Int32Array(own.length);
    const keys = this.#node.by.map((place) => columns[place] as ColumnBatch["columns"][number]);
    table.slotsOf({ keys, hashes: this.#keys.hashes(batch), rows: own, count: own.length }, this.#slots);
    this.#choose(table, known, batch, own);
    for (let at = 0; at < own.length; at++) {
      const slot = this.#slots[at] as number;
      if (this.#chosen[slot] !== at + 1) continue;
      this.#chosen[slot] = 0;
      const changed = this.#changed;
      changed.slots[changed.count] = slot;
      changed.rows[changed.count] = own[at] as number;
      changed.isNew[changed.count] = slot >= known ? 1 : 0;
      changed.count += 1;
      if (changed.count === STEP) this.#change(table, batch);
    }
    this.#change(table, batch);
    return count;
  }

  prepareSnapshot(): void {
    this.#work.finish();
  }

  /** SQJD2 */
  endInput(): void {
    const table = this.#tables.find(SLICE);
    if (this.#mode === "batch" && table !== null) this.#work.start(this.#emitAll(table));
  }

  close(): void {
    this.#work.close();
  }

  *#emitAll(table: ColumnTable): Generator<void> {
    const slots = this.#selection;
    for (let first = 0; first < table.size; first += PAGE_SLOTS) {
      const count = Math.min(PAGE_SLOTS, table.size - first);
      for (let at = 0; at < count; at++) slots[at] = first + at;
      const { stores } = this.#builder;
      this.#rows.read(table, { slots, count }, stores, 0);
      this.#rows.readKeys(table, { slots, count }, stores, 0);
      this.#emit(count, null);
      yield;
    }
    this.#tables.drop(SLICE);
  }

  /** Fills `#chosen`; `known`: slots below had a row before this batch. */
  #choose(table: ColumnTable, known: number, { columns }: ColumnBatch, rows: Int32Array): void {
    if (this.#chosen.length < table.size) {
      const larger = new Int32Array(Math.max(table.size, this.#chosen.length * 2));
      larger.set(this.#chosen);
      this.#chosen = larger;
    }
    const chosen = this.#chosen;
    const times = this.#timeField === null ? null : (columns[this.#node.time] as Float64Column).values;
    const kept = this.#timeField === null ? null : (table.values[this.#timeField] as readonly Float64Array[]);
    for (let at = 0; at < rows.length; at++) {
      const slot = this.#slots[at] as number;
      const other = chosen[slot] as number;
      if (other === 0 && slot >= known) {
        chosen[slot] = at + 1;
        continue;
      }
      if (times === null || kept === null) {
        if (this.#keepsLast) chosen[slot] = at + 1;
        continue;
      }
      const time = times[rows[at] as number] as number;
      const before =
        other === 0
          ? ((kept[slot >> TABLE_PAGE_BITS] as Float64Array)[slot & SLOT_MASK] as number)
          : (times[rows[other - 1] as number] as number);
      // SQJD1
      if (this.#keepsLast ? time >= before : time < before) chosen[slot] = at + 1;
    }
  }

  /** Emits the changes at hand, and keeps the new rows: places of what goes come first, then those of what comes. */
  #change(table: ColumnTable, batch: ColumnBatch): void {
    const { slots, rows, isNew, count } = this.#changed;
    if (count === 0) return;
    this.#changed.count = 0;
    if (this.#mode === "streaming") {
      const takesBack = this.#node.changes === "retract";
      const first = takesBack ? count : 0;
      const { stores } = this.#builder;
      if (takesBack) {
        this.#rows.read(table, { slots, count }, stores, 0);
        this.#rows.gatherKeys(batch, rows, count, stores, 0);
      }
      for (const [place, store] of stores.entries())
        store.gather(batch.columns[place] as never, { rows, from: 0, to: count, at: first });
      this.#emit(first + count, { isNew, first, count });
    }
    this.#rows.write(table, { slots, count }, batch, rows);
  }

  /** `changes`: null: all are inserts. */
  #emit(
    places: number,
    changes: { readonly isNew: Uint8Array; readonly first: number; readonly count: number } | null,
  ): void {
    const builder = this.#builder;
    builder.count = places;
    let selected = places;
    if (changes !== null) selected = this.#select(changes);
    const batch = builder.take();
    this.#output.collectBatch(changes === null ? batch : batch.select(this.#selection, selected));
    batch.release();
  }

  #select({
    isNew,
    first,
    count,
  }: {
    readonly isNew: Uint8Array;
    readonly first: number;
    readonly count: number;
  }): number {
    const selection = this.#selection;
    // Nothing but inserts has no kinds (CBU2).
    let kinds: Uint8Array | null = null;
    let selected = 0;
    for (let at = 0; at < count; at++) {
      if (isNew[at] === 0) {
        assert(this.#node.changes !== "append", "an operator that only appends updates no row");
        kinds ??= this.#builder.rowKinds();
        if (first > 0) {
          kinds[at] = rowKinds.updateBefore;
          selection[selected++] = at;
        }
        kinds[first + at] = rowKinds.updateAfter;
      }
      selection[selected++] = first + at;
    }
    return selected;
  }
}

const rowsOf = ({ input, by }: DeduplicateNode): SlotRows => new SlotRows(ROW_OF_KEY, { row: input.row, keys: by });

/** Null: its rows are none for tables; then deduplicateOperator makes another. */
export function tableLatest(node: DeduplicateNode, mode: PlanMode): OperatorFactory<unknown, unknown> | null {
  const { input, by, time } = node;
  if (!fitsTable(input.row) || by.includes(time)) return null;
  return {
    kind: "operator",
    name: "deduplicate",
    declares: [declarationOfTable(rowsOf(node).descriptor)],
    create: () => new TableLatest(node, mode),
  };
}
