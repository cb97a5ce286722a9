/**
 * Owns: rows of a bounded input with where they stand among windows, as a column behind those of the row: of windows of a fixed length the end of their slice, of sessions their time.
 * Called by: operators that sort or group by it.
 *
 * SQWP1 Times are local ones, as windows are (SQWN1). A row that is in no window is left out.
 */
import { type Column, ColumnBatch, type ColumnLayout, layoutOf } from "../../record/index.ts";
import type { PlanColumn, PlanRow, PlanWindow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import { WindowTime } from "./window-time.ts";
import { WindowSlices } from "./windows.ts";

const PLACE: PlanColumn = { name: "$window", type: { kind: "timestamp", isNullable: false, precision: 3 }, time: null };

/** With the column. */
export const placedRow = (row: PlanRow): PlanRow => [...row, PLACE];

export class WindowPlaces {
  readonly time: WindowTime;
  /** Null: of sessions. */
  readonly slices: WindowSlices | null;
  readonly #layout: ColumnLayout;

  /** `row`: of the input. */
  constructor(window: PlanWindow, row: PlanRow, session: SqlSession) {
    this.time = new WindowTime(window, row, session);
    this.slices = window.kind === "session" ? null : new WindowSlices(window);
    this.#layout = layoutOf(rowTypeOf(placedRow(row)));
  }

  /** Its records from the one numbered `from` on, which share its columns. Errors: SQL_EXPRESSION_FAILED: a row has no time. */
  placed(batch: ColumnBatch, from: number): ColumnBatch {
    const { columns, rows, count, size, marks } = batch;
    const values = new Float64Array(size);
    const selection = new Int32Array(count - from);
    let selected = 0;
    for (let at = from; at < count; at++) {
      const row = rows[at] as number;
      const local = this.time.of(batch, row);
      const place = this.slices?.sliceOf(local) ?? local;
      if (this.slices?.isInWindow(place) === false) continue;
      values[row] = place;
      selection[selected++] = row;
    }
    const column: Column = { kind: "float64", values, nulls: null };
    return new ColumnBatch(this.#layout, [...columns, column], { count: selected, selection, marks });
  }
}
