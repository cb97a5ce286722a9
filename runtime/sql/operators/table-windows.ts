/**
 * Owns: GROUP BY with a window of a fixed length where each key takes a few numbers: a column table for each slice, summed up and emitted whole when a window is over.
 * Not here: every other window (window-aggregate.ts), which emits the same rows.
 *
 * SQTW1 A window is over when the watermark, or the clock, reaches its end; it is emitted once. What is over is kept as a time (SQJW1), no timer is.
 * SQTW2 A slice's table is dropped with its last window.
 */
import { assert } from "../../../base/index.ts";
import type { ColumnBatch } from "../../record/index.ts";
import type { OperatorFactory } from "../../ports/index.ts";
import type { WindowAggregateNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { PAGE_SLOTS } from "./accumulators/column-accumulator.ts";
import { SLICES } from "./state-names.ts";
import { TableAggregation } from "./table-aggregation.ts";
import { firstOpenEnd, type SlicedWindow, WindowSlices } from "./windows.ts";
import { operatorOfWindows, WindowsInTables } from "./windows-in-tables.ts";

/** Of no time: there while a window is summed up, and never at a barrier. */
const SUM_SLICE = Number.MIN_SAFE_INTEGER;

class TableWindows extends WindowsInTables {
  readonly #slices: WindowSlices;
  readonly #slots = new Int32Array(PAGE_SLOTS);

  constructor(node: WindowAggregateNode, window: SlicedWindow, session: SqlSession, aggregation: TableAggregation) {
    super(node, window, session, aggregation);
    this.#slices = new WindowSlices(window);
  }

  protected add(batch: ColumnBatch, from: number): void {
    const { rows, count } = batch;
    const hashes = this.keys.hashes(batch);
    for (let at = from, to = from; at < count; at = to) {
      const slice = this.#slices.sliceOf(this.time.of(batch, rows[at] as number));
      const start = slice - this.#slices.length;
      // The rows of a batch are of one slice, or of a few.
      for (to = at + 1; to < count; to++) {
        const time = this.time.of(batch, rows[to] as number);
        if (time >= slice || time < start) break;
      }
      if (this.#firstEnd(slice) !== null)
        this.aggregation.add(this.tables.table(slice), batch, rows.subarray(at, to), hashes);
      else if (this.#slices.isInWindow(slice)) this.late.inc(to - at);
    }
  }

  /** `mayGoOn` is asked after each window. */
  protected closeUntil(instant: number, mayGoOn: () => boolean): boolean {
    for (let end = this.#earliest(); end !== null && this.time.instantOf(end) <= instant; end = this.#earliest()) {
      this.#close(end);
      this.watermark.raise(this.time.lastInstantOf(end));
      if (!mayGoOn()) return false;
    }
    return true;
  }

  #close(end: number): void {
    const start = this.#slices.startOf(end);
    const slices = this.tables.slices().filter((slice) => slice > start && slice <= end);
    const [only, second] = slices;
    if (only === undefined) return;
    if (second === undefined) {
      this.#emitSlice(only, start, end);
    } else {
      const sum = this.tables.table(SUM_SLICE);
      for (const slice of slices) this.aggregation.merge(sum, this.tables.table(slice));
      this.#emitSlice(SUM_SLICE, start, end);
      this.tables.drop(SUM_SLICE);
    }
    for (const slice of slices) if (this.#slices.nextEnd(slice, end) === null) this.tables.drop(slice);
  }

  #emitSlice(slice: number, start: number, end: number): void {
    const table = this.tables.table(slice);
    const last = this.time.lastInstantOf(end);
    const shown = { start, end, time: last };
    const builder = this.builder;
    const first = this.node.row.length - this.node.adds.length;
    for (let page = 0; page * PAGE_SLOTS < table.size; page++) {
      const { stores } = builder;
      const count = Math.min(PAGE_SLOTS, table.size - page * PAGE_SLOTS);
      for (let at = 0; at < count; at++) this.#slots[at] = page * PAGE_SLOTS + at;
      this.aggregation.results(table, { slots: this.#slots, count, at: 0 }, stores);
      for (const [at, name] of this.node.adds.entries()) {
        const store = stores[first + at];
        assert(store !== undefined && "values" in store, "a window's times are numbers");
        (store.values as Float64Array).fill(shown[name], 0, count);
      }
      builder.timestamps().fill(last, 0, count);
      this.emit(count);
    }
  }

  #firstEnd(slice: number): number | null {
    return firstOpenEnd(this.#slices, this.time, this.watermark.current, slice);
  }

  /** The end of the first window that is not over. */
  #earliest(): number | null {
    let earliest: number | null = null;
    for (const slice of this.tables.slices()) {
      const end = this.#firstEnd(slice);
      if (end !== null && (earliest === null || end < earliest)) earliest = end;
    }
    return earliest;
  }

  protected nextInstant(): number | null {
    const end = this.#earliest();
    return end === null ? null : this.time.instantOf(end);
  }
}

/** Null: the node needs more than tables hold; then windowAggregateOperator makes another. */
export function tableWindows(node: WindowAggregateNode, session: SqlSession): OperatorFactory<unknown, unknown> | null {
  const { window, input, calls, groupBy } = node;
  if (window.kind === "session" || input.changes !== "append") return null;
  return operatorOfWindows(
    () => TableAggregation.of({ calls, groupBy, row: input.row }, { name: SLICES }),
    (aggregation) => new TableWindows(node, window, session, aggregation),
  );
}
