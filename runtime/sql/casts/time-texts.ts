/**
 * Owns: dates, times and intervals as texts, and texts as dates and times, as Flink's casts write and read them.
 *
 * SQXM1 A date is that of its midnight in UTC; a TIMESTAMP is written with as many digits behind its seconds as its type has.
 * SQXM2 A text is a date with at least a year, as in `2026-1-3`; its time, when there is one, stands behind a blank or a T.
 */
import { daysOf } from "./time-zone.ts";

export const DAY_MS = 86_400_000;
const [HOUR_MS, MINUTE_MS, SECOND_MS] = [3_600_000, 60_000, 1000];
export const NANOS_PER_MS = 1_000_000n;
const MONTHS_PER_YEAR = 12;

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** Year, month from 1, day. */
export function civilOf(dateMs: number): readonly [number, number, number] {
  const days = Math.floor(dateMs / DAY_MS) + 719_468;
  const era = Math.floor(days / 146_097);
  const ofEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - Math.floor((153 * shifted + 2) / 5) + 1];
}

/** The last day where the month has no such day. */
export function addMonths(timeMs: number, months: number): number {
  const [year, month, day] = civilOf(timeMs);
  const total = year * MONTHS_PER_YEAR + month - 1 + months;
  const [toYear, toMonth] = [Math.floor(total / MONTHS_PER_YEAR), (total % MONTHS_PER_YEAR) + 1];
  const wanted = toMonth < 1 ? toMonth + MONTHS_PER_YEAR : toMonth;
  const date = daysOf(toYear, wanted, Math.min(day, lengthOfMonth(toYear, wanted))) * DAY_MS;
  return date + (timeMs - Math.floor(timeMs / DAY_MS) * DAY_MS);
}

export function lengthOfMonth(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
}

export function textOfDate(dateMs: number): string {
  const [year, month, day] = civilOf(dateMs);
  const digits = String(Math.abs(year)).padStart(4, "0");
  return `${year < 0 ? "-" : ""}${digits}-${two(month)}-${two(day)}`;
}

/** `nanos`: of the second's part below a millisecond. */
export function textOfTime(timeMs: number, precision: number, nanos = 0): string {
  const [hour, minute] = [Math.floor(timeMs / HOUR_MS), Math.floor(timeMs / MINUTE_MS) % 60];
  const second = Math.floor(timeMs / SECOND_MS) % 60;
  const fraction = `${String(timeMs % SECOND_MS).padStart(3, "0")}${String(nanos).padStart(6, "0")}`;
  const shown = precision === 0 ? "" : `.${fraction.slice(0, precision)}`;
  return `${two(hour)}:${two(minute)}:${two(second)}${shown}`;
}

/** `time`: milliseconds, or with more than three digits nanoseconds. */
export function textOfTimestamp(time: number | bigint, precision: number): string {
  const ms = typeof time === "number" ? time : millisecondsOf(time);
  const nanos = typeof time === "number" ? 0 : Number(time - BigInt(ms) * NANOS_PER_MS);
  return `${textOfDate(ms)} ${textOfTime(ms - Math.floor(ms / DAY_MS) * DAY_MS, precision, nanos)}`;
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
  if (m < 1 || m > MONTHS_PER_YEAR || d < 1 || d > lengthOfMonth(y, m)) return undefined;
  return daysOf(y, m, d) * DAY_MS;
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
