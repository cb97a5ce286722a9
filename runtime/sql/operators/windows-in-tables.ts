/**
 * Owns: what GROUP BY over windows in column tables is, whatever windows they are: a window is emitted once, when the watermark, or the clock, has reached its end.
 * Called by: the task; table-windows.ts and table-sessions.ts extend it.
 */
import type { Clock } from "../../../base/index.ts";
import { type ColumnBatch, ColumnBuilder } from "../../record/index.ts";
import type {
  Counter,
  OperatorContext,
  OperatorFactory,
  Output,
  SlicedTable,
  StreamOperator,
} from "../../ports/index.ts";
import type { PlanWindow, WindowAggregateNode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import { PAGE_SLOTS } from "./accumulators/column-accumulator.ts";
import { refuseRow } from "./batches-only.ts";
import { ClockAlarm } from "./clock-alarm.ts";
import { operatorOf, type TableAggregation } from "./table-aggregation.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";
import { LATE_ROWS, WindowTime } from "./window-time.ts";
import { always } from "./may-go-on.ts";

export abstract class WindowsInTables implements StreamOperator<unknown, unknown> {
  protected readonly node: WindowAggregateNode;
  protected readonly aggregation: TableAggregation;
  protected readonly time: WindowTime;
  protected readonly keys: RowKeys;
  protected readonly builder: ColumnBuilder;
  protected tables!: SlicedTable;
  protected watermark!: WatermarkMemory;
  protected late!: Counter;
  readonly #clock: Clock;
  #output!: Output<unknown>;
  #alarm!: ClockAlarm;

  constructor(node: WindowAggregateNode, window: PlanWindow, session: SqlSession, aggregation: TableAggregation) {
    this.node = node;
    this.aggregation = aggregation;
    this.time = new WindowTime(window, node.input.row, session);
    this.keys = new RowKeys(node.input.row, node.groupBy);
    this.builder = new ColumnBuilder(rowTypeOf(node.row), PAGE_SLOTS);
    this.#clock = session.clock;
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.tables = this.aggregation.open(context);
    this.watermark = new WatermarkMemory(context);
    this.late = context.metrics.counter(LATE_ROWS);
    this.#output = output;
    this.#alarm = new ClockAlarm(context, this.#clock, (nowMs) => {
      this.closeUntil(nowMs, always);
      this.#setAlarm();
    });
    this.onOpen();
    this.#setAlarm();
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    this.add(batch, from);
    this.#setAlarm();
    return batch.count;
  }

  reachWatermark(watermark: number, mayGoOn: () => boolean): boolean {
    return this.time.isProctime || this.closeUntil(watermark + 1, mayGoOn);
  }

  onWatermark(watermark: number): void {
    if (!this.time.isProctime) this.watermark.raise(watermark);
  }

  prepareSnapshot(): void {
    this.watermark.save();
  }

  endInput(): void {
    this.closeUntil(Number.POSITIVE_INFINITY, always);
  }

  /** The tables are there, with what was restored. */
  protected onOpen(): void {}

  /** All records of the batch from that one on. */
  protected abstract add(batch: ColumnBatch, from: number): void;

  /** Windows that end at that instant or before are emitted, and gone. False: `mayGoOn` stopped that. */
  protected abstract closeUntil(instant: number, mayGoOn: () => boolean): boolean;

  /** The earliest instant at which a window may be over; null: there is none. */
  protected abstract nextInstant(): number | null;

  /** See ClockAlarm. */
  protected patienceMs(): number {
    return 0;
  }

  /** What is in the builder's stores. */
  protected emit(count: number): void {
    this.builder.count = count;
    const batch = this.builder.take();
    this.#output.collectBatch(batch);
    batch.release();
  }

  #setAlarm(): void {
    const instant = this.time.isProctime ? this.nextInstant() : null;
    if (instant !== null) this.#alarm.setFor(instant, this.patienceMs());
  }
}

/** Null: the node needs more than tables hold. */
export const operatorOfWindows = (
  make: () => TableAggregation | null,
  create: (aggregation: TableAggregation) => WindowsInTables,
): OperatorFactory<unknown, unknown> | null => operatorOf("windowAggregate", make, create, [declarationOfWatermark]);
