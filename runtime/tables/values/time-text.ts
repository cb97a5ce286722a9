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

/** `2024-05-01`. */
export function dateText(dayMs: number): string {
  const text = new Date(dayMs).toISOString();
  return text.slice(0, text.indexOf("T"));
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

/** Midnight UTC in milliseconds; null: it is no date. */
export function parseDate(text: string): number | null {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isThere = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isThere ? date.getTime() : null;
}

/** Null: it is no time of a day. */
function parseClock(text: string): { readonly ms: number; readonly nanosOfMs: number } | null {
  const found = TIME.exec(text);
  if (found === null) return null;
  const [hours, minutes, seconds] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const nanos = Number((found[4] ?? "").padEnd(NANO_DIGITS, "0"));
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
