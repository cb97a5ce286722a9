/** Owns: when a schedule in cron's five fields (UTC) is due next. */
import { Cron } from "croner";
import { parseTime, plainSchedule } from "../../crds/index.ts";

/** The first time after `since` (RFC 3339); null: there is none. */
export function dueAt(schedule: string, since: string): { readonly ms: number } | null {
  const next = new Cron(plainSchedule(schedule), { timezone: "UTC", paused: true }).nextRun(since);
  return next === null ? null : { ms: parseTime(next.toISOString()) };
}
