/**
 * Owns: all rows of a bounded input, sorted by a key and within it by an order, whatever memory holds; and in what comes out where a key begins, and where the order says that a row is another.
 * Called by: operators that go through the rows of a key in order: OVER, ranks, windows.
 *
 * SQKT1 Rows of a key that the order does not tell apart come out as they came in.
 * SQKT2 Keys come out in an order of their own: equal keys are next to each other, and it says nothing else.
 * SQKT3 Rows that memory does not hold go into files. While they are there, or rows take more than an eighth of the memory, no checkpoint is taken (SQJO5, SQJO6). What a checkpoint has is by key: at
 *     another parallelism it goes where its key goes.
 */
import { assert } from "../../../base/index.ts";
import type {
  KeyedOperatorState,
  ListState,
  OperatorContext,
  OperatorFactory,
  SpillFile,
  SpillSpace,
} from "../../ports/index.ts";
import {
  type Column,
  ColumnBatch,
  ColumnBuilder,
  columnsOfRows,
  describeType,
  type ValueType,
} from "../../record/index.ts";
import { ExternalSorter, SteppedWork } from "../../spill/index.ts";
import type { PlanRow, SortColumn } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import { anyOrder } from "../rows/value-order.ts";
import { forEachKeyed } from "./batches-only.ts";
import { ColumnOrder } from "./column-order.ts";
import { spilledBytes, spilledState, unsavedState } from "./spilling.ts";

/** Of a row that comes out: what it begins. */
export const begins = { nothing: 0, peers: 1, key: 2 } as const;

export type KeyedOrder = {
  /** Of the rows that are sorted. */
  readonly row: PlanRow;
  /** Places in it. */
  readonly keys: readonly number[];
  readonly orderBy: readonly SortColumn[];
};

type Declared = NonNullable<OperatorFactory<unknown, unknown>["declares"]>[number];

/** `share`: of the operator's memory. `name`: of its state, and `work`, where an operator has several. */
export type SortParts = { readonly share: number; readonly name?: string; readonly work?: SteppedWork };

const ROWS = "sorted";
/** SQKT3: of the memory. */
const SAVED_SHARE = 1 / 8;

export const declarationOfSorted = (row: PlanRow, name = ROWS): Declared => ({
  name,
  kind: "list",
  type: describeType(rowTypeOf(row)),
});

/** That part of the memory of an operator. */
export function shareOf(space: SpillSpace | undefined, share: number): SpillSpace | null {
  if (space === undefined) return null;
  return { budgetBytes: space.budgetBytes * share, create: (): SpillFile => space.create() };
}

export class KeyedSort {
  readonly work: SteppedWork;
  readonly #name: string;
  readonly #type: ValueType<unknown>;
  readonly #keys: RowKeys;
  readonly #keyed: KeyedOperatorState;
  readonly #rows: ListState<SqlRow>;
  readonly #sorter: ExternalSorter;
  readonly #keyOrder: ColumnOrder;
  readonly #peerOrder: ColumnOrder;
  #begins = new Uint8Array(0);
  #hasSaved = false;

  /** Errors: JOB_GRAPH_INVALID: a column has no order. */
  constructor({ row, keys, orderBy }: KeyedOrder, context: OperatorContext, { share, name = ROWS, work }: SortParts) {
    const { keyed } = context;
    assert(keyed !== null, `operator "${context.name}" is keyed`);
    const keyColumns = keys.map((column): SortColumn => ({ column, direction: "ASC", nulls: "FIRST" }));
    this.#type = rowTypeOf(row);
    this.#keys = new RowKeys(row, keys);
    this.#keyed = keyed;
    this.#keyOrder = new ColumnOrder(keyColumns, row, anyOrder);
    this.#peerOrder = new ColumnOrder(orderBy, row);
    this.work = work ?? new SteppedWork(context.emission ?? null);
    this.#name = name;
    this.#sorter = new ExternalSorter({
      type: this.#type,
      order: new ColumnOrder([...keyColumns, ...orderBy], row, anyOrder),
      space: shareOf(context.spill, share),
      rows: null,
      onSpill: spilledBytes(context),
    });
    this.#rows = keyed.list<SqlRow>({ name, type: this.#type as ValueType<SqlRow> });
    this.#takeRestored();
  }

  /** Of each batch that `sorted` gives, but the last one. */
  get pageRows(): number {
    return this.#sorter.pageRows;
  }

  /** Records of a batch from the one numbered `from` on. Errors: SPILL_FAILED. */
  add(batch: ColumnBatch, from: number): void {
    this.work.finish();
    this.put(batch, from);
    if (this.#sorter.isFull) this.work.start(this.#sorter.spill());
  }

  /** The same within work that is going on, which then calls `makeRoom`. */
  put({ layout, columns, count, selection }: ColumnBatch, from: number): void {
    this.#forgetSaved();
    // Without its marks: hashes of some rows of a page would be those of none of the others.
    this.#sorter.add(new ColumnBatch(layout, columns, { count, selection }), from);
  }

  /** Errors: SPILL_FAILED. */
  *makeRoom(): Generator<void> {
    if (this.#sorter.isFull) yield* this.#sorter.spill();
  }

  /** For `prepareSnapshot`. */
  save(): void {
    this.work.finish();
    this.#forgetSaved();
    if (this.#sorter.hasSpilled) throw spilledState();
    if (this.#sorter.share > SAVED_SHARE) throw unsavedState();
    this.#hasSaved = true;
    for (const batch of this.#sorter.collected())
      forEachKeyed(batch, 0, { keys: this.#keys, keyed: this.#keyed }, (row) => this.#rows.add(row));
  }

  /** Each batch is valid until the next one; null: a step of work that has none. Errors: SPILL_FAILED. */
  *sorted(): Generator<SortedBatch | null> {
    this.#forgetSaved();
    const last = new ColumnBuilder(this.#type, 1);
    let before: ColumnBatch | null = null;
    for (const batch of this.#sorter.sorted()) {
      if (batch === null) {
        yield null;
        continue;
      }
      const { rows, count } = batch;
      yield { batch, begins: this.#beginsOf(batch, before) };
      before?.release();
      last.append(batch, { rows, from: count - 1, to: count });
      before = last.take();
    }
    before?.release();
  }

  /** What was not asked for is not wanted: its files are closed. */
  drop(): void {
    this.#sorter.close();
  }

  /** The same, whatever is under way. */
  close(): void {
    this.work.close();
    this.drop();
  }

  #beginsOf({ columns, count }: ColumnBatch, before: ColumnBatch | null): Uint8Array {
    if (this.#begins.length < count) this.#begins = new Uint8Array(count);
    let [left, place]: [readonly Column[], number] = [before?.columns ?? [], 0];
    for (let row = 0; row < count; row++) {
      const isFirst = row === 0 && before === null;
      if (isFirst || this.#keyOrder.compare(left, place, columns, row) !== 0) this.#begins[row] = begins.key;
      else if (this.#peerOrder.compare(left, place, columns, row) !== 0) this.#begins[row] = begins.peers;
      else this.#begins[row] = begins.nothing;
      [left, place] = [columns, row];
    }
    return this.#begins;
  }

  #takeRestored(): void {
    const rows: SqlRow[] = [];
    this.#keyed.forEachKey(this.#name, () => {
      for (const row of this.#rows.get()) rows.push(row);
      this.#rows.clear();
    });
    const builder = new ColumnBuilder(this.#type);
    for (const batch of columnsOfRows(builder, { rows, timestamps: null, keyHashes: null })) {
      this.#sorter.add(batch, 0);
      batch.release();
    }
  }

  /** The task goes on, so the checkpoint has them. */
  #forgetSaved(): void {
    if (this.#hasSaved) this.#keyed.forEachKey(this.#name, () => this.#rows.clear());
    this.#hasSaved = false;
  }
}

/** `begins`: by place, of the batch's records, which stand at its first places. */
export type SortedBatch = { readonly batch: ColumnBatch; readonly begins: Uint8Array };
