/**
 * Owns: SESSION as a table over a bounded input: each row with the start, the end and the last millisecond of its session, at the end, whatever memory holds.
 * Not here: sessions of streams (window-table.ts).
 *
 * SQBV1 Rows are sorted by key and time; those of a session wait until a later one, or another key, says that it is over. Where memory does not hold them they are in a file (RLG2).
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, type Float64Column } from "../../record/index.ts";
import { RowLog } from "../../spill/index.ts";
import type { PlanWindow, WindowColumn, WindowTableNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow } from "./batches-only.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { begins, declarationOfSorted, type KeyedOrder, KeyedSort, shareOf, type SortedBatch } from "./keyed-sort.ts";
import { spilledBytes } from "./spilling.ts";
import { placedRow, WindowPlaces } from "./window-places.ts";

type SessionWindow = Extract<PlanWindow, { kind: "session" }>;

/** Of the operator's memory. */
const [SORT_SHARE, LOG_SHARE] = [3 / 4, 1 / 4];
/** Rows that are emitted in a step. */
const STEP_ROWS = 256;
const ADDS: readonly WindowColumn[] = ["start", "end", "time"];

const orderOf = ({ input }: WindowTableNode, { partition }: SessionWindow): KeyedOrder => ({
  row: placedRow(input.row),
  keys: partition,
  orderBy: [{ column: input.row.length, direction: "ASC", nulls: "FIRST" }],
});

/** Its input comes by hash of the window's partition. */
export function boundedSessionTable(
  node: WindowTableNode,
  window: SessionWindow,
  session: SqlSession,
): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "sessionTable",
    declares: [declarationOfSorted(orderOf(node, window).row)],
    spills: true,
    create: () => new BoundedSessionTable(node, window, session),
  };
}

class BoundedSessionTable implements StreamOperator<unknown, unknown> {
  readonly #node: WindowTableNode;
  readonly #window: SessionWindow;
  readonly #places: WindowPlaces;
  readonly #names: readonly string[];
  #sort!: KeyedSort;
  #log!: RowLog;
  #emitter!: ChangeEmitter;
  /** Of the session at hand, in local times; `first`: the number of its first row in the log. */
  #session = { start: 0, end: 0, first: 0 };

  constructor(node: WindowTableNode, window: SessionWindow, session: SqlSession) {
    this.#node = node;
    this.#window = window;
    this.#places = new WindowPlaces(window, node.input.row, session);
    this.#names = namesOf(node.input.row);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const order = orderOf(this.#node, this.#window);
    this.#sort = new KeyedSort(order, context, { share: SORT_SHARE });
    this.#log = new RowLog({
      type: rowTypeOf(order.row),
      pageRows: this.#sort.pageRows,
      space: shareOf(context.spill, LOG_SHARE),
      onSpill: spilledBytes(context),
    });
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
    this.#log.close();
  }

  *#end(): Generator<void> {
    for (const sorted of this.#sort.sorted()) {
      if (sorted !== null) yield* this.#take(sorted);
      yield;
    }
    yield* this.#emit(this.#log.rows);
    this.#emitter.flush();
    this.#log.close();
  }

  *#take({ batch, begins: starts }: SortedBatch): Generator<void> {
    const firstNumber = this.#log.rows;
    this.#log.add(batch);
    const { values } = batch.columns[this.#node.input.row.length] as Float64Column;
    const session = this.#session;
    for (let row = 0; row < batch.count; row++) {
      const time = values[row] as number;
      // Two that touch are one (SQSW1).
      if (starts[row] === begins.key || time > session.end) {
        yield* this.#emit(firstNumber + row);
        session.start = time;
      }
      session.end = time + this.#window.gap;
    }
    this.#emitter.flush();
  }

  /** The session at hand is over: its rows are those up to that number. */
  *#emit(until: number): Generator<void> {
    const { start, end, first } = this.#session;
    const { time } = this.#places;
    const added: unknown[] = [];
    time.shown(ADDS, start, end, added);
    const last = time.lastInstantOf(end);
    for (let number = first; number < until; number++) {
      const row = this.#log.rowAt(number);
      this.#emitter.insert([...this.#names.map((name) => row[name]), ...added], last);
      if ((number + 1) % STEP_ROWS !== 0) continue;
      this.#emitter.flush();
      this.#log.forget(number + 1);
      yield;
    }
    this.#session.first = until;
    this.#log.forget(until);
  }
}
