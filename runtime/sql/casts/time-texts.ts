/**
 * Owns: dates, times and intervals as texts, and texts as dates and times, as Flink's casts write and read them.
 *
 * SQXM1 A date is that of its midnight in UTC; a TIMESTAMP is written with as many digits behind its seconds as its type has.
 * SQXM2 A text is a date with at least a year, as in `2026-1-3`; its time, when there is one, stands behind a blank or a T.
 */
import { rememberLast } from "../functions/implementations.ts";
import { civilOf, DAY_MS, daysInMonth, daysOf, plusMonths } from "../functions/time/calendar.ts";

const [HOUR_MS, MINUTE_MS, SECOND_MS] = [3_600_000, 60_000, 1000];
export const NANOS_PER_MS = 1_000_000n;
const MONTHS_PER_YEAR = 12;

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** The last day where the month has no such day. */
export function addMonths(timeMs: number, months: number): number {
  const days = Math.floor(timeMs / DAY_MS);
  return plusMonths(days, months) * DAY_MS + (timeMs - days * DAY_MS);
}

export const textOfDate = rememberLast((dateMs: number): string => {
  const { year, month, day } = civilOf(Math.floor(dateMs / DAY_MS));
  const digits = String(Math.abs(year)).padStart(4, "0");
  return `${year < 0 ? "-" : ""}${digits}-${two(month)}-${two(day)}`;
});

/** `nanos`: of the second's part below a millisecond. */
export function textOfTime(timeMs: number, precision: number, nanos = 0): string {
  const [hour, minute] = [Math.floor(timeMs / HOUR_MS), Math.floor(timeMs / MINUTE_MS) % 60];
  const text = `${two(hour)}:${two(minute)}:${two(Math.floor(timeMs / SECOND_MS) % 60)}`;
  if (precision === 0) return text;
  const milliseconds = String(timeMs % SECOND_MS).padStart(3, "0");
  const fraction = precision <= 3 ? milliseconds : `${milliseconds}${String(nanos).padStart(6, "0")}`;
  return `${text}.${fraction.slice(0, precision)}`;
}

/** `time`: milliseconds, or with more than three digits nanoseconds. */
export function textOfTimestamp(time: number | bigint, precision: number): string {
  const ms = typeof time === "number" ? time : millisecondsOf(time);
  const nanos = typeof time === "number" ? 0 : Number(time - BigInt(ms) * NANOS_PER_MS);
  const midnight = Math.floor(ms / DAY_MS) * DAY_MS;
  return `${textOfDate(midnight)} ${textOfTime(ms - midnight, precision, nanos)}`;
}

/** Of nanoseconds; rounded down, also before 1970. */
export function millisecondsOf(nanoseconds: bigint): number {
  const ms = nanoseconds / NANOS_PER_MS;
  return Number(nanoseconds < 0n && ms * NANOS_PER_MS !== nanoseconds ? ms - 1n : ms);
}

/** `+1-06`. */
export function textOfMonths(months: number): string {
  const size = Math.abs(months);
  return `${months < 0 ? "-" : "+"}${Math.floor(size / MONTHS_PER_YEAR)}-${two(size % MONTHS_PER_YEAR)}`;
}

/** `+1 02:03:04.005`. */
export function textOfMilliseconds(interval: number): string {
  const size = Math.abs(interval);
  const days = Math.floor(size / DAY_MS);
  return `${interval < 0 ? "-" : "+"}${days} ${textOfTime(size - days * DAY_MS, 3)}`;
}

const DATE_TEXT = /^(\d{1,4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/;

/** Undefined: none (SQXM2). */
export function dateOfText(text: string): number | undefined {
  const trimmed = text.trim();
  const end = trimmed.search(/[ T]/);
  const match = DATE_TEXT.exec(end < 0 ? trimmed : trimmed.slice(0, end));
  if (match === null) return undefined;
  const [, year, month = "1", day = "1"] = match.map((part) => part ?? undefined);
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (m < 1 || m > MONTHS_PER_YEAR || d < 1 || d > daysInMonth(y, m)) return undefined;
  return daysOf({ year: y, month: m, day: d }) * DAY_MS;
}

const TIME_TEXT = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?)?$/;

/** Nanoseconds of the day; undefined: none. */
export function timeOfText(text: string): number | undefined {
  const match = TIME_TEXT.exec(text.trim());
  if (match === null) return undefined;
  const [, hour, minute = "0", second = "0", fraction = ""] = match;
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (h > 23 || m > 59 || s > 59) return undefined;
  return ((h * 60 + m) * 60 + s) * 1e9 + Number(fraction.padEnd(9, "0"));
}

const ZONE_TEXT = /(?:Z|([+-])(\d{2}):?(\d{2}))$/;

/** Nanoseconds since 1970-01-01 00:00 on the calendar, or with a zone in the text in UTC; undefined: none. */
export function timestampOfText(text: string): { readonly nanoseconds: bigint; readonly hasZone: boolean } | undefined {
  const trimmed = text.trim();
  const split = trimmed.search(/[ T]/);
  const date = dateOfText(trimmed);
  if (date === undefined) return undefined;
  if (split < 0) return { nanoseconds: BigInt(date) * NANOS_PER_MS, hasZone: false };
  const clock = trimmed.slice(split + 1);
  const zone = ZONE_TEXT.exec(clock);
  const time = timeOfText(zone === null ? clock : clock.slice(0, zone.index));
  if (time === undefined) return undefined;
  const offsetMs =
    (Number(zone?.[2] ?? 0) * HOUR_MS + Number(zone?.[3] ?? 0) * MINUTE_MS) * (zone?.[1] === "-" ? -1 : 1);
  return { nanoseconds: BigInt(date - offsetMs) * NANOS_PER_MS + BigInt(time), hasZone: zone !== null };
}
