/**
 * Owns: GROUP BY with a window over a bounded input: of each key and window one row, at the end, whatever memory holds.
 * Not here: TUMBLE, where a window is a part of the key (bounded-tumble.ts); windows of streams (window-aggregate.ts).
 *
 * SQBW1 Rows are sorted by key and time, and a window is emitted as soon as a later row, or another key, says that it is over: in memory are the slices, or the session, of one key that are not.
 * SQBW2 Rows of a slice are added in the order in which they came, those of a session by time.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, type Float64Column } from "../../record/index.ts";
import type { WindowAggregateNode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import type { SqlSession } from "../session.ts";
import { Aggregation, type AggregationState } from "./aggregation.ts";
import { refuseRow } from "./batches-only.ts";
import { boundedTumble } from "./bounded-tumble.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { begins, declarationOfSorted, type KeyedOrder, KeyedSort, type SortedBatch } from "./keyed-sort.ts";
import { placedRow, WindowPlaces } from "./window-places.ts";
import type { WindowSlices } from "./windows.ts";

/** Of the key at hand: start and end are local times. */
type Emit = (start: number, end: number, state: AggregationState) => void;

/** The windows of one key, whose rows come in the order of their places. */
interface KeyWindows {
  /** What a row at that place is added to. Windows that are over by then are emitted. */
  stateAt(place: number): AggregationState;
  /** The key has no more rows. */
  end(): void;
}

const orderOf = ({ input, groupBy }: WindowAggregateNode): KeyedOrder => ({
  row: placedRow(input.row),
  keys: groupBy,
  orderBy: [{ column: input.row.length, direction: "ASC", nulls: "FIRST" }],
});

/** Its input comes by hash of the columns of `groupBy`. Errors: JOB_GRAPH_INVALID. */
export function boundedWindows(node: WindowAggregateNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  const tumble = boundedTumble(node, session);
  if (tumble !== null) return tumble;
  return {
    kind: "operator",
    name: "windowAggregate",
    declares: [declarationOfSorted(orderOf(node).row)],
    spills: true,
    create: () => new BoundedWindows(node, session),
  };
}

class BoundedWindows implements StreamOperator<unknown, unknown> {
  readonly #node: WindowAggregateNode;
  readonly #places: WindowPlaces;
  readonly #keys: RowKeys;
  readonly #aggregation: Aggregation;
  readonly #windows: KeyWindows;
  #sort!: KeyedSort;
  #emitter!: ChangeEmitter;
  #key: readonly unknown[] = [];

  constructor(node: WindowAggregateNode, session: SqlSession) {
    const { window, input, groupBy, calls } = node;
    this.#node = node;
    this.#places = new WindowPlaces(window, input.row, session);
    this.#keys = new RowKeys(input.row, groupBy);
    this.#aggregation = new Aggregation(calls, input.row, { retracts: false });
    const emit: Emit = (start, end, state) => this.#emit(start, end, state);
    const { slices } = this.#places;
    this.#windows =
      window.kind === "session"
        ? new KeySessions(window.gap, this.#aggregation, emit)
        : new KeySlices(slices as WindowSlices, this.#aggregation, emit);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#sort = new KeyedSort(orderOf(this.#node), context, { share: 1 });
    this.#emitter = new ChangeEmitter({ row: this.#node.row, changes: "append" }, output);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    this.#sort.add(this.#places.placed(batch, from), 0);
    return batch.count;
  }

  prepareSnapshot(): void {
    this.#sort.save();
  }

  endInput(): void {
    this.#sort.work.start(this.#end());
  }

  close(): void {
    this.#sort.close();
  }

  *#end(): Generator<void> {
    for (const sorted of this.#sort.sorted()) {
      if (sorted !== null) this.#add(sorted);
      yield;
    }
    this.#windows.end();
    this.#emitter.flush();
  }

  /** SQBW1 */
  #add({ batch, begins: starts }: SortedBatch): void {
    const { values } = batch.columns[this.#node.input.row.length] as Float64Column;
    this.#aggregation.use(batch);
    for (let row = 0; row < batch.count; row++) {
      if (starts[row] === begins.key) {
        this.#windows.end();
        this.#key = this.#keys.values(this.#keys.at(batch, row));
      }
      this.#aggregation.add(this.#windows.stateAt(values[row] as number), row);
    }
    this.#emitter.flush();
  }

  #emit(start: number, end: number, state: AggregationState): void {
    const { time } = this.#places;
    const values = [...this.#key];
    this.#aggregation.results(state, values);
    time.shown(this.#node.adds, start, end, values);
    this.#emitter.insert(values, time.lastInstantOf(end));
  }
}

/** Of windows of a fixed length: places are the ends of slices. */
class KeySlices implements KeyWindows {
  readonly #slices: WindowSlices;
  readonly #aggregation: Aggregation;
  readonly #emit: Emit;
  /** Those that a window may still need, by their ends. */
  #open: { readonly end: number; readonly state: AggregationState }[] = [];
  /** The end of the last window that was emitted. */
  #over = Number.NEGATIVE_INFINITY;

  constructor(slices: WindowSlices, aggregation: Aggregation, emit: Emit) {
    this.#slices = slices;
    this.#aggregation = aggregation;
    this.#emit = emit;
  }

  stateAt(place: number): AggregationState {
    const last = this.#open.at(-1);
    if (last?.end === place) return last.state;
    this.#emitUntil(place);
    const state = this.#aggregation.create();
    this.#open.push({ end: place, state });
    return state;
  }

  end(): void {
    this.#emitUntil(Number.POSITIVE_INFINITY);
    this.#over = Number.NEGATIVE_INFINITY;
  }

  /** Windows that end before that slice does. */
  #emitUntil(slice: number): void {
    for (let first = this.#open[0]; first !== undefined; first = this.#open[0]) {
      const end = this.#slices.nextEnd(first.end, this.#over);
      if (end !== null && end >= slice) return;
      if (end === null) this.#open.shift();
      else this.#emitWindow(end);
    }
  }

  #emitWindow(end: number): void {
    const start = this.#slices.startOf(end);
    const own = this.#open.filter((slice) => slice.end > start && slice.end <= end);
    const [only, second] = own;
    if (only !== undefined && second === undefined) {
      this.#emit(start, end, only.state);
    } else if (only !== undefined) {
      const sum = this.#aggregation.create();
      for (const { state } of own) this.#aggregation.merge(sum, state);
      this.#emit(start, end, sum);
    }
    this.#over = end;
  }
}

/** Of sessions: places are times. */
class KeySessions implements KeyWindows {
  readonly #gap: number;
  readonly #aggregation: Aggregation;
  readonly #emit: Emit;
  #start = 0;
  #end = 0;
  #state: AggregationState | null = null;

  constructor(gap: number, aggregation: Aggregation, emit: Emit) {
    this.#gap = gap;
    this.#aggregation = aggregation;
    this.#emit = emit;
  }

  /** Two that touch are one (SQSW1). */
  stateAt(place: number): AggregationState {
    if (place > this.#end) this.end();
    if (this.#state === null) this.#start = place;
    this.#state ??= this.#aggregation.create();
    this.#end = place + this.#gap;
    return this.#state;
  }

  end(): void {
    if (this.#state !== null) this.#emit(this.#start, this.#end, this.#state);
    this.#state = null;
  }
}
