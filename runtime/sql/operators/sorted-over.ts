/**
 * Owns: OVER of bounded input: rows leave at the end, by partition and in its order, with the results of their frames.
 *
 * SQOO1 Rows that are equal in the order keep the order in which they came. RANGE ends with the row's peers; without ORDER BY all rows are peers.
 * SQOO2 A row leaves as soon as what its results ask for has been read: its peers, rows ahead of it, or its whole partition. Of rows that have left, those that a frame or a call may still look
 *     at are kept; and all of these rows are in files where memory does not hold them (RLG2).
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type Column, type ColumnBatch, type ColumnLayout, layoutOf } from "../../record/index.ts";
import { RowLog } from "../../spill/index.ts";
import type { OverNode, PlanColumn, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import { refuseRow } from "./batches-only.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { begins, declarationOfSorted, KeyedSort, shareOf, type SortedBatch } from "./keyed-sort.ts";
import type { Place } from "./over-calls.ts";
import { OverResults } from "./over-results.ts";
import { spilledBytes } from "./spilling.ts";

const NANOSECONDS = 1e6;
/** Rows that are emitted in a step. */
const STEP_ROWS = 256;
/** Rows that come into a frame and leave it in a step. */
const STEP_FRAME_ROWS = 1024;
/** Of the operator's memory. */
const [SORT_SHARE, LOG_SHARE] = [3 / 4, 1 / 4];
/** Behind the columns of the row: what the row begins. */
const BEGINS: PlanColumn = { name: "$begins", type: { kind: "int", isNullable: false }, time: null };

class SortedOver implements StreamOperator<unknown, unknown> {
  readonly #node: OverNode;
  readonly #results: OverResults;
  readonly #loggedRow: PlanRow;
  readonly #layout: ColumnLayout;
  /** SQOO2: so many rows ahead of the next one; null: all of the partition. */
  readonly #lookBack: number | null;
  #sort!: KeyedSort;
  #log!: RowLog;
  #emitter!: ChangeEmitter;
  #partition = new PartitionFrame(0);

  constructor(node: OverNode) {
    this.#node = node;
    this.#results = new OverResults(node);
    this.#lookBack = this.#results.lookBackOfAll;
    this.#loggedRow = [...node.input.row, BEGINS];
    this.#layout = layoutOf(rowTypeOf(this.#loggedRow));
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { input, partitionBy, orderBy, row } = this.#node;
    this.#sort = new KeyedSort({ row: input.row, keys: partitionBy, orderBy }, context, { share: SORT_SHARE });
    this.#log = new RowLog({
      type: rowTypeOf(this.#loggedRow),
      pageRows: this.#sort.pageRows,
      space: shareOf(context.spill, LOG_SHARE),
      onSpill: spilledBytes(context),
    });
    this.#emitter = new ChangeEmitter({ row, changes: "append" }, output);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    this.#sort.add(batch, from);
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
    this.#log.close();
  }

  *#end(): Generator<void> {
    for (const sorted of this.#sort.sorted()) {
      if (sorted !== null) {
        this.#log.add(this.#withBegins(sorted));
        yield* this.#emit(false);
      }
      yield;
    }
    yield* this.#emit(true);
    this.#log.close();
  }

  #withBegins({ batch, begins: values }: SortedBatch): ColumnBatch {
    const column: Column = { kind: "int32", values: Int32Array.from(values.subarray(0, batch.count)), nulls: null };
    return batch.withColumns(this.#layout, [...batch.columns, column]);
  }

  /** Of the rows that have come, those of which all is known. `isAll`: no row comes any more. */
  *#emit(isAll: boolean): Generator<void> {
    const log = this.#log;
    while (this.#partition.next < log.rows) {
      const number = this.#partition.next;
      const start = this.#beginsAt(number);
      if (start === begins.key && number > this.#partition.first) this.#partition = new PartitionFrame(number);
      if (!this.#readAhead(log.rowAt(number) as SqlRow, isAll)) return;
      if (start !== begins.nothing) this.#partition.beginPeers(number);
      while (!this.#moveFrame(number)) yield;
      this.#emitRow(number);
      if ((number + 1) % STEP_ROWS !== 0) continue;
      this.#emitter.flush();
      this.#forget();
      yield;
    }
    this.#emitter.flush();
    this.#forget();
  }

  /** All that its results ask for is known, and the frame is its own. */
  #emitRow(number: number): void {
    const partition = this.#partition;
    const results = this.#results;
    const { first } = partition;
    const place: Place = {
      number: number - first,
      firstPeer: partition.firstPeer - first,
      groups: partition.groups,
      endOfPeers: partition.endOfPeers - first,
      size: partition.end - first,
      frameStart: partition.frameStart - first,
      frameEnd: partition.frameEnd - first,
      rowAt: (wanted) => this.#rowOfPartition(first + wanted),
    };
    const row = this.#log.rowAt(number) as SqlRow;
    this.#emitter.insert(results.values(row, partition.frameOf(results), place));
    partition.next = number + 1;
  }

  /** Reads as far as the row's results ask for; false: there is no more yet. */
  #readAhead(row: SqlRow, isAll: boolean): boolean {
    const partition = this.#partition;
    const { asksForPeers, asksForSize } = this.#results;
    const ahead = asksForSize ? Number.POSITIVE_INFINITY : this.#results.lookAhead(row);
    const until = partition.next + ahead;
    const { rows } = this.#log;
    while (!partition.isWhole && partition.end <= until) {
      if (partition.end === rows) {
        if (!isAll) return false;
        partition.isWhole = true;
      } else if (partition.end > partition.first && this.#beginsAt(partition.end) === begins.key)
        partition.isWhole = true;
      else partition.end += 1;
    }
    if (!asksForPeers || partition.endOfPeers > partition.next) return true;
    let end = Math.max(partition.peersRead, partition.next + 1);
    while (end < rows && this.#beginsAt(end) === begins.nothing) end += 1;
    partition.peersRead = end;
    if (end === rows && !isAll) return false;
    partition.endOfPeers = end;
    partition.end = Math.max(partition.end, end);
    return true;
  }

  /** False: it has to go on in another step. All rows of a partition may be peers, so all of them may come into the frame at its first row. */
  #moveFrame(number: number): boolean {
    const partition = this.#partition;
    const results = this.#results;
    let left = STEP_FRAME_ROWS;
    const frame = partition.frameOf(results);
    const last = this.#node.frame.unit === "ROWS" || !results.asksForPeers ? number + 1 : partition.endOfPeers;
    for (; partition.frameEnd < last; partition.frameEnd++) {
      if (left-- === 0) return false;
      results.add(frame, this.#log.rowAt(partition.frameEnd) as SqlRow);
    }
    for (; !this.#isInFrame(partition.frameStart, number); partition.frameStart++) {
      if (left-- === 0) return false;
      results.retract(frame, this.#log.rowAt(partition.frameStart) as SqlRow);
    }
    return true;
  }

  /** Undefined: the partition has no such row. */
  #rowOfPartition(number: number): SqlRow | undefined {
    const { first, end } = this.#partition;
    return number < first || number >= end ? undefined : this.#log.rowAt(number);
  }

  /** Whether the row numbered `start` is one of the frame of the row `number`. */
  #isInFrame(start: number, number: number): boolean {
    const { unit, preceding } = this.#node.frame;
    if (preceding === null || start >= number) return true;
    if (unit === "ROWS") return number - start <= preceding;
    const [order] = this.#node.orderBy;
    assert(order !== undefined, "a RANGE of bounded length has an order");
    const { name } = this.#node.input.row[order.column] as PlanColumn;
    const [from, to] = [millisecondsOf(this.#log.rowAt(start)[name]), millisecondsOf(this.#log.rowAt(number)[name])];
    if (from === null || to === null) return from === to;
    return Math.abs(to - from) <= preceding;
  }

  #beginsAt(number: number): number {
    return this.#log.integerAt(number, this.#node.input.row.length);
  }

  /** SQOO2 */
  #forget(): void {
    const { next, first, frameStart } = this.#partition;
    const lookBack = this.#lookBack;
    const ofFrame = this.#node.frame.preceding === null ? next : frameStart;
    this.#log.forget(Math.min(ofFrame, lookBack === null ? first : next - lookBack));
  }
}

/** Where the work on a partition stands. Numbers are those of the log. */
class PartitionFrame {
  readonly first: number;
  /** The row that leaves next. */
  next: number;
  /** Behind the last row that is known to be of it; `isWhole`: that is its last one. */
  end: number;
  isWhole = false;
  frameStart: number;
  frameEnd: number;
  firstPeer: number;
  /** Behind the last peer of the row that leaves next; not above it: it is not known. */
  endOfPeers: number;
  /** How far peers were looked for. */
  peersRead: number;
  /** Different values of the order before it. */
  groups = -1;
  #frame: ReturnType<OverResults["create"]> | null = null;

  constructor(first: number) {
    this.first = first;
    this.next = first;
    this.end = first;
    this.frameStart = first;
    this.frameEnd = first;
    this.firstPeer = first;
    this.endOfPeers = first;
    this.peersRead = first;
  }

  beginPeers(number: number): void {
    this.firstPeer = number;
    this.groups += 1;
  }

  frameOf(results: OverResults): ReturnType<OverResults["create"]> {
    this.#frame ??= results.create();
    return this.#frame;
  }
}

/** Of a date or time, as rows have it. */
function millisecondsOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value) / NANOSECONDS;
  return Number(value);
}

/** In any order, of bounded input only. Errors: JOB_GRAPH_INVALID. */
export function sortedOver(node: OverNode): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "over",
    declares: [declarationOfSorted(node.input.row)],
    spills: true,
    create: () => new SortedOver(node),
  };
}
