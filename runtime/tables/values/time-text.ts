/**
 * Owns: dates, times and timestamps as text, and from it: as Java prints them, and in the two standards that Flink's formats know.
 *
 * TBCM1 A TIMESTAMP or TIMESTAMP_LTZ with up to three digits of a second is a number of milliseconds, a finer one a bigint of nanoseconds (SQRT1, SQRT2).
 * TBCM2 What is read is cut to the digits that the type has, never rounded up into the next second.
 * TBCM3 An instant is written in UTC, with a Z.
 */

/** SQL: `2024-05-01 10:00:00.5` · ISO-8601: `2024-05-01T10:00:00.5`. Both end with a Z when it is an instant. */
export type TimestampStandard = "SQL" | "ISO-8601";

/** Digits of a second that a number of milliseconds has. */
export const MILLISECOND_DIGITS = 3;
const NANOS_PER_MS = 1_000_000;
const NANO_DIGITS = 9;
const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 86_400_000;

/** `nanos`: within the second. */
type Moment = { readonly dayMs: number; readonly msOfDay: number; readonly nanos: number };

/** `value` as rows have it (TBCM1). */
function momentOf(value: number | bigint): Moment {
  if (typeof value === "bigint") {
    const perMs = BigInt(NANOS_PER_MS);
    const rest = ((value % perMs) + perMs) % perMs;
    return moment(Number((value - rest) / perMs), Number(rest));
  }
  return moment(value, 0);
}

function moment(epochMs: number, nanosOfMs: number): Moment {
  const msOfDay = ((epochMs % MS_PER_DAY) + MS_PER_DAY) % MS_PER_DAY;
  return { dayMs: epochMs - msOfDay, msOfDay, nanos: (msOfDay % MS_PER_SECOND) * NANOS_PER_MS + nanosOfMs };
}

/** Of the date that was written last: the next one is often of the same day. */
let written = { dayMs: Number.NaN, text: "" };

/** `2024-05-01`. */
export function dateText(dayMs: number): string {
  if (written.dayMs === dayMs) return written.text;
  const whole = new Date(dayMs).toISOString();
  const text = whole.slice(0, whole.indexOf("T"));
  written = { dayMs, text };
  return text;
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
const minutesText = (msOfDay: number): string =>
  `${two(Math.floor(msOfDay / MS_PER_HOUR))}:${two(Math.floor(msOfDay / MS_PER_MINUTE) % 60)}`;
const secondText = (msOfDay: number): string => two(Math.floor(msOfDay / MS_PER_SECOND) % 60);

/** In groups of three digits, as Java's types print it; nothing where it is 0. */
function groupedFraction(nanos: number): string {
  if (nanos === 0) return "";
  return `.${String(nanos)
    .padStart(NANO_DIGITS, "0")
    .replace(/(?:000)+$/, "")}`;
}

/** Without zeros at its end; nothing where it is 0. */
function shortestFraction(nanos: number): string {
  if (nanos === 0) return "";
  return `.${String(nanos).padStart(NANO_DIGITS, "0").replace(/0+$/, "")}`;
}

/** As `LocalTime` prints it: `10:00`, `10:00:05.500`. */
export function javaTime(msOfDay: number, nanos = (msOfDay % MS_PER_SECOND) * NANOS_PER_MS): string {
  const hasSeconds = msOfDay % MS_PER_MINUTE >= MS_PER_SECOND || nanos > 0;
  return minutesText(msOfDay) + (hasSeconds ? `:${secondText(msOfDay)}${groupedFraction(nanos)}` : "");
}

/** As `LocalDateTime` prints it: `2024-05-01T10:00`. */
export function javaTimestamp(value: number | bigint): string {
  const { dayMs, msOfDay, nanos } = momentOf(value);
  return `${dateText(dayMs)}T${javaTime(msOfDay, nanos)}`;
}

/** As `Instant` prints it: `2024-05-01T10:00:00Z`. */
export function javaInstant(value: number | bigint): string {
  const { dayMs, msOfDay, nanos } = momentOf(value);
  return `${dateText(dayMs)}T${minutesText(msOfDay)}:${secondText(msOfDay)}${groupedFraction(nanos)}Z`;
}

/** `10:00:00.5`. */
export function timeText(msOfDay: number): string {
  const nanos = (msOfDay % MS_PER_SECOND) * NANOS_PER_MS;
  return `${minutesText(msOfDay)}:${secondText(msOfDay)}${shortestFraction(nanos)}`;
}

/** As the standard says. */
export function timestampText(value: number | bigint, standard: TimestampStandard): string {
  const { dayMs, msOfDay, nanos } = momentOf(value);
  const time = `${minutesText(msOfDay)}:${secondText(msOfDay)}${shortestFraction(nanos)}`;
  return `${dateText(dayMs)}${standard === "SQL" ? " " : "T"}${time}`;
}

const DATE = /^(\d{4,6})-(\d{1,2})-(\d{1,2})$/;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;
const ZERO = 48;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The number that is written in so many digits; NaN: other characters are there. */
function digitsAt(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Midnight UTC in milliseconds; null: it is no date. */
export function parseDate(text: string): number | null {
  // As dates are nearly always written.
  if (text.length === 10 && text[4] === "-" && text[7] === "-")
    return dayMsOf(digitsAt(text, 0, 4), digitsAt(text, 5, 2), digitsAt(text, 8, 2));
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  return dayMsOf(year ?? Number.NaN, month ?? Number.NaN, day ?? Number.NaN);
}

/** Null: no calendar has it. Days are counted in years that begin with March, so that a leap day is the last one of its year. */
function dayMsOf(year: number, month: number, day: number): number | null {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && isLeap ? 29 : MONTH_DAYS[month - 1];
  if (!(last !== undefined && day >= 1 && day <= last && year >= 0)) return null;
  const marchYear = month <= 2 ? year - 1 : year;
  const monthsFromMarch = (month + 9) % 12;
  const ofYear = Math.floor((153 * monthsFromMarch + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return (marchYear * 365 + leapDays + ofYear - DAYS_FROM_MARCH_0) * MS_PER_DAY;
}

/** Days from 0000-03-01 to 1970-01-01. */
const DAYS_FROM_MARCH_0 = 719_468;

/** Null: it is no time of a day. */
function parseClock(text: string): { readonly ms: number; readonly nanosOfMs: number } | null {
  // As times are nearly always written.
  if ((text.length === 8 || text.length === 12) && text[2] === ":" && text[5] === ":") {
    const millis = text.length === 8 ? 0 : text[8] === "." ? digitsAt(text, 9, 3) : Number.NaN;
    return clockOf(digitsAt(text, 0, 2), digitsAt(text, 3, 2), digitsAt(text, 6, 2), millis * NANOS_PER_MS);
  }
  const found = TIME.exec(text);
  if (found === null) return null;
  const nanos = Number((found[4] ?? "").padEnd(NANO_DIGITS, "0"));
  return clockOf(Number(found[1]), Number(found[2]), Number(found[3] ?? 0), nanos);
}

function clockOf(hours: number, minutes: number, seconds: number, nanos: number): ReturnType<typeof parseClock> {
  if (!(hours <= 23 && minutes <= 59 && seconds <= 59 && nanos >= 0)) return null;
  const ms = hours * MS_PER_HOUR + minutes * MS_PER_MINUTE + seconds * MS_PER_SECOND;
  return { ms: ms + Math.floor(nanos / NANOS_PER_MS), nanosOfMs: nanos % NANOS_PER_MS };
}

/** Milliseconds of the day; null: it is no time. */
export function parseTime(text: string, precision: number): number | null {
  const clock = parseClock(text);
  return clock === null ? null : cut(clock.ms, precision);
}

function cut(ms: number, precision: number): number {
  const unit = precision >= MILLISECOND_DIGITS ? 1 : 10 ** (MILLISECOND_DIGITS - precision);
  return Math.floor(ms / unit) * unit;
}

export type TimestampForm = {
  readonly standard: TimestampStandard;
  readonly precision: number;
  /** Its text says its distance from UTC: `Z`, `+02:00`. */
  readonly isInstant: boolean;
};

const ZONE = /(?:Z|([+-])(\d{2}):?(\d{2}))$/;

/** As rows have it (TBCM1); null: it is no timestamp of that form. */
export function parseTimestamp(
  text: string,
  { standard, precision, isInstant }: TimestampForm,
): number | bigint | null {
  const between = text.indexOf(standard === "SQL" ? " " : "T");
  if (between < 0) return null;
  const zone = isInstant ? ZONE.exec(text) : null;
  if (isInstant && zone === null) return null;
  const date = parseDate(text.slice(0, between));
  const clock = parseClock(text.slice(between + 1, zone === null ? undefined : zone.index));
  if (date === null || clock === null) return null;
  const ms = date + clock.ms - zoneMs(zone);
  if (precision <= MILLISECOND_DIGITS) return cut(ms, precision);
  const unit = 10n ** BigInt(NANO_DIGITS - precision);
  const nanos = BigInt(ms) * BigInt(NANOS_PER_MS) + BigInt(clock.nanosOfMs);
  return nanos - (((nanos % unit) + unit) % unit);
}

function zoneMs(zone: RegExpExecArray | null): number {
  if (zone === null || zone[1] === undefined) return 0;
  const distance = Number(zone[2]) * MS_PER_HOUR + Number(zone[3]) * MS_PER_MINUTE;
  return zone[1] === "-" ? -distance : distance;
}
