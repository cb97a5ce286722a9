/** Owns: when a schedule in cron's five fields (UTC) is due next. */
import { Cron } from "croner";
import { formatTime, parseTime, plainSchedule } from "../../../crds/index.ts";

/**
 * The first time after `since` (RFC 3339); null: there is none. A `since` after now was noted before the clock was set back: the
 * schedule goes on from now, and does not wait until the clock has come to where it was.
 */
export function dueAt(schedule: string, since: string, nowMs: number): { readonly ms: number } | null {
  const sinceMs = Math.min(parseTime(since), nowMs);
  const next = new Cron(plainSchedule(schedule), { timezone: "UTC", paused: true }).nextRun(formatTime(sinceMs));
  return next === null ? null : { ms: parseTime(next.toISOString()) };
}
