/**
 * Owns: the join of rows whose times are not too far apart: each row is kept as long as a row of the other side may still come to it, and no longer.
 * Does not own: bounded inputs (bounded-interval-join.ts), where its time is from: the planner says that, `rowtime` goes by watermarks, `proctime` by the clock.
 *
 * SQJI1 A left row of time t has right rows from t - upper to t - lower: it is kept until the watermark is t - lower. A right row of time t is kept until
 *     t + upper. Then it is emitted with NULLs, if it has had no match and the join keeps it.
 * SQJI2 Nothing is taken back. A row that comes when it would be kept no longer still meets those that are there.
 * SQJI3 A row that waits is older than the watermark may say: what is emitted follows the watermark by the longest wait (WM-2).
 * SQJI4 A row with NULL in a key or as its time has no match.
 * SQJI5 Rows are kept in slices of time, which are dropped whole: a row may stay for the length of one longer than it is needed.
 */
import {
  declarationOfRows,
  NO_SLOT,
  type OperatorContext,
  type OperatorFactory,
  type RowTable,
} from "../../ports/index.ts";
import {
  type Column,
  type Float64Column,
  isNull,
  MAX_WATERMARK,
  rowKinds,
  TABLE_PAGE_BITS,
} from "../../record/index.ts";
import type { IntervalJoinNode, PlanMode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { boundedIntervalJoin } from "./bounded-interval-join.ts";
import { ClockAlarm } from "./clock-alarm.ts";
import { ExpiryQueue } from "./expiry-queue.ts";
import { assertJoinable } from "./join-keys.ts";
import { type Arrived, JoinOperator } from "./join-operator.ts";
import { hasNullIn, type SidePlans, sidePlans } from "./join-sides.ts";
import { isHalfJoin, keepsUnmatched } from "./join-type.ts";
import { NOTHING } from "./pair-emitter.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";
import { always } from "./may-go-on.ts";

/** The part of the interval that a slice has (SQJI5): of a stream, and of bounded inputs, whose batches have the rows of a few keys over all times. */
const [PART, BOUNDED_PART] = [1 / 4, 4];
/** Slices are not shorter: each has memory of its own. */
const SLICE_MS_MIN = 100;
const SLOT_MASK = 2 ** TABLE_PAGE_BITS - 1;
/** Records whose pairs are found at once: fewer of those that have many. */
const [RECORDS_MIN, RECORDS_MAX] = [1, 1024];
const PAIRS_MANY = 4096;
/** Of proctime the instant at which a row came is kept beside it. */
const CAME: PlanRow = [{ name: "$came", type: { kind: "timestamp", isNullable: false, precision: 3 }, time: null }];

/** The mark of a row. */
const marks = { alone: 0, done: 1 } as const;

export function intervalJoinOperator(
  node: IntervalJoinNode,
  session: SqlSession,
  mode: PlanMode,
): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  const [keepsLeft, keepsRight] = keepsUnmatched(node.join);
  const plans = sidePlans(node, [keepsLeft || isHalfJoin(node.join), keepsRight], node.isProctime ? CAME : []);
  const isBounded = mode === "batch" && !node.isProctime;
  const join: OperatorFactory<unknown, unknown> = {
    kind: "operator",
    name: "intervalJoin",
    declares: [...plans.map(({ table }) => declarationOfRows(table)), declarationOfWatermark],
    create: () => new IntervalJoin(node, plans, session, isBounded ? BOUNDED_PART : PART),
  };
  return isBounded ? boundedIntervalJoin(node, join) : join;
}

class IntervalJoin extends JoinOperator {
  readonly ownsWatermarks?: true;
  readonly #node: IntervalJoinNode;
  readonly #isHalf: boolean;
  readonly #isSemi: boolean;
  /** By side: where rows have their times. */
  readonly #times: readonly [number, number];
  /** Milliseconds from a row's time until it is kept no longer. */
  readonly #waits: readonly [number, number];
  /** SQJI3 */
  readonly #delay: number;
  readonly #sliceMs: number;
  /** Of sides whose rows are emitted when they go. */
  readonly #due: readonly [ExpiryQueue | null, ExpiryQueue | null];
  #watermark!: WatermarkMemory;
  /** Of proctime. */
  #alarm!: ClockAlarm;
  #records = RECORDS_MAX;
  #came = new Float64Array(0);
  #isMatched = new Uint8Array(0);

  constructor(node: IntervalJoinNode, plans: SidePlans, session: SqlSession, part: number) {
    super(node, plans, session);
    this.#node = node;
    this.#isHalf = isHalfJoin(node.join);
    this.#isSemi = node.join === "SEMI";
    this.#times = node.isProctime ? [node.left.row.length, node.right.row.length] : [node.leftTime, node.rightTime];
    this.#waits = [-node.lower, node.upper];
    this.#sliceMs = Math.max(SLICE_MS_MIN, Math.floor((node.upper - node.lower) * part));
    this.#due = [plans[0].keeps ? new ExpiryQueue() : null, plans[1].keeps ? new ExpiryQueue() : null];
    this.#delay = node.isProctime ? 0 : Math.max(0, ...this.#waits);
    if (this.#delay > 0) this.ownsWatermarks = true;
  }

  protected override onOpen(context: OperatorContext): void {
    this.#watermark = new WatermarkMemory(context);
    this.#alarm = new ClockAlarm(context, context.clock, (nowMs) => {
      this.#expire(nowMs - 1);
      this.#setAlarm();
    });
    for (const side of [0, 1] as const) this.#queueRestored(side);
    this.#setAlarm();
  }

  reachWatermark(timestamp: number, mayGoOn: () => boolean): boolean {
    return this.#node.isProctime || this.#expire(timestamp, mayGoOn);
  }

  onWatermark(timestamp: number): void {
    this.#watermark.raise(timestamp);
    if (this.#delay > 0 && timestamp < MAX_WATERMARK) this.output.emitWatermark(timestamp - this.#delay);
  }

  /** Only called where the operator owns its watermarks. */
  onStatus(idle: boolean): void {
    this.output.emitStatus(idle);
  }

  prepareSnapshot(): void {
    this.#watermark.save();
  }

  protected onRecords(arrived: Arrived): number {
    const { isProctime } = this.#node;
    const { rows } = arrived;
    const given = isProctime ? this.#withTime(arrived) : arrived;
    const { emission } = this.context;
    let at = 0;
    while (at < rows.length) {
      const to = Math.min(rows.length, at + this.#records);
      const pairs = this.#joinRecords({ ...given, rows: rows.subarray(at, to) });
      this.#records =
        pairs > PAIRS_MANY ? Math.max(RECORDS_MIN, this.#records >> 1) : Math.min(RECORDS_MAX, this.#records << 1);
      at = to;
      if (emission?.isFull() === true) break;
    }
    this.#setAlarm();
    return at;
  }

  /** Joins the records with what is there, and keeps them; answers how many pairs were looked at. */
  #joinRecords(arrived: Arrived): number {
    const { input, columns, rows } = arrived;
    const count = rows.length;
    if (this.#isMatched.length < count) this.#isMatched = new Uint8Array(count);
    const isMatched = this.#isMatched.fill(0, 0, count);
    const timeColumn = columns[this.#times[input]] as Float64Column;
    const bounds = boundsOf(timeColumn, rows);
    const other = this.sides[(1 - input) as 0 | 1];
    const { lower, upper } = this.#node;
    const [below, above] = input === 0 ? [-upper, -lower] : [lower, upper];
    let looked = 0;
    for (const slice of other.slices()) {
      const start = slice * this.#sliceMs;
      if (start > bounds.last + above || start + this.#sliceMs <= bounds.first + below) continue;
      const table = other.find(slice);
      if (table !== null && table.size > 0)
        looked += this.#meet(arrived, table, { below, above, timeColumn, isMatched });
    }
    this.#keep(arrived, timeColumn, isMatched);
    return looked;
  }

  /** Joins the records with the rows of a slice of the other side. */
  #meet(
    arrived: Arrived,
    table: RowTable,
    {
      below,
      above,
      timeColumn,
      isMatched,
    }: {
      readonly below: number;
      readonly above: number;
      readonly timeColumn: Float64Column;
      readonly isMatched: Uint8Array;
    },
  ): number {
    const { input, columns, rows } = arrived;
    const first = this.firstIn(table, arrived);
    const { pairs, emitter } = this;
    const { next } = table;
    const timeField = this.#times[(1 - input) as 0 | 1];
    let looked = 0;
    pairs.clear();
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      if (first[at] !== NO_SLOT && !isNullAt(timeColumn, row)) {
        const time = timeColumn.values[row] as number;
        const [from, to] = [time + below, time + above];
        for (let slot = first[at] as number; slot !== NO_SLOT; slot = next[slot] as number) {
          looked += 1;
          const held = (table.columnOf(timeField, slot) as Float64Column).values[slot & SLOT_MASK] as number;
          if (held >= from && held <= to) pairs.add(row, slot);
        }
      }
      pairs.endRecord();
    }
    pairs.test(input, columns, table);
    if (pairs.count === 0) return looked;
    emitter.begin({ input, columns, own: null, other: table });
    for (let at = 0, pair = 0; at < rows.length; at++) {
      const to = pairs.ends[at] as number;
      if (to > pair) isMatched[at] = 1;
      for (; pair < to; pair++) this.#match(input, rows[at] as number, table, pairs.slots[pair] as number);
    }
    emitter.flush();
    return looked;
  }

  #match(input: 0 | 1, row: number, ...[table, slot]: [RowTable, number]): void {
    if (!this.#isHalf) {
      this.emitter.emit(rowKinds.insert, row, slot);
      if (this.plans[1 - input]?.keeps === true && table.markOf(slot) === marks.alone) table.setMark(slot, marks.done);
      return;
    }
    // A left row of SEMI and ANTI is done with its first match.
    if (input === 0 || table.markOf(slot) === marks.done) return;
    if (this.#isSemi) this.emitter.emit(rowKinds.insert, NOTHING, slot);
    table.setMark(slot, marks.done);
    table.remove(slot);
  }

  /** Keeps the records that others may still come to, and emits those that are done. */
  #keep(arrived: Arrived, column: Float64Column, isMatched: Uint8Array): void {
    const { input, columns, rows, nullable } = arrived;
    const { values } = column;
    const { keeps } = this.plans[input];
    this.emitter.begin({ input, columns, own: null, other: null });
    const kept = { slice: 0, rows: new Int32Array(rows.length), marks: new Int32Array(rows.length), count: 0 };
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      const hasMatch = isMatched[at] === 1;
      if (isNullAt(column, row) || hasNullIn(nullable, row)) {
        if (keeps) this.emitter.emit(rowKinds.insert, row, NOTHING);
        continue;
      }
      if (this.#isHalf && input === 0 && hasMatch) {
        if (this.#isSemi) this.emitter.emit(rowKinds.insert, row, NOTHING);
        continue;
      }
      const time = values[row] as number;
      if (this.#isGone(time + this.#waits[input])) {
        if (keeps && !hasMatch) this.emitter.emit(rowKinds.insert, row, NOTHING);
        continue;
      }
      const slice = Math.floor(time / this.#sliceMs);
      if (slice !== kept.slice) this.#addKept(arrived, values, kept);
      kept.slice = slice;
      kept.rows[kept.count] = row;
      kept.marks[kept.count] = hasMatch ? marks.done : marks.alone;
      kept.count += 1;
    }
    this.#addKept(arrived, values, kept);
    this.emitter.flush();
  }

  /** SQJI2 */
  #isGone(until: number): boolean {
    // By the clock a row may come in the same millisecond, and it comes now.
    return this.#node.isProctime ? until < this.context.clock.nowMs() : until <= this.#watermark.current;
  }

  #addKept({ input, columns, hashes }: Arrived, times: Float64Array, kept: Kept): void {
    const { slice, rows, marks: own, count } = kept;
    if (count === 0) return;
    const due = this.#due[input];
    const slots = due === null ? null : new Int32Array(count);
    this.sides[input].table(slice).add({ columns, hashes, rows, count }, own, slots);
    kept.count = 0;
    if (due === null || slots === null) return;
    const wait = this.#waits[input];
    for (let at = 0; at < count; at++)
      if (own[at] === marks.alone)
        due.add({ time: (times[rows[at] as number] as number) + wait, slice, slot: slots[at] as number });
  }

  /** SQJI1. Rows that are kept until that instant, or an earlier one, go. False: `mayGoOn` stopped it. */
  #expire(now: number, mayGoOn: () => boolean = always): boolean {
    for (const side of [0, 1] as const) {
      const isDone = this.#emitDue(side, now, mayGoOn);
      this.emitter.flush();
      if (!isDone) return false;
      for (const slice of this.sides[side].slices()) if (this.#endOf(side, slice) <= now) this.sides[side].drop(slice);
    }
    return true;
  }

  #emitDue(side: 0 | 1, now: number, mayGoOn: () => boolean): boolean {
    const due = this.#due[side];
    if (due === null) return true;
    let at: RowTable | null = null;
    for (let emitted = 1; due.earliest <= now; emitted++) {
      if (emitted % RECORDS_MAX === 0 && !mayGoOn()) return false;
      const { slice, slot } = due.take();
      const table = this.sides[side].table(slice);
      if (table.markOf(slot) === marks.done) continue;
      if (table !== at) this.emitter.begin({ input: 1 - side, columns: [], own: null, other: table });
      at = table;
      this.emitter.emit(rowKinds.insert, NOTHING, slot);
      table.setMark(slot, marks.done);
      table.remove(slot);
    }
    return true;
  }

  /** Until when the last row of a slice may be kept. */
  #endOf(side: 0 | 1, slice: number): number {
    return (slice + 1) * this.#sliceMs - 1 + this.#waits[side];
  }

  #queueRestored(side: 0 | 1): void {
    const due = this.#due[side];
    if (due === null) return;
    const wait = this.#waits[side];
    for (const slice of this.sides[side].slices()) {
      const table = this.sides[side].table(slice);
      table.forEachPage(({ columns, rows, firstSlot }) => {
        const { values } = columns[this.#times[side]] as Float64Column;
        for (const row of rows)
          if (table.markOf(firstSlot + row) === marks.alone)
            due.add({ time: (values[row] as number) + wait, slice, slot: firstSlot + row });
      });
    }
  }

  /** Of proctime: with the instant of now in the column behind the others. */
  #withTime(arrived: Arrived): Arrived {
    const size = arrived.rows.reduce((most, row) => Math.max(most, row + 1), 0);
    if (this.#came.length < size) this.#came = new Float64Array(size);
    const came: Column = { kind: "float64", values: this.#came.fill(this.context.clock.nowMs()), nulls: null };
    return { ...arrived, columns: [...arrived.columns, came] };
  }

  /** Of proctime: the clock calls when the next rows go. */
  #setAlarm(): void {
    if (!this.#node.isProctime) return;
    const ends = ([0, 1] as const).flatMap((side) => [
      this.#due[side]?.earliest ?? Number.POSITIVE_INFINITY,
      ...this.sides[side].slices().map((slice) => this.#endOf(side, slice)),
    ]);
    this.#alarm.setFor(Math.min(...ends) + 1);
  }
}

/** Records that go into one slice. */
type Kept = { slice: number; readonly rows: Int32Array; readonly marks: Int32Array; count: number };

const isNullAt = ({ nulls }: Column, row: number): boolean => nulls !== null && isNull(nulls, row);

/** Of the records' times. */
function boundsOf(column: Float64Column, rows: Int32Array): { readonly first: number; readonly last: number } {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    if (isNullAt(column, row)) continue;
    const time = column.values[row] as number;
    if (time < first) first = time;
    if (time > last) last = time;
  }
  return { first, last };
}
