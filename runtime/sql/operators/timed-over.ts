/**
 * Owns: OVER by a time attribute: rows wait until the watermark has come to their time, and then leave in the order of time with the results of their frames; those of processing
 *       time leave at once.
 *
 * SQOT1 A row whose time the watermark has passed is late: it is left out and counted, as in Flink.
 * SQOT2 Of the rows that have left those are kept that a later frame, or a LAG, may still look at. Of a RANGE of bounded length nothing is kept of a partition without rows in it.
 */
import { assert } from "../../../base/index.ts";
import { type ColumnBatch, describeType, t, type ValueType } from "../../record/index.ts";
import type {
  Counter,
  MapState,
  OperatorContext,
  OperatorFactory,
  TimerService,
  ValueState,
} from "../../ports/index.ts";
import type { OverNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import type { AggregationState } from "./aggregation.ts";
import { OverResults } from "./over-results.ts";
import { PARTITIONS } from "./state-names.ts";
import { declarationOfWatermark } from "./watermark-memory.ts";
import { LATE_ROWS, rowTime } from "./window-time.ts";
import { TimedChangesOperator } from "./timed-changes.ts";

/** Numbers count rows of the partition from 0. */
type Partition = {
  frame: AggregationState;
  /** The first row of the frame. */
  frameStart: number;
  /** Rows that have left. */
  rows: number;
  /** Of the newest row. */
  time: number | null;
  firstPeer: number;
  /** Different times before that. */
  groups: number;
  /** The newest rows, the last ones of those that have left. */
  past: { readonly time: number; readonly row: SqlRow }[];
};

const PENDING = "pending";
const TIMERS = "times";

function partitionType(node: OverNode, frame: ValueType<AggregationState>): ValueType<Partition> {
  const past = t.record({ time: t.timestamp, row: rowTypeOf(node.input.row) });
  return t.record({
    frame: frame as ValueType<unknown>,
    frameStart: t.int64,
    rows: t.int64,
    time: t.nullable(t.timestamp),
    firstPeer: t.int64,
    groups: t.int64,
    past: t.list(past),
  }) as unknown as ValueType<Partition>;
}

const pendingType = (node: OverNode): ValueType<SqlRow[]> =>
  t.list(rowTypeOf(node.input.row)) as ValueType<unknown> as ValueType<SqlRow[]>;

class TimedOver extends TimedChangesOperator {
  readonly #node: OverNode;
  readonly #session: SqlSession;
  readonly #time: number;
  readonly #isProctime: boolean;
  readonly #results: OverResults;
  #pending!: MapState<number, SqlRow[]>;
  #partitions!: ValueState<Partition>;
  #timers!: TimerService;
  #late!: Counter;
  /** How far calls of rows so far have looked back; null: without end. */
  #back: number | null = 0;

  constructor(node: OverNode, session: SqlSession) {
    super({ row: node.row, changes: "append" }, node.input.row, node.partitionBy);
    this.#node = node;
    this.#session = session;
    this.#time = node.orderBy[0]?.column ?? 0;
    this.#isProctime = node.input.row[this.#time]?.time === "proctime";
    this.#results = new OverResults(node);
  }

  protected openStates({ metrics }: OperatorContext): void {
    const { keyed } = this;
    this.#pending = keyed.map({
      name: PENDING,
      keyType: t.timestamp as ValueType<number>,
      type: pendingType(this.#node),
    });
    this.#partitions = keyed.value({ name: PARTITIONS, type: partitionType(this.#node, this.#results.type) });
    this.#timers = keyed.timers(TIMERS, {
      onEventTime: (time) => this.#onTime(time),
      onProcessingTime: () => assert(false, "OVER sets no timers by the clock"),
    });
    this.#late = metrics.counter(LATE_ROWS);
  }

  processBatch(batch: ColumnBatch, from: number): number {
    this.forEachRow(batch, from, (row, place) => {
      if (this.#isProctime) this.#take([row], this.#session.clock.nowMs());
      else this.#keep(row, rowTime(batch, this.#time, place));
    });
    this.emitter.flush();
    return batch.count;
  }

  endInput(): void {
    this.keyed.forEachKey(PENDING, () => {
      for (const time of [...this.#pending.keys()].sort((left, right) => left - right)) this.#onTime(time);
    });
    this.emitter.flush();
  }

  #keep(row: SqlRow, time: number): void {
    if (time <= this.watermark.current) {
      this.#late.inc();
      return;
    }
    const rows = this.#pending.get(time) ?? [];
    if (rows.length === 0) this.#timers.registerEventTime(time);
    this.#stayAwake();
    rows.push(row);
    this.#pending.put(time, rows);
  }

  /** A partition lives as long as rows of it come, and not only as long as they leave. */
  #stayAwake(): void {
    const partition = this.#node.ttl === undefined ? undefined : this.#partitions.value();
    if (partition !== undefined) this.#partitions.update(partition);
  }

  #onTime(time: number): void {
    const rows = this.#pending.get(time);
    if (rows === undefined) {
      this.#forget(time);
      return;
    }
    this.#pending.remove(time);
    this.#take(rows, time);
    const { unit, preceding } = this.#node.frame;
    if (this.#mayForget && unit === "RANGE" && preceding !== null) this.#timers.registerEventTime(time + preceding + 1);
  }

  get #mayForget(): boolean {
    return this.#results.areAggregates;
  }

  /** SQOT2 */
  #forget(time: number): void {
    const { preceding } = this.#node.frame;
    const last = this.#partitions.value()?.time ?? null;
    if (preceding !== null && last !== null && last + preceding < time) this.#partitions.clear();
  }

  /** Rows of one time leave. */
  #take(rows: readonly SqlRow[], time: number): void {
    const partition = this.#partitions.value() ?? this.#newPartition();
    if (partition.time !== time) {
      if (partition.time !== null) partition.groups += 1;
      partition.firstPeer = partition.rows;
      partition.time = time;
    }
    const first = partition.rows;
    if (this.#node.frame.unit === "ROWS") {
      for (const row of rows) {
        this.#add(partition, row, time);
        this.#emit(partition, row, partition.rows - 1);
      }
    } else {
      for (const row of rows) this.#add(partition, row, time);
      for (const [at, row] of rows.entries()) this.#emit(partition, row, first + at);
    }
    this.#trim(partition);
    this.#partitions.update(partition);
  }

  /** The row comes into the frame, and those leave that are too old for it. */
  #add(partition: Partition, row: SqlRow, time: number): void {
    const { unit, preceding } = this.#node.frame;
    const back = this.#results.lookBack(row);
    this.#back = this.#back === null || back === null ? null : Math.max(this.#back, back);
    partition.past.push({ time, row });
    partition.rows += 1;
    this.#results.add(partition.frame, row);
    if (preceding === null) return;
    const isIn = (number: number): boolean =>
      unit === "ROWS"
        ? partition.rows - number <= preceding + 1
        : this.#pastAt(partition, number).time >= time - preceding;
    for (; !isIn(partition.frameStart); partition.frameStart++)
      this.#results.retract(partition.frame, this.#pastAt(partition, partition.frameStart).row);
  }

  #pastAt({ past, rows }: Partition, number: number): Partition["past"][number] {
    const found = past[past.length - (rows - number)];
    assert(found !== undefined, "rows of a frame are kept (SQOT2)");
    return found;
  }

  #emit(partition: Partition, row: SqlRow, number: number): void {
    const { frame, frameStart, rows, firstPeer, groups, past } = partition;
    const values = this.#results.values(row, frame, {
      number,
      firstPeer,
      groups,
      endOfPeers: rows,
      size: rows,
      frameStart,
      frameEnd: rows,
      rowAt: (wanted) => past[past.length - (rows - wanted)]?.row,
    });
    this.emitter.insert(values, partition.time ?? 0);
  }

  #trim(partition: Partition): void {
    const { past, rows, frameStart } = partition;
    if (this.#back === null) return;
    const inFrame = this.#node.frame.preceding === null ? 0 : rows - frameStart;
    const needed = Math.max(inFrame, this.#back);
    if (past.length > needed) past.splice(0, past.length - needed);
  }

  #newPartition(): Partition {
    return {
      frame: this.#results.create(),
      frameStart: 0,
      rows: 0,
      time: null,
      firstPeer: 0,
      groups: 0,
      past: [],
    };
  }
}

/** Ordered by a time attribute, ascending. */
export function timedOver(node: OverNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  const { type } = new OverResults(node);
  return {
    kind: "operator",
    name: "over",
    declares: [
      {
        name: PENDING,
        kind: "map",
        type: `map<${describeType(t.timestamp as ValueType<unknown>)}, ${describeType(pendingType(node))}>`,
      },
      { name: PARTITIONS, kind: "value", type: describeType(partitionType(node, type)) },
      { name: TIMERS, kind: "timers", type: "timestamp" },
      declarationOfWatermark,
    ],
    create: () => new TimedOver(node, session),
  };
}
