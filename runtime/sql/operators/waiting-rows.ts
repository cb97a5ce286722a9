/**
 * Owns: the rows of one side of an interval join, by key, in the order of their times.
 * Called by: interval-join.ts, with the key of the row at hand set.
 *
 * SQJT1 Rows that have waited long enough are the first ones, and those that a row may meet stand next to each other: both are found by halves.
 * SQJT2 Rows of equal times stand as they came.
 */
import type { KeyedOperatorState, OperatorFactory, ValueState } from "../../ports/index.ts";
import { describeType, t, type ValueType } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";

export type WaitingRow = { readonly at: number; readonly row: SqlRow; isMatched: boolean };

type Declared = NonNullable<OperatorFactory<unknown, unknown>["declares"]>[number];

const listType = (row: PlanRow): ValueType<readonly WaitingRow[]> =>
  t.list(t.record({ at: t.timestamp, row: rowTypeOf(row), isMatched: t.boolean })) as ValueType<unknown> as ValueType<
    readonly WaitingRow[]
  >;

export const declarationOfWaiting = (name: string, row: PlanRow): Declared => ({
  name,
  kind: "value",
  type: describeType(listType(row) as ValueType<unknown>),
});

export class WaitingRows {
  readonly #state: ValueState<readonly WaitingRow[]>;

  constructor(keyed: KeyedOperatorState, name: string, row: PlanRow) {
    this.#state = keyed.value({ name, type: listType(row) });
  }

  add(waiting: WaitingRow): void {
    const rows = (this.#state.value() ?? []) as WaitingRow[];
    const last = rows.at(-1);
    // The usual case: rows come about in the order of their times.
    if (last === undefined || last.at <= waiting.at) rows.push(waiting);
    else rows.splice(firstBehind(rows, waiting.at), 0, waiting);
    this.#state.update(rows);
  }

  /** Calls `visit` for the rows of these times, both included, until it answers "stop"; "matched": the row is matched from now on. */
  forEach(
    { from, to }: { readonly from: number; readonly to: number },
    visit: (waiting: WaitingRow) => "next" | "matched" | "stop",
  ): void {
    const rows = this.#state.value();
    if (rows === undefined) return;
    let hasChanged = false;
    for (let index = firstBehind(rows, from - 1); index < rows.length; index++) {
      const waiting = rows[index] as WaitingRow;
      if (waiting.at > to) break;
      const outcome = visit(waiting);
      if (outcome === "stop") break;
      if (outcome === "next" || waiting.isMatched) continue;
      waiting.isMatched = true;
      hasChanged = true;
    }
    if (hasChanged) this.#state.update(rows);
  }

  /** Rows that are matched are gone. */
  dropMatched(): void {
    this.#keep((this.#state.value() ?? []).filter(({ isMatched }) => !isMatched));
  }

  /** Rows of times up to this one are gone, and answered. */
  takeUntil(time: number): readonly WaitingRow[] {
    const rows = this.#state.value() as WaitingRow[] | undefined;
    const taken = rows?.splice(0, firstBehind(rows, time)) ?? [];
    if (rows !== undefined && taken.length > 0) this.#keep(rows);
    return taken;
  }

  #keep(rows: readonly WaitingRow[]): void {
    if (rows.length === 0) this.#state.clear();
    else this.#state.update(rows);
  }
}

/** The index of the first row behind that time. Times are whole. */
function firstBehind(rows: readonly WaitingRow[], time: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as WaitingRow).at <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
