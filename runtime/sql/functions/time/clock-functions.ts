/**
 * Owns: functions that look at the clock, or at the watermark.
 *
 * SQUK1 Over streams `now` is that of each row; over bounded inputs it is the query's beginning, in all rows, but for CURRENT_ROW_TIMESTAMP, PROCTIME and UNIX_TIMESTAMP.
 */
import { timeZone } from "./time-zone.ts";
import { typed } from "../implementations.ts";
import type { CallSite, ScalarFactory } from "../scalar-implementation.ts";
import { DAY_MS } from "./calendar.ts";
import { timeOfDay } from "./moments.ts";

/** SQUK1. */
function nowOf({ session: { beganAtMs, clock } }: CallSite): () => number {
  return beganAtMs === undefined ? () => clock.nowMs() : () => beganAtMs;
}

const now = typed(nowOf);
const nowOfRow = typed(
  ({ session: { clock } }) =>
    () =>
      clock.nowMs(),
);

/** On the session's clock. */
const onClock = (part: (clockMs: number) => number): ScalarFactory =>
  typed((site) => {
    const [nowMs, zone] = [nowOf(site), timeZone(site.session.timeZone)];
    return () => part(zone.clockOf(nowMs()));
  });

const time = onClock(timeOfDay);

export const clockFunctions: Readonly<Record<string, ScalarFactory>> = {
  CURRENT_DATE: onClock((clockMs) => Math.floor(clockMs / DAY_MS) * DAY_MS),
  CURRENT_TIME: time,
  LOCALTIME: time,
  CURRENT_TIMESTAMP: now,
  NOW: now,
  CURRENT_ROW_TIMESTAMP: nowOfRow,
  LOCALTIMESTAMP: onClock((clockMs) => clockMs),
  // Whatever the row's own time is: the watermark is the operator's.
  CURRENT_WATERMARK: ({ session: { watermark } }) => ({ takesNulls: true, call: () => watermark?.() ?? null }),
  PROCTIME: nowOfRow,
};
