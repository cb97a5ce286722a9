/**
 * Owns: time zones: which clock time an instant has in one, and which instant a clock time.
 *
 * SQUZ1 A clock time that comes twice, when clocks are set back, is the first of the two; one that is left out, when they are set forward, is later by what was left out.
 *     Both as in Java's time zones, and so in Flink.
 * SQUZ2 Names are those of the IANA database, offsets such as `+02:00`, `GMT-8` and `UTC+5:30`, and Java's short names; another name is an error, where Flink takes UTC in silence.
 */
import { failExpression } from "../implementations.ts";
import { DAY_MS } from "./calendar.ts";

export type TimeZone = {
  readonly name: string;
  /** What is added to an instant, in milliseconds, to get the clock time. */
  readonly offsetAt: (instantMs: number) => number;
  readonly clockOf: (instantMs: number) => number;
  /** SQUZ1. */
  readonly instantOf: (clockMs: number) => number;
};

/** Java's, where they are not names of the IANA database, or fixed ones there. */
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

const FIXED = /^(?:GMT|UTC|UT)?(?:(?<sign>[+-])(?<hours>\d{1,2})(?::?(?<minutes>\d{2}))?)?$/;
/** What is beyond has no date in the language: 275,000 years from 1970. */
const INSTANT_MAX = 8_640_000_000_000_000;
const zones = new Map<string, TimeZone>();

/** Errors: SQL_EXPRESSION_FAILED, for a name that is none (SQUZ2). */
export function timeZone(name: string): TimeZone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = fixedZone(name) ?? namedZone(name);
    zones.set(name, zone);
  }
  return zone;
}

function fixedZone(name: string): TimeZone | null {
  const parts = name === "Z" ? {} : name === "" ? undefined : FIXED.exec(name)?.groups;
  if (parts === undefined) return null;
  const { sign, hours = "0", minutes = "0" } = parts;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);
  return {
    name,
    offsetAt: () => offset,
    clockOf: (instantMs) => instantMs + offset,
    instantOf: (clockMs) => clockMs - offset,
  };
}

function namedZone(name: string): TimeZone {
  const offsetAt = rememberingDays(offsetReader(shortNames[name] ?? name, name));
  return {
    name,
    offsetAt,
    clockOf: (instantMs) => instantMs + offsetAt(instantMs),
    instantOf: (clockMs) => {
      const [before, after] = [offsetAt(clockMs - DAY_MS), offsetAt(clockMs + DAY_MS)];
      if (before === after || offsetAt(clockMs - before) === before) return clockMs - before;
      // In the gap neither offset holds, and the one from before it counts.
      return offsetAt(clockMs - after) === after ? clockMs - after : clockMs - before;
    },
  };
}

function offsetReader(iana: string, name: string): (instantMs: number) => number {
  const format = formatOf(iana, name);
  return (instantMs) => {
    const shown = Math.max(-INSTANT_MAX, Math.min(INSTANT_MAX, instantMs));
    const text = format.formatToParts(shown).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const parts = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
    const [, sign, hours = 0, minutes = 0, seconds = 0] = parts;
    return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 * (sign === "-" ? -1 : 1);
  };
}

function formatOf(iana: string, name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: iana, timeZoneName: "longOffset" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return failExpression(`There is no time zone '${name}'`, "Use a name such as Europe/Berlin, or UTC+2.", error);
  }
}

/** Days whose offsets are remembered: two years, and some others. */
const DAYS_MAX = 1000;

type DayOffsets = { readonly before: number; readonly after: number; readonly changeMs: number };

/** A day has one offset, or two and an instant when it changes. */
function rememberingDays(read: (instantMs: number) => number): (instantMs: number) => number {
  const days = new Map<number, DayOffsets>();
  return (instantMs) => {
    const day = Math.floor(instantMs / DAY_MS);
    let offsets = days.get(day);
    if (offsets === undefined) {
      if (days.size >= DAYS_MAX) days.clear();
      offsets = offsetsOfDay(day, read);
      days.set(day, offsets);
    }
    return instantMs < offsets.changeMs ? offsets.before : offsets.after;
  };
}

function offsetsOfDay(day: number, read: (instantMs: number) => number): DayOffsets {
  let [low, high] = [day * DAY_MS, (day + 1) * DAY_MS - 1];
  const [before, after] = [read(low), read(high)];
  if (before === after) return { before, after, changeMs: Number.POSITIVE_INFINITY };
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (read(middle) === before) low = middle;
    else high = middle;
  }
  return { before, after, changeMs: high };
}
