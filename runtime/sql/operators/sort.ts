/**
 * Owns: all rows in order, from an offset on, up to a limit: of a bounded input at its end, of an unbounded one by its rowtime, as the watermark goes on.
 * Does not own: Top-N of what changes (rank.ts). It runs in one subtask: the planner sees to that.
 *
 * SQJO1 Rows that the order does not tell apart come out as they came in. After a restore, too.
 * SQJO2 By rowtime a row is emitted when the watermark has reached its time: none can come before it any more. One that comes behind the watermark is
 *     dropped and counted.
 * SQJO3 Offset and limit count what is emitted, over restores.
 * SQJO4 At a limit a bounded input's rows that can no longer be emitted are not kept.
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
import { type ColumnBatch, describeType, rowKinds, t, type ValueType } from "../../record/index.ts";
import { compareRows } from "../rows/row-order.ts";
import type { PlanColumn, PlanMode, SortNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import { refuseRow } from "./batches-only.ts";
import { indexAfter } from "./ranking.ts";
import { RowEmitter } from "./row-emitter.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";

type Compare = (one: SqlRow, other: SqlRow) => number;

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
    create: () => {
      const compare = compareRows(orderBy, input.row) as Compare;
      return mode === "batch" ? new BoundedSort(node, compare) : new RowtimeSort(node, compare);
    },
  };
}

abstract class SortedRows implements StreamOperator<unknown, unknown> {
  protected readonly node: SortNode;
  protected readonly compare: Compare;
  readonly #names: readonly string[];
  protected rows: SqlRow[] = [];
  protected emitter!: RowEmitter;
  /** Rows in order so far, those of the offset with them. */
  #passed = 0;
  #rowsState!: OperatorListState<SqlRow>;
  #passedState!: OperatorListState<number>;

  constructor(node: SortNode, compare: Compare) {
    this.node = node;
    this.compare = compare;
    this.#names = namesOf(node.input.row);
  }

  open({ operatorState }: OperatorContext, output: Output<unknown>): void {
    this.emitter = new RowEmitter(this.node, output);
    this.#rowsState = operatorState.list({
      name: ROWS as string,
      type: rowTypeOf(this.node.input.row) as ValueType<SqlRow>,
    });
    this.#passedState = operatorState.list({ name: EMITTED as string, type: t.int64 });
    this.rows = [...this.#rowsState.get()];
    this.#passed = this.#passedState.get().reduce((sum, passed) => sum + passed, 0);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    for (const row of batch.toRows(from)) this.add(row);
    return batch.count;
  }

  prepareSnapshot(): void {
    this.#rowsState.update(this.rows);
    this.#passedState.update(this.#passed === 0 ? [] : [this.#passed]);
  }

  protected abstract add(row: SqlRow): void;

  /** Of all that there is in order, the next row. */
  protected pass(row: SqlRow): void {
    const { offset, limit } = this.node;
    this.#passed += 1;
    if (this.#passed <= offset || (limit !== null && this.#passed > offset + limit)) return;
    this.emitter.emit(rowKinds.insert, row, this.#names);
  }
}

class BoundedSort extends SortedRows {
  protected add(row: SqlRow): void {
    const { offset, limit } = this.node;
    if (limit === null) {
      this.rows.push(row);
      return;
    }
    // SQJO4
    const index = indexAfter(this.rows, row, this.compare);
    if (index >= offset + limit) return;
    this.rows.splice(index, 0, row);
    if (this.rows.length > offset + limit) this.rows.pop();
  }

  endInput(): void {
    // Stable: SQJO1. With a limit they are in order already.
    if (this.node.limit === null) this.rows.sort(this.compare);
    for (const row of this.rows) this.pass(row);
    this.rows = [];
    this.emitter.flush();
  }
}

class RowtimeSort extends SortedRows {
  readonly #time: string;
  #watermark!: WatermarkMemory;
  #late!: Counter;

  constructor(node: SortNode, compare: Compare) {
    super(node, compare);
    const first = node.orderBy[0];
    const column = first === undefined ? undefined : (node.input.row[first.column] as PlanColumn);
    assert(
      column?.time === "rowtime" && first?.direction === "ASC",
      "an unbounded input is sorted by its rowtime first, in ascending order",
    );
    this.#time = column.name;
  }

  override open(context: OperatorContext, output: Output<unknown>): void {
    super.open(context, output);
    this.#watermark = new WatermarkMemory(context);
    this.#late = context.metrics.counter("numLateRecordsDropped");
  }

  onWatermark(timestamp: number): void {
    this.#watermark.raise(timestamp);
    // SQJO2. Those that wait for a later watermark stay as they came.
    const due: SqlRow[] = [];
    const waiting: SqlRow[] = [];
    for (const row of this.rows) ((row[this.#time] as number) <= timestamp ? due : waiting).push(row);
    if (due.length === 0) return;
    this.rows = waiting;
    for (const row of due.sort(this.compare)) this.pass(row);
    this.emitter.flush();
  }

  override prepareSnapshot(): void {
    super.prepareSnapshot();
    this.#watermark.save();
  }

  protected add(row: SqlRow): void {
    if ((row[this.#time] as number) <= this.#watermark.current) this.#late.inc();
    else this.rows.push(row);
  }
}
