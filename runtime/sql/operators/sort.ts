/**
 * Owns: all rows in order, from an offset on, up to a limit: of a bounded input at its end, of an unbounded one by its rowtime, as the watermark goes on.
 * Does not own: Top-N of what changes (rank.ts). It runs in one subtask: the planner sees to that.
 *
 * SQJO1 Rows that the order does not tell apart come out as they came in. After a restore, too.
 * SQJO2 By rowtime a row is emitted when the watermark has reached its time: none can come before it any more. One that comes behind the watermark is
 *     dropped and counted.
 * SQJO3 Offset and limit count what is emitted, over restores.
 * SQJO4 At a limit a bounded input's rows that can no longer be emitted are not kept.
 * SQJO5 Rows of a bounded input that memory does not hold go into files (EXS2). While they are there no checkpoint is taken.
 * SQJO6 Nor is there one of many rows in memory: as objects, and encoded, they would take several times as much. Objects that a checkpoint was made of are let go of when it is.
 */
import { assert } from "../../../base/index.ts";
import type {
  Counter,
  OperatorContext,
  OperatorFactory,
  OperatorListState,
  Output,
  StreamOperator,
} from "../../ports/index.ts";
import {
  type ColumnBatch,
  ColumnBuilder,
  columnsOfRows,
  describeType,
  rowKinds,
  t,
  type ValueType,
} from "../../record/index.ts";
import { ExternalSorter, SteppedWork } from "../../spill/index.ts";
import { compareRows } from "../rows/row-order.ts";
import type { PlanColumn, PlanMode, SortNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import { refuseRow } from "./batches-only.ts";
import { ColumnOrder } from "./column-order.ts";
import { RowEmitter } from "./row-emitter.ts";
import { spilledBytes, spilledState, unsavedState } from "./spilling.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";

type Compare = (one: SqlRow, other: SqlRow) => number;

/** SQJO6: of the sort's memory. */
const SAVED_SHARE = 1 / 8;

const [ROWS, EMITTED] = ["rows", "emitted"];

export function sortOperator(node: SortNode, mode: PlanMode): OperatorFactory<unknown, unknown> {
  const { input, orderBy } = node;
  assert(input.changes === "append", "a sort takes rows that stay: rank those that change");
  return {
    kind: "operator",
    name: "sort",
    declares: [
      { name: ROWS as string, kind: "operator-list", type: describeType(rowTypeOf(input.row)) },
      { name: EMITTED as string, kind: "operator-list", type: describeType(t.int64 as ValueType<unknown>) },
      ...(mode === "streaming" ? [declarationOfWatermark] : []),
    ],
    ...(mode === "batch" ? { spills: true } : {}),
    create: () =>
      mode === "batch"
        ? new BoundedSort(node, new ColumnOrder(orderBy, input.row))
        : new RowtimeSort(node, compareRows(orderBy, input.row) as Compare),
  };
}

class BoundedSort implements StreamOperator<unknown, unknown> {
  readonly #node: SortNode;
  readonly #order: ColumnOrder;
  #output!: Output<unknown>;
  #sorter!: ExternalSorter;
  #work!: SteppedWork;
  #rows!: OperatorListState<SqlRow>;
  /** Rows in order so far, those of the offset with them. */
  #passed = 0;
  #hasSaved = false;

  constructor(node: SortNode, order: ColumnOrder) {
    this.#node = node;
    this.#order = order;
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { offset, limit, input } = this.#node;
    const type = rowTypeOf(input.row);
    this.#output = output;
    this.#work = new SteppedWork(context.emission ?? null);
    this.#rows = context.operatorState.list({ name: ROWS as string, type: type as ValueType<SqlRow> });
    context.operatorState.list({ name: EMITTED as string, type: t.int64 });
    this.#sorter = new ExternalSorter({
      type,
      order: this.#order,
      space: context.spill ?? null,
      rows: limit === null ? null : offset + limit,
      onSpill: spilledBytes(context),
    });
    const builder = new ColumnBuilder(type);
    for (const batch of columnsOfRows(builder, { rows: this.#rows.get(), timestamps: null, keyHashes: null })) {
      this.#sorter.add(batch, 0);
      batch.release();
    }
    this.#rows.update([]);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    this.#work.finish();
    this.#forgetSaved();
    this.#sorter.add(batch, from);
    // SQJO5
    if (this.#sorter.isFull) this.#work.start(this.#sorter.spill());
    return batch.count;
  }

  prepareSnapshot(): void {
    this.#work.finish();
    if (this.#sorter.hasSpilled) throw spilledState();
    if (this.#sorter.share > SAVED_SHARE) throw unsavedState();
    this.#hasSaved = true;
    this.#rows.update([...this.#sorter.collected()].flatMap((batch) => batch.toRows()));
  }

  endInput(): void {
    this.#forgetSaved();
    this.#work.start(this.#sorter.drain((batch) => this.#pass(batch)));
  }

  close(): void {
    this.#work.close();
    this.#sorter.close();
  }

  /** SQJO6: the task goes on, so the checkpoint has them. */
  #forgetSaved(): void {
    if (this.#hasSaved) this.#rows.update([]);
    this.#hasSaved = false;
  }

  /** SQJO3: of the next rows in order those behind the offset; the sorter ends with the limit. */
  #pass(batch: ColumnBatch): void {
    const { offset } = this.#node;
    const { rows, count } = batch;
    const from = Math.min(count, Math.max(0, offset - this.#passed));
    this.#passed += count;
    if (from === 0) this.#output.collectBatch(batch);
    else if (from < count) this.#output.collectBatch(batch.select(rows.subarray(from, count), count - from));
  }
}

class RowtimeSort implements StreamOperator<unknown, unknown> {
  readonly #node: SortNode;
  readonly #compare: Compare;
  readonly #names: readonly string[];
  readonly #time: string;
  #rows: SqlRow[] = [];
  #emitter!: RowEmitter;
  /** Rows in order so far, those of the offset with them. */
  #passed = 0;
  #rowsState!: OperatorListState<SqlRow>;
  #passedState!: OperatorListState<number>;
  #watermark!: WatermarkMemory;
  #late!: Counter;

  constructor(node: SortNode, compare: Compare) {
    this.#node = node;
    this.#compare = compare;
    this.#names = namesOf(node.input.row);
    const first = node.orderBy[0];
    const column = first === undefined ? undefined : (node.input.row[first.column] as PlanColumn);
    assert(
      column?.time === "rowtime" && first?.direction === "ASC",
      "an unbounded input is sorted by its rowtime first, in ascending order",
    );
    this.#time = column.name;
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { operatorState } = context;
    this.#emitter = new RowEmitter(this.#node, output);
    this.#rowsState = operatorState.list({
      name: ROWS as string,
      type: rowTypeOf(this.#node.input.row) as ValueType<SqlRow>,
    });
    this.#passedState = operatorState.list({ name: EMITTED as string, type: t.int64 });
    this.#rows = [...this.#rowsState.get()];
    this.#passed = this.#passedState.get().reduce((sum, passed) => sum + passed, 0);
    this.#watermark = new WatermarkMemory(context);
    this.#late = context.metrics.counter("numLateRecordsDropped");
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    for (const row of batch.toRows(from)) {
      if ((row[this.#time] as number) <= this.#watermark.current) this.#late.inc();
      else this.#rows.push(row);
    }
    return batch.count;
  }

  onWatermark(timestamp: number): void {
    this.#watermark.raise(timestamp);
    // SQJO2. Those that wait for a later watermark stay as they came.
    const due: SqlRow[] = [];
    const waiting: SqlRow[] = [];
    for (const row of this.#rows) ((row[this.#time] as number) <= timestamp ? due : waiting).push(row);
    if (due.length === 0) return;
    this.#rows = waiting;
    for (const row of due.sort(this.#compare)) this.#pass(row);
    this.#emitter.flush();
  }

  prepareSnapshot(): void {
    this.#rowsState.update(this.#rows);
    this.#passedState.update(this.#passed === 0 ? [] : [this.#passed]);
    this.#watermark.save();
  }

  /** Of all that there is in order, the next row. */
  #pass(row: SqlRow): void {
    const { offset, limit } = this.#node;
    this.#passed += 1;
    if (this.#passed <= offset || (limit !== null && this.#passed > offset + limit)) return;
    this.#emitter.emit(rowKinds.insert, row, this.#names);
  }
}
