/**
 * Owns: the clock of a time zone: from instants to the date and time that it shows there, and back.
 *
 * SQXZ1 A time that is there twice is the earlier instant; one that is left out is as much later as the clock is put forward (Java's ZoneId).
 * SQXZ2 Names are those of the IANA database, offsets such as `+02:00`, `GMT-8` and `UTC+5:30`, and Java's short names. Another name is an error, where Flink takes UTC in silence.
 */
import { StreamError } from "../../../base/index.ts";

export type TimeZone = {
  /** Both in milliseconds: of the calendar there, counted as if it were UTC. */
  readonly localOf: (instant: number) => number;
  readonly instantOf: (local: number) => number;
};

const DAY_MS = 86_400_000;
const [HOUR_MS, MINUTE_MS] = [3_600_000, 60_000];
/** What is beyond has no date in the language: 275,000 years from 1970. */
const INSTANT_MAX = 8_640_000_000_000_000;

/** Java's, where they are no names of the IANA database, or fixed offsets there. */
const shortNames: Readonly<Record<string, string>> = {
  ACT: "Australia/Darwin",
  AET: "Australia/Sydney",
  AST: "America/Anchorage",
  BST: "Asia/Dhaka",
  CST: "America/Chicago",
  CTT: "Asia/Shanghai",
  ECT: "Europe/Paris",
  IST: "Asia/Kolkata",
  JST: "Asia/Tokyo",
  PST: "America/Los_Angeles",
  VST: "Asia/Ho_Chi_Minh",
};

const FIXED =
  /^(?:(?:GMT|UTC|UT|Etc\/UTC)(?=$|[+-])|Z$|(?=[+-]))(?:(?<sign>[+-])(?<hours>\d{1,2})(?::?(?<minutes>\d{2}))?)?$/i;
const zones = new Map<string, TimeZone>();

/** `name`: SQXZ2. Errors: OPTION_INVALID. */
export function timeZoneOf(name: string): TimeZone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = fixedZone(name) ?? namedZone(name);
    zones.set(name, zone);
  }
  return zone;
}

function fixedZone(name: string): TimeZone | null {
  const parts = FIXED.exec(name)?.groups;
  if (parts === undefined) return null;
  const { sign, hours = "0", minutes = "0" } = parts;
  const offset = (Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS) * (sign === "-" ? -1 : 1);
  return { localOf: (instant) => instant + offset, instantOf: (local) => local - offset };
}

function namedZone(name: string): TimeZone {
  const offsetAt = rememberingDays(offsetReader(name));
  return {
    localOf: (instant) => instant + offsetAt(instant),
    instantOf: (local) => {
      const before = offsetAt(local - DAY_MS);
      if (offsetAt(local - before) === before) return local - before;
      const after = offsetAt(local + DAY_MS);
      return offsetAt(local - after) === after ? local - after : local - before;
    },
  };
}

/** In milliseconds, from the offset that the language writes: `GMT+05:30`, in old times with seconds. */
function offsetReader(name: string): (instant: number) => number {
  const format = formatOf(name);
  return (instant) => {
    const shown = Math.max(-INSTANT_MAX, Math.min(INSTANT_MAX, instant));
    const text = format.formatToParts(shown).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const parts = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
    const [, sign, hours = 0, minutes = 0, seconds = 0] = parts;
    const size = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * 1000;
    return sign === "-" ? -size : size;
  };
}

function formatOf(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: shortNames[name] ?? name, timeZoneName: "longOffset" });
  } catch (cause) {
    throw new StreamError(
      "OPTION_INVALID",
      `there is no time zone "${name}": use a name of the IANA database, as in Europe/Berlin, or UTC`,
      { destiny: "terminal", cause },
    );
  }
}

/** Days whose offsets are remembered: more than two years. */
const DAYS_MAX = 1000;

type DayOffsets = { readonly before: number; readonly after: number; readonly change: number };

/** A day of UTC has one offset, or two and an instant when it changes. */
function rememberingDays(read: (instant: number) => number): (instant: number) => number {
  const days = new Map<number, DayOffsets>();
  return (instant) => {
    const day = Math.floor(instant / DAY_MS);
    let offsets = days.get(day);
    if (offsets === undefined) {
      if (days.size >= DAYS_MAX) days.clear();
      offsets = offsetsOfDay(day, read);
      days.set(day, offsets);
    }
    return instant < offsets.change ? offsets.before : offsets.after;
  };
}

function offsetsOfDay(day: number, read: (instant: number) => number): DayOffsets {
  let [low, high] = [day * DAY_MS, (day + 1) * DAY_MS - 1];
  const [before, after] = [read(low), read(high)];
  if (before === after) return { before, after, change: Number.POSITIVE_INFINITY };
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (read(middle) === before) low = middle;
    else high = middle;
  }
  return { before, after, change: high };
}

/** Days since 1970-01-01 of a date of the Gregorian calendar. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}
