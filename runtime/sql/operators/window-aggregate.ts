/**
 * Owns: GROUP BY with a window: of each key and window one row, when the window is over; it never changes.
 * Not here: which windows there are (windows.ts), what is kept of them (sliced-windows.ts, session-windows.ts).
 *
 * SQWA1 A window is emitted once, also after a restore: what came too late for it before is too late then (SQJW1).
 * SQWA2 When all input has come every window is over, those of processing time, too.
 */
import { StreamError } from "../../../base/index.ts";
import { type ColumnBatch, describeType, isAdded, t, type ValueType } from "../../record/index.ts";
import type { Counter, EmissionDesk, KeyedOperatorState, OperatorContext, OperatorFactory } from "../../ports/index.ts";
import type { WindowAggregateNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { Aggregation, type AggregationState } from "./aggregation.ts";
import { sessionType, SessionWindows } from "./session-windows.ts";
import { SlicedWindows } from "./sliced-windows.ts";
import { SESSIONS, SLICES } from "./state-names.ts";
import { tableSessions } from "./table-sessions.ts";
import { tableWindows } from "./table-windows.ts";
import { declarationOfWatermark } from "./watermark-memory.ts";
import { LATE_ROWS, WindowTime } from "./window-time.ts";
import { WindowSlices } from "./windows.ts";
import { TimedChangesOperator } from "./timed-changes.ts";

class WindowAggregate extends TimedChangesOperator {
  readonly #node: WindowAggregateNode;
  readonly #aggregation: Aggregation;
  readonly #time: WindowTime;
  #windows!: SlicedWindows | SessionWindows<AggregationState>;
  #late!: Counter;
  #desk: EmissionDesk | null = null;
  /** The row at hand, for `#change`: one closure for all. */
  #row = 0;
  #isAdded = true;
  readonly #change = (state: AggregationState): void => {
    if (this.#isAdded) this.#aggregation.add(state, this.#row);
    else this.#aggregation.retract(state, this.#row);
  };

  constructor(node: WindowAggregateNode, session: SqlSession) {
    super(node, node.input.row, node.groupBy);
    this.#node = node;
    this.#aggregation = aggregationOf(node);
    this.#time = new WindowTime(node.window, node.input.row, session);
  }

  protected openStates({ metrics, emission }: OperatorContext): void {
    this.#late = metrics.counter(LATE_ROWS);
    this.#desk = emission ?? null;
    this.#windows = this.#open(this.keyed);
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    const hashes = this.keys.hashes(batch);
    this.#aggregation.use(batch);
    let at = from;
    while (at < count) {
      const row = rows[at] as number;
      at += 1;
      this.keyed.setCurrentKey(this.keys.at(batch, row), hashes[row] as number);
      this.#row = row;
      this.#isAdded = isAdded(batch.rowKindAt(row));
      if (!this.#windows.add(this.#time.of(batch, row), this.#change)) this.#late.inc();
      if (this.#desk?.isPaused === true) break;
    }
    return at;
  }

  endInput(): void {
    this.#windows.closeAll();
    this.emitter.flush();
  }

  #open(keyed: KeyedOperatorState): SlicedWindows | SessionWindows<AggregationState> {
    const { window } = this.#node;
    const aggregation = this.#aggregation;
    const time = this.#time;
    const emit = (start: number, end: number, state: AggregationState): void => this.#emit(start, end, state);
    if (window.kind !== "session")
      return new SlicedWindows({ slices: new WindowSlices(window), time, aggregation }, keyed, this.watermark, emit);
    const content = {
      type: aggregation.type,
      create: () => aggregation.create(),
      merge: (left: AggregationState, right: AggregationState) => aggregation.merge(left, right),
      isEmpty: ({ rows }: AggregationState) => rows === 0,
      emit,
    };
    return new SessionWindows({ gap: window.gap, time, content }, keyed, this.watermark);
  }

  #emit(start: number, end: number, state: AggregationState): void {
    const values = [...this.keys.values(this.keyed.currentKey())];
    this.#aggregation.results(state, values);
    this.#time.shown(this.#node.adds, start, end, values);
    this.emitter.insert(values, this.#time.lastInstantOf(end));
    // Nobody calls the operator after timers of the clock.
    if (this.#time.isProctime) this.emitter.flush();
  }
}

const aggregationOf = ({ calls, input }: WindowAggregateNode): Aggregation =>
  new Aggregation(calls, input.row, { retracts: input.changes !== "append" });

function areSameColumns(left: readonly number[], right: readonly number[]): boolean {
  return left.every((place) => right.includes(place)) && right.every((place) => left.includes(place));
}

/** Its input comes by hash of the columns of `groupBy`. Errors: JOB_GRAPH_INVALID. */
export function windowAggregateOperator(
  node: WindowAggregateNode,
  session: SqlSession,
): OperatorFactory<unknown, unknown> {
  const { window, groupBy } = node;
  if (window.kind === "session" && !areSameColumns(window.partition, groupBy))
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      "a SESSION window is partitioned by other columns than its rows are grouped by; group by window_start, window_end and all of its PARTITION BY",
      { destiny: "terminal" },
    );
  const overTables = tableWindows(node, session) ?? tableSessions(node, session);
  if (overTables !== null) return overTables;
  const { type } = aggregationOf(node);
  const state: ValueType<unknown> = window.kind === "session" ? sessionType(type) : type;
  return {
    kind: "operator",
    name: "windowAggregate",
    declares: [
      {
        name: window.kind === "session" ? SESSIONS : SLICES,
        kind: "map",
        type: `map<${describeType(t.timestamp as ValueType<unknown>)}, ${describeType(state)}>`,
      },
      declarationOfWatermark,
    ],
    create: () => new WindowAggregate(node, session),
  };
}
