/**
 * Owns: GROUP BY with a window of a fixed length where each key takes a few numbers: a column table for each slice, summed up and emitted whole when a window is over.
 * Not here: every other window (window-aggregate.ts), which emits the same rows.
 *
 * SQTW1 A window is over when the watermark, or the clock, reaches its end; it is emitted once. What is over is kept as a time (SQJW1), no timer is.
 * SQTW2 A slice's table is dropped with its last window.
 */
import { assert, type Clock } from "../../../base/index.ts";
import { type ColumnBatch, ColumnBuilder } from "../../record/index.ts";
import type {
  Counter,
  OperatorContext,
  OperatorFactory,
  Output,
  SlicedTable,
  StreamOperator,
} from "../../ports/index.ts";
import type { WindowAggregateNode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import { PAGE_SLOTS } from "./accumulators/column-accumulator.ts";
import { refuseRow } from "./batches-only.ts";
import { TableAggregation } from "./table-aggregation.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";
import { LATE_ROWS, WindowTime } from "./window-time.ts";
import { firstOpenEnd, type SlicedWindow, WindowSlices } from "./windows.ts";

/** That of the operator that keeps windows as objects (see table-aggregate.ts). */
const SLICES = "slices";
/** Of no time: there while a window is summed up, and never at a barrier. */
const SUM_SLICE = Number.MIN_SAFE_INTEGER;

class TableWindows implements StreamOperator<unknown, unknown> {
  readonly #node: WindowAggregateNode;
  readonly #aggregation: TableAggregation;
  readonly #slices: WindowSlices;
  readonly #time: WindowTime;
  readonly #keys: RowKeys;
  readonly #clock: Clock;
  readonly #builder: ColumnBuilder;
  readonly #slots = new Int32Array(PAGE_SLOTS);
  #tables!: SlicedTable;
  #over!: WatermarkMemory;
  #late!: Counter;
  #output!: Output<unknown>;
  #schedule!: OperatorContext["schedule"];
  /** The instant at which the clock calls next. */
  #alarm = Number.POSITIVE_INFINITY;

  constructor(node: WindowAggregateNode, window: SlicedWindow, session: SqlSession, aggregation: TableAggregation) {
    this.#node = node;
    this.#aggregation = aggregation;
    this.#slices = new WindowSlices(window);
    this.#time = new WindowTime(window, node.input.row, session);
    this.#keys = new RowKeys(node.input.row, node.groupBy);
    this.#clock = session.clock;
    this.#builder = new ColumnBuilder(rowTypeOf(node.row), PAGE_SLOTS);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#tables = this.#aggregation.open(context);
    this.#over = new WatermarkMemory(context);
    this.#late = context.metrics.counter(LATE_ROWS);
    this.#output = output;
    this.#schedule = (delay, callback) => context.schedule(delay, callback);
    this.#setAlarm();
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    const hashes = this.#keys.hashes(batch);
    for (let at = from, to = from; at < count; at = to) {
      const slice = this.#slices.sliceOf(this.#time.of(batch, rows[at] as number));
      const start = slice - this.#slices.length;
      // The rows of a batch are of one slice, or of a few.
      for (to = at + 1; to < count; to++) {
        const time = this.#time.of(batch, rows[to] as number);
        if (time >= slice || time < start) break;
      }
      if (this.#firstEnd(slice) !== null)
        this.#aggregation.add(this.#tables.table(slice), batch, rows.subarray(at, to), hashes);
      else if (this.#slices.isInWindow(slice)) this.#late.inc(to - at);
    }
    this.#setAlarm();
    return count;
  }

  reachWatermark(watermark: number, mayGoOn: () => boolean): boolean {
    return this.#time.isProctime || this.#closeUntil(watermark + 1, mayGoOn);
  }

  onWatermark(watermark: number): void {
    if (!this.#time.isProctime) this.#over.raise(watermark);
  }

  prepareSnapshot(): void {
    this.#over.save();
  }

  endInput(): void {
    this.#closeUntil(Number.POSITIVE_INFINITY);
  }

  /** Windows that end at that instant or before are over. False: `mayGoOn`, asked after each, stopped it. */
  #closeUntil(instant: number, mayGoOn: () => boolean = always): boolean {
    for (let end = this.#earliest(); end !== null && this.#time.instantOf(end) <= instant; end = this.#earliest()) {
      this.#close(end);
      this.#over.raise(this.#time.lastInstantOf(end));
      if (!mayGoOn()) return false;
    }
    return true;
  }

  #close(end: number): void {
    const start = this.#slices.startOf(end);
    const slices = this.#tables.slices().filter((slice) => slice > start && slice <= end);
    const [only, second] = slices;
    if (only === undefined) return;
    if (second === undefined) {
      this.#emit(only, start, end);
    } else {
      const sum = this.#tables.table(SUM_SLICE);
      for (const slice of slices) this.#aggregation.merge(sum, this.#tables.table(slice));
      this.#emit(SUM_SLICE, start, end);
      this.#tables.drop(SUM_SLICE);
    }
    for (const slice of slices) if (this.#slices.nextEnd(slice, end) === null) this.#tables.drop(slice);
  }

  #emit(slice: number, start: number, end: number): void {
    const table = this.#tables.table(slice);
    const last = this.#time.lastInstantOf(end);
    const shown = { start, end, time: last };
    const builder = this.#builder;
    const first = this.#node.row.length - this.#node.adds.length;
    for (let page = 0; page * PAGE_SLOTS < table.size; page++) {
      const { stores } = builder;
      const count = Math.min(PAGE_SLOTS, table.size - page * PAGE_SLOTS);
      for (let at = 0; at < count; at++) this.#slots[at] = page * PAGE_SLOTS + at;
      this.#aggregation.results(table, this.#slots, count, stores);
      for (const [at, name] of this.#node.adds.entries()) {
        const store = stores[first + at];
        assert(store !== undefined && "values" in store, "a window's times are numbers");
        (store.values as Float64Array).fill(shown[name], 0, count);
      }
      builder.timestamps().fill(last, 0, count);
      builder.count = count;
      const batch = builder.take();
      this.#output.collectBatch(batch);
      batch.release();
    }
  }

  #firstEnd(slice: number): number | null {
    return firstOpenEnd(this.#slices, this.#time, this.#over.current, slice);
  }

  /** The end of the first window that is not over. */
  #earliest(): number | null {
    let earliest: number | null = null;
    for (const slice of this.#tables.slices()) {
      const end = this.#firstEnd(slice);
      if (end !== null && (earliest === null || end < earliest)) earliest = end;
    }
    return earliest;
  }

  /** Of processing time: the clock calls when the next window ends. */
  #setAlarm(): void {
    if (!this.#time.isProctime) return;
    const end = this.#earliest();
    const instant = end === null ? Number.POSITIVE_INFINITY : this.#time.instantOf(end);
    if (instant >= this.#alarm) return;
    this.#alarm = instant;
    this.#schedule(Math.max(0, instant - this.#clock.nowMs()), () => {
      this.#alarm = Number.POSITIVE_INFINITY;
      this.#closeUntil(this.#clock.nowMs());
      this.#setAlarm();
    });
  }
}

const always = (): boolean => true;

/** Null: the node needs more than tables hold; then windowAggregateOperator makes another. */
export function tableWindows(node: WindowAggregateNode, session: SqlSession): OperatorFactory<unknown, unknown> | null {
  const { window, input, calls, groupBy } = node;
  if (window.kind === "session" || input.changes !== "append") return null;
  const make = (): TableAggregation | null => TableAggregation.of({ calls, groupBy, row: input.row }, { name: SLICES });
  const declared = make();
  if (declared === null) return null;
  return {
    kind: "operator",
    name: "windowAggregate",
    declares: [...declared.declarations, declarationOfWatermark],
    create: () => new TableWindows(node, window, session, make() as TableAggregation),
  };
}
