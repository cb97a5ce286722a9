/**
 * Owns: the time that windows of an operator go by: where it is read, and how the times of windows relate to instants.
 *
 * SQWT1 Windows of instants (TIMESTAMP_LTZ, and so processing time) begin and end with the clock of the session's time zone, as in Flink; their start and end
 *     are local times, their last millisecond is an instant. Windows of a TIMESTAMP know no zone.
 * SQWT2 Where the clock is put back, a window that ends at a time that comes twice ends when it comes again: rows of both times count.
 */
import { assert, type Clock, StreamError } from "../../../base/index.ts";
import { type Column, type ColumnBatch, isNull } from "../../record/index.ts";
import { type TimeZone, timeZone } from "../functions/time/time-zone.ts";
import type { PlanRow, PlanWindow, WindowColumn } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";

/** The metric of rows that came too late, as Flink calls it. */
export const LATE_ROWS = "numLateRecordsDropped";

const DAY_MS = 86_400_000;

export class WindowTime {
  readonly isProctime: boolean;
  readonly #place: number;
  readonly #zone: TimeZone;
  readonly #clock: Clock;
  /** Local times are instants. */
  readonly isPlain: boolean;

  /** `row`: of the input. */
  constructor({ time, isProctime }: PlanWindow, row: PlanRow, session: SqlSession) {
    this.isProctime = isProctime;
    this.#place = time;
    const isInstant = isProctime || row[time]?.type.kind === "timestamp_ltz";
    this.#zone = timeZone(isInstant ? session.timeZone : "UTC");
    this.isPlain = this.#zone === timeZone("UTC");
    this.#clock = session.clock;
  }

  /** The local time of the record at that place. Errors: SQL_EXPRESSION_FAILED: it has none. */
  of(batch: ColumnBatch, row: number): number {
    if (this.isProctime) return this.#zone.clockOf(this.#clock.nowMs());
    return this.#zone.clockOf(rowTime(batch, this.#place, row));
  }

  /** The instant of a local time; the later one of two (SQWT2). */
  instantOf(local: number): number {
    if (this.isPlain) return local;
    const instant = this.#zone.instantOf(local);
    const offset = this.#zone.clockOf(instant + DAY_MS) - (instant + DAY_MS);
    const later = local - offset;
    return later > instant && this.#zone.clockOf(later) === local ? later : instant;
  }

  localOf(instant: number): number {
    return this.#zone.clockOf(instant);
  }

  /** What the columns show of the window of these local times. */
  shown(columns: readonly WindowColumn[], start: number, end: number, values: unknown[]): void {
    for (const column of columns) {
      if (column === "start") values.push(start);
      else values.push(column === "end" ? end : this.lastInstantOf(end));
    }
  }

  /** The last millisecond of a window that ends then. */
  lastInstantOf(end: number): number {
    return this.instantOf(end) - 1;
  }
}

/** The instant, or the time without a zone, in a row's time attribute. Errors: SQL_EXPRESSION_FAILED: it has none. */
export function rowTime({ columns, layout }: ColumnBatch, place: number, row: number): number {
  const column = columns[place] as Column;
  assert(column.kind === "float64", "a time attribute is a number of milliseconds");
  const { values, nulls } = column;
  if (nulls !== null && isNull(nulls, row)) throw noTime(layout.fields[place]?.name ?? "");
  return values[row] as number;
}

function noTime(name: string): StreamError {
  return new StreamError(
    "SQL_EXPRESSION_FAILED",
    `a row has NULL in its time attribute "${name}", so it is in no window; leave such rows out with WHERE "${name}" IS NOT NULL before the window`,
    { destiny: "terminal" },
  );
}
