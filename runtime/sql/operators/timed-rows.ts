/**
 * Owns: rows by key in the order of their times: those that wait for their time, and the versions of a key.
 * Called by: temporal-join.ts, with the key of the row at hand set.
 *
 * SQTY1 Rows of equal times stand as they came; of versions there is one of each time, the one that came last.
 */
import type { KeyedOperatorState, OperatorFactory, ValueState } from "../../ports/index.ts";
import { describeType, t, type ValueType } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";

/** `row` null: from that time on the key has none. */
export type TimedRow = { readonly at: number; readonly row: SqlRow | null };

type Declared = NonNullable<OperatorFactory<unknown, unknown>["declares"]>[number];

const listType = (row: PlanRow): ValueType<TimedRow[]> =>
  t.list(
    t.record({ at: t.timestamp, row: t.nullable(rowTypeOf(row) as ValueType<object>) }),
  ) as ValueType<unknown> as ValueType<TimedRow[]>;

export const declarationOfTimed = (name: string, row: PlanRow): Declared => ({
  name,
  kind: "value",
  type: describeType(listType(row) as ValueType<unknown>),
});

export class TimedRows {
  readonly #state: ValueState<TimedRow[]>;

  constructor(keyed: KeyedOperatorState, name: string, row: PlanRow) {
    this.#state = keyed.value({ name, type: listType(row) });
  }

  /** Behind those of its time. */
  add(timed: TimedRow): void {
    const rows = this.#state.value() ?? [];
    rows.splice(countUntil(rows, timed.at), 0, timed);
    this.#state.update(rows);
  }

  /** In the place of that of its time. Answers a time from which on one of them is of no more use; null: all are needed. */
  put(version: TimedRow): number | null {
    const rows = this.#state.value() ?? [];
    const behind = countUntil(rows, version.at);
    const isNew = rows[behind - 1]?.at !== version.at;
    const place = isNew ? behind : behind - 1;
    rows.splice(place, isNew ? 0 : 1, version);
    this.#state.update(rows);
    return place > 0 || version.row === null ? version.at : (rows[1]?.at ?? null);
  }

  /** The newest of that time or earlier; null: there is none, or the key had no row then. */
  newestAt(time: number): SqlRow | null {
    const rows = this.#state.value();
    if (rows === undefined) return null;
    return rows[countUntil(rows, time) - 1]?.row ?? null;
  }

  /** Of the newest; null: there is none. */
  newestTime(): number | null {
    return this.#state.value()?.at(-1)?.at ?? null;
  }

  /** Of versions: those that the newest of that time or earlier has replaced are gone, and it, too, where it only says that there is no row. */
  dropReplaced(time: number): void {
    const rows = this.#state.value();
    if (rows === undefined) return;
    const current = countUntil(rows, time) - 1;
    const dropped = rows[current]?.row === null ? current + 1 : current;
    if (dropped > 0) this.#keep(rows, dropped);
  }

  /** Rows of times up to this one are gone, and answered. */
  takeUntil(time: number): readonly TimedRow[] {
    const rows = this.#state.value();
    if (rows === undefined) return [];
    const count = countUntil(rows, time);
    const taken = rows.slice(0, count);
    if (count > 0) this.#keep(rows, count);
    return taken;
  }

  #keep(rows: TimedRow[], from: number): void {
    if (from >= rows.length) {
      this.#state.clear();
      return;
    }
    rows.splice(0, from);
    this.#state.update(rows);
  }
}

/** How many are of that time or earlier. */
function countUntil(rows: readonly TimedRow[], time: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as TimedRow).at <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
