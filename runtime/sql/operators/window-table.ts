/**
 * Owns: windows as a table: each row with the start, the end and the last millisecond of its window, once for each of its windows.
 * Not here: aggregates over windows (window-aggregate.ts).
 *
 * SQWX1 Windows of a fixed length need no state: the rows of a batch share its columns and leave window by window. No row is late for them.
 * SQWX2 Rows of a session leave when it is over; a row that is taken back before that is as if it had not come.
 */
import {
  type Column,
  type ColumnBatch,
  type ColumnLayout,
  describeType,
  isAdded,
  keyIdentity,
  layoutOf,
  plainKey,
  t,
  type ValueType,
} from "../../record/index.ts";
import type { Counter, OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import type { PlanRow, PlanWindow, WindowColumn, WindowTableNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow } from "./batches-only.ts";
import { type SessionContent, sessionType, SessionWindows } from "./session-windows.ts";
import { SESSIONS } from "./state-names.ts";
import { declarationOfWatermark } from "./watermark-memory.ts";
import { LATE_ROWS, WindowTime } from "./window-time.ts";
import { type SlicedWindow, WindowSlices } from "./windows.ts";
import { TimedChangesOperator } from "./timed-changes.ts";

const ADDS: readonly WindowColumn[] = ["start", "end", "time"];

class SlicedWindowTable implements StreamOperator<unknown, unknown> {
  readonly #slices: WindowSlices;
  readonly #time: WindowTime;
  readonly #layout: ColumnLayout;
  #output!: Output<unknown>;

  constructor(node: WindowTableNode, window: SlicedWindow, session: SqlSession) {
    this.#slices = new WindowSlices(window);
    this.#time = new WindowTime(window, node.input.row, session);
    this.#layout = layoutOf(rowTypeOf(node.row));
  }

  open(_context: OperatorContext, output: Output<unknown>): void {
    this.#output = output;
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count, size } = batch;
    const slices = new Float64Array(size);
    let selection = new Int32Array(count - from);
    let ends = new Float64Array(size);
    let left = 0;
    for (let at = from; at < count; at++) {
      const row = rows[at] as number;
      const slice = this.#slices.sliceOf(this.#time.of(batch, row));
      const end = this.#slices.nextEnd(slice, Number.NEGATIVE_INFINITY);
      if (end === null) continue;
      slices[row] = slice;
      ends[row] = end;
      selection[left++] = row;
    }
    while (left > 0) {
      this.#emit(batch, ends, selection.subarray(0, left));
      const next = new Int32Array(left);
      const later = new Float64Array(size);
      let more = 0;
      for (let at = 0; at < left; at++) {
        const row = selection[at] as number;
        const end = this.#slices.nextEnd(slices[row] as number, ends[row] as number);
        if (end === null) continue;
        later[row] = end;
        next[more++] = row;
      }
      [selection, ends, left] = [next, later, more];
    }
    return count;
  }

  /** The rows at these places, each with its window. */
  #emit(batch: ColumnBatch, ends: Float64Array, selection: Int32Array): void {
    const starts = new Float64Array(ends.length);
    const lasts = new Float64Array(ends.length);
    for (let at = 0; at < selection.length; at++) {
      const row = selection[at] as number;
      starts[row] = this.#slices.startOf(ends[row] as number);
      lasts[row] = this.#time.lastInstantOf(ends[row] as number);
    }
    const added = [starts, ends, lasts].map((values): Column => ({ kind: "float64", values, nulls: null }));
    const columns = [...batch.columns, ...added];
    this.#output.collectBatch(batch.select(selection, selection.length).withColumns(this.#layout, columns));
  }
}

type RowObject = Readonly<Record<string, unknown>>;

class SessionTable extends TimedChangesOperator {
  readonly #node: WindowTableNode;
  readonly #gap: number;
  readonly #time: WindowTime;
  readonly #names: readonly string[];
  #sessions!: SessionWindows<RowObject[]>;
  #late!: Counter;

  constructor(node: WindowTableNode, window: PlanWindow & { readonly kind: "session" }, session: SqlSession) {
    super({ row: node.row, changes: "append" }, node.input.row, window.partition);
    this.#node = node;
    this.#gap = window.gap;
    this.#time = new WindowTime(window, node.input.row, session);
    this.#names = node.input.row.map(({ name }) => name);
  }

  protected openStates({ metrics }: OperatorContext): void {
    this.#late = metrics.counter(LATE_ROWS);
    const content: SessionContent<RowObject[]> = {
      type: rowsType(this.#node.input.row),
      create: () => [],
      merge: (left, right) => {
        for (const row of right) left.push(row);
      },
      isEmpty: ({ length }) => length === 0,
      emit: (start, end, rows) => this.#emit(start, end, rows),
    };
    this.#sessions = new SessionWindows({ gap: this.#gap, time: this.#time, content }, this.keyed, this.watermark);
  }

  processBatch(batch: ColumnBatch, from: number): number {
    this.forEachRow(batch, from, (object, place) => {
      const isNew = isAdded(batch.rowKindAt(place));
      const change = (rows: RowObject[]): void => {
        if (isNew) rows.push(object);
        else takeBack(rows, object);
      };
      if (!this.#sessions.add(this.#time.of(batch, place), change)) this.#late.inc();
    });
    return batch.count;
  }

  endInput(): void {
    this.#sessions.closeAll();
    this.emitter.flush();
  }

  #emit(start: number, end: number, rows: readonly RowObject[]): void {
    for (const row of rows) {
      const values = this.#names.map((name) => row[name]);
      this.#time.shown(ADDS, start, end, values);
      this.emitter.insert(values, this.#time.lastInstantOf(end));
    }
    // Nobody calls the operator after timers of the clock.
    if (this.#time.isProctime) this.emitter.flush();
  }
}

const rowsType = (row: PlanRow): ValueType<RowObject[]> =>
  t.list(rowTypeOf(row)) as ValueType<unknown> as ValueType<RowObject[]>;

/** The first of the rows that are equal to it. */
function takeBack(rows: RowObject[], row: RowObject): void {
  const identity = keyIdentity(plainKey(row));
  const at = rows.findIndex((each) => keyIdentity(plainKey(each)) === identity);
  if (at >= 0) rows.splice(at, 1);
}

/** The input of SESSION comes by hash of its partition; any other as it is. */
export function windowTableOperator(node: WindowTableNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  const { window } = node;
  if (window.kind !== "session")
    return { kind: "operator", name: "windowTable", create: () => new SlicedWindowTable(node, window, session) };
  const state = sessionType(rowsType(node.input.row)) as ValueType<unknown>;
  return {
    kind: "operator",
    name: "sessionTable",
    declares: [
      {
        name: SESSIONS,
        kind: "map",
        type: `map<${describeType(t.timestamp as ValueType<unknown>)}, ${describeType(state)}>`,
      },
      declarationOfWatermark,
    ],
    create: () => new SessionTable(node, window, session),
  };
}
