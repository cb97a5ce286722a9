/**
 * Owns: GROUP BY with sessions where each key takes a few values: sessions lie in column tables, by the stretch of time in which they end.
 * Not here: every other session (session-windows.ts), of which the same rows are emitted (SQSW1, SQSW2).
 *
 * SQTE1 A stretch is as long as the gap: two sessions of a key end further apart, so a key has one session in it at most. A session that goes on moves to the stretch of its new end; what
 *     it leaves is closed, and goes when no session of its table is open.
 * SQTE2 A row touches two sessions at most, whose ends are not before it: it looks in the stretches from its own on, of which there are about two where rows come in order.
 */
import { assert } from "../../../base/index.ts";
import { type ColumnBatch, t, TABLE_PAGE_BITS, type ValueType } from "../../record/index.ts";
import type { ColumnTable, OperatorFactory } from "../../ports/index.ts";
import type { PlanWindow, WindowAggregateNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { PAGE_SLOTS, SLOT_MASK } from "./accumulators/column-accumulator.ts";
import { SessionCalendar } from "./session-calendar.ts";
import { SESSIONS } from "./state-names.ts";
import { TableAggregation } from "./table-aggregation.ts";
import { operatorOfWindows, WindowsInTables } from "./windows-in-tables.ts";

type SessionWindow = Extract<PlanWindow, { kind: "session" }>;

/** Behind the states of the calls. Times are local. */
const FIELDS: Readonly<Record<string, ValueType<unknown>>> = {
  start: t.timestamp as ValueType<unknown>,
  end: t.timestamp as ValueType<unknown>,
  isOpen: t.boolean as ValueType<unknown>,
};

/** Rows of the batch at hand, with the slots of their sessions in one table. */
type Joining = { table: ColumnTable | null; slots: Int32Array; rows: Int32Array; count: number };

/** A session of the key at hand. */
type Touched = { readonly slice: number; readonly table: ColumnTable; readonly slot: number };

class TableSessions extends WindowsInTables {
  readonly #gap: number;
  readonly #calendar: SessionCalendar;
  /** Of those that are there, the lowest first. */
  #slices: number[] = [];
  /** By slice: how many of its sessions are open. */
  readonly #open = new Map<number, number>();
  readonly #found = new Int32Array(1);
  /** Not in the states of their sessions yet. */
  readonly #joining: Joining = { table: null, slots: new Int32Array(0), rows: new Int32Array(0), count: 0 };
  /** Of one slice: sessions that are over, and not emitted yet. */
  readonly #over: { slice: number; readonly slots: Int32Array; count: number } = {
    slice: 0,
    slots: new Int32Array(PAGE_SLOTS),
    count: 0,
  };

  constructor(node: WindowAggregateNode, window: SessionWindow, session: SqlSession, aggregation: TableAggregation) {
    super(node, window, session, aggregation);
    this.#gap = window.gap;
    this.#calendar = new SessionCalendar(window.gap);
  }

  protected override onOpen(): void {
    for (const slice of this.tables.slices()) this.#readSlice(slice, this.tables.table(slice));
  }

  protected add(batch: ColumnBatch, from: number): void {
    const { rows, count } = batch;
    const records = {
      keys: this.aggregation.keysOf(batch),
      hashes: this.keys.hashes(batch),
      rows: new Int32Array(1),
      count: 1,
    };
    if (this.#joining.slots.length < count) {
      this.#joining.slots = new Int32Array(count);
      this.#joining.rows = new Int32Array(count);
    }
    for (let at = from; at < count; at++) {
      const row = rows[at] as number;
      records.rows[0] = row;
      const time = this.time.of(batch, row);
      if (!this.#goesOn(batch, records, time) && !this.#addRow(batch, records, time)) this.late.inc();
    }
    this.#join(batch);
  }

  /** Whether the row is in a session that began before it and goes on where it is: nearly every row is. Nothing has changed where it is not. */
  #goesOn(batch: ColumnBatch, records: RecordOfKey, time: number): boolean {
    const at = this.#openUntil(records, this.#slices.length - 1, time);
    if (at < 0) return false;
    const slice = this.#slices[at] as number;
    const table = this.tables.table(slice);
    const slot = this.#found[0] as number;
    const end = endAt(table, slot);
    // Those before it ended before it began, so before the row.
    if (startAt(table, slot) > time || end < time) return false;
    const next = Math.max(end, time + this.#gap);
    if (Math.floor(next / this.#gap) !== slice || this.#isLate(next)) return false;
    numbersOf(table, slot, END)[slot & SLOT_MASK] = next;
    this.#joins(batch, table, slot, records.rows[0] as number);
    return true;
  }

  /** False: the row is late (SQSW2). */
  #addRow(batch: ColumnBatch, records: RecordOfKey, time: number): boolean {
    const [left, right] = this.#touched(records, time);
    let start = time;
    let end = time + this.#gap;
    if (left !== undefined) {
      start = Math.min(start, startAt(left.table, left.slot));
      const { table, slot } = right ?? left;
      end = Math.max(end, endAt(table, slot));
    }
    if (this.#isLate(end)) return false;
    // What moves has all of its rows.
    this.#join(batch);
    const { table, slot } = this.#place(records, end, right ?? left, right === undefined ? undefined : left);
    this.#setTimes(table, slot, start, end);
    this.#joins(batch, table, slot, records.rows[0] as number);
    return true;
  }

  /** Of a session with that end. */
  #isLate(end: number): boolean {
    return !this.time.isProctime && this.time.lastInstantOf(end) <= this.watermark.current;
  }

  #joins(batch: ColumnBatch, table: ColumnTable, slot: number, row: number): void {
    const joining = this.#joining;
    if (joining.table !== table) this.#join(batch);
    joining.table = table;
    joining.slots[joining.count] = slot;
    joining.rows[joining.count++] = row;
  }

  /** Rows that wait are in the states of their sessions from then on. */
  #join(batch: ColumnBatch): void {
    const { table, count } = this.#joining;
    if (table !== null && count > 0) this.aggregation.addAt(table, batch, this.#joining);
    this.#joining.count = 0;
    this.#joining.table = null;
  }

  /** The sessions of the key that a row of that time is in, or joins (SQTE2). */
  #touched(records: RecordOfKey, time: number): [Touched?, Touched?] {
    const touched: [Touched?, Touched?] = [];
    let at = this.#openUntil(records, this.#slices.length - 1, time);
    for (; at >= 0 && touched.length < 2; at = this.#openUntil(records, at - 1, time)) {
      const slice = this.#slices[at] as number;
      const table = this.tables.table(slice);
      const slot = this.#found[0] as number;
      if (startAt(table, slot) > time + this.#gap) continue;
      // Those before it end earlier still.
      if (endAt(table, slot) < time) break;
      touched.unshift({ slice, table, slot });
    }
    return touched;
  }

  /**
   * Of the key's open sessions the last one, of those in `#slices` up to the place `at` whose stretch does not end before the row of that time: its place there, and its slot in `#found`. -1: there
   * is none.
   */
  #openUntil(records: RecordOfKey, at: number, time: number): number {
    const first = Math.floor(time / this.#gap);
    for (let place = at; place >= 0; place--) {
      const slice = this.#slices[place] as number;
      if (slice < first) return -1;
      const table = this.tables.table(slice);
      table.find(records, this.#found);
      const slot = this.#found[0] as number;
      if (slot >= 0 && isOpenAt(table, slot)) return place;
    }
    return -1;
  }

  /** Where the session with that end is from then on, with what `session` and `other` had. */
  #place(
    records: RecordOfKey,
    end: number,
    session: Touched | undefined,
    other: Touched | undefined,
  ): { readonly table: ColumnTable; readonly slot: number } {
    const slice = Math.floor(end / this.#gap);
    if (session !== undefined && session.slice === slice) {
      if (other !== undefined) this.#moveInto(session, other);
      return session;
    }
    assert(other === undefined, "of two sessions that become one the later end stays");
    if (!this.#open.has(slice)) this.#addSlice(slice);
    const table = this.tables.table(slice);
    table.slotsOf(records, this.#found);
    const slot = this.#found[0] as number;
    this.aggregation.resetAt(table, slot);
    isOpenPage(table, slot)[slot & SLOT_MASK] = 1;
    this.#open.set(slice, (this.#open.get(slice) as number) + 1);
    this.#calendar.add(this.time.instantOf(end), slice, slot);
    const place = { slice, table, slot };
    if (session !== undefined) this.#moveInto(place, session);
    return place;
  }

  #moveInto(into: Touched, from: Touched): void {
    this.aggregation.mergeAt(into.table, into.slot, from.table, from.slot);
    this.#closeAt(from.slice, from.table, from.slot);
  }

  #setTimes(table: ColumnTable, slot: number, start: number, end: number): void {
    numbersOf(table, slot, START)[slot & SLOT_MASK] = start;
    numbersOf(table, slot, END)[slot & SLOT_MASK] = end;
  }

  #closeAt(slice: number, table: ColumnTable, slot: number): void {
    isOpenPage(table, slot)[slot & SLOT_MASK] = 0;
    this.#open.set(slice, (this.#open.get(slice) as number) - 1);
  }

  #addSlice(slice: number): void {
    this.#open.set(slice, 0);
    const at = this.#slices.findLastIndex((other) => other < slice);
    this.#slices.splice(at + 1, 0, slice);
  }

  #readSlice(slice: number, table: ColumnTable): void {
    this.#addSlice(slice);
    let open = 0;
    for (let slot = 0; slot < table.size; slot++) {
      if (!isOpenAt(table, slot)) continue;
      open += 1;
      this.#calendar.add(this.time.instantOf(endAt(table, slot)), slice, slot);
    }
    this.#open.set(slice, open);
  }

  /** `mayGoOn` is asked after each stretch. */
  protected closeUntil(instant: number, mayGoOn: () => boolean): boolean {
    const isDone = this.#calendar.forEachUntil(
      instant,
      (slice, slot) => {
        const table = this.tables.find(slice);
        return table === null || !isOpenAt(table, slot) ? null : this.time.instantOf(endAt(table, slot));
      },
      (slice, slot) => this.#close(slice, slot),
      mayGoOn,
    );
    this.#emitOver();
    this.#slices = this.#slices.filter((slice) => {
      if (this.#open.get(slice) !== 0) return true;
      this.#open.delete(slice);
      this.tables.drop(slice);
      return false;
    });
    return isDone;
  }

  #close(slice: number, slot: number): void {
    const over = this.#over;
    if (over.slice !== slice || over.count === PAGE_SLOTS) this.#emitOver();
    over.slice = slice;
    over.slots[over.count++] = slot;
    const table = this.tables.table(slice);
    this.#found[0] = slot;
    table.makeReady(this.#found, 1);
    this.#closeAt(slice, table, slot);
  }

  #emitOver(): void {
    const { slice, slots, count } = this.#over;
    if (count === 0) return;
    this.#over.count = 0;
    const table = this.tables.table(slice);
    const builder = this.builder;
    const { stores } = builder;
    this.aggregation.results(table, { slots, count, at: 0 }, stores);
    const first = this.node.row.length - this.node.adds.length;
    const timestamps = builder.timestamps();
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      const end = endAt(table, slot);
      const last = this.time.lastInstantOf(end);
      const shown = { start: startAt(table, slot), end, time: last };
      for (const [place, name] of this.node.adds.entries())
        (stores[first + place] as unknown as { readonly values: Float64Array }).values[at] = shown[name];
      timestamps[at] = last;
    }
    this.emit(count);
  }

  protected nextInstant(): number | null {
    return this.#calendar.earliest;
  }

  protected override patienceMs(): number {
    return this.#calendar.patienceMs;
  }
}

type RecordOfKey = Parameters<ColumnTable["find"]>[0];

const [START, END, IS_OPEN] = [3, 2, 1];

/** `fromEnd`: of the values' fields, counted from the last one. */
const numbersOf = ({ values }: ColumnTable, slot: number, fromEnd: number): Float64Array =>
  values[values.length - fromEnd]?.[slot >> TABLE_PAGE_BITS] as Float64Array;
const isOpenPage = (table: ColumnTable, slot: number): Uint8Array =>
  numbersOf(table, slot, IS_OPEN) as unknown as Uint8Array;
const startAt = (table: ColumnTable, slot: number): number => numbersOf(table, slot, START)[slot & SLOT_MASK] as number;
const endAt = (table: ColumnTable, slot: number): number => numbersOf(table, slot, END)[slot & SLOT_MASK] as number;
const isOpenAt = (table: ColumnTable, slot: number): boolean => isOpenPage(table, slot)[slot & SLOT_MASK] === 1;

/** Null: the node needs more than tables hold; then windowAggregateOperator makes another. */
export function tableSessions(
  node: WindowAggregateNode,
  session: SqlSession,
): OperatorFactory<unknown, unknown> | null {
  const { window, input, calls, groupBy } = node;
  if (window.kind !== "session" || input.changes !== "append") return null;
  return operatorOfWindows(
    () => TableAggregation.of({ calls, groupBy, row: input.row }, { name: SESSIONS, more: FIELDS }),
    (aggregation) => new TableSessions(node, window, session, aggregation),
  );
}
