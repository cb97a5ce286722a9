/**
 * Owns: EXTRACT and its short forms (YEAR, HOUR …).
 *
 * SQUP1 Parts of a second are counted within the second: of 12:30:01.333 the MILLISECOND is 333, the MICROSECOND 333000. Weeks are those of ISO 8601, a week's first day is
 *     Sunday for DAYOFWEEK and DOW alone. Parts of an interval have its sign.
 */
import { assert, unreachable } from "../../../../base/index.ts";
import { timeZone } from "./time-zone.ts";
import type { ExtractWord, TimeUnit } from "../../syntax/expression-tree.ts";
import type { OperandType } from "../../types/type-families.ts";
import type { CallSite, ScalarFactory } from "../scalar-implementation.ts";
import { numberOf, typed } from "../implementations.ts";
import { civilOf, DAY_MS, dayOfWeek, dayOfYear, weekOfYear, weekYear } from "./calendar.ts";
import { clockReader, type MomentValue, nanosOf, timeOfDay } from "./moments.ts";

type Unit = TimeUnit | ExtractWord;
type Part = (clockMs: number, nanos: number) => number;

function partOf(unit: Unit): Part {
  const ofDay =
    (part: (days: number) => number): Part =>
    (clockMs) =>
      part(Math.floor(clockMs / DAY_MS));
  switch (unit) {
    case "YEAR":
      return ofDay((days) => civilOf(days).year);
    case "QUARTER":
      return ofDay((days) => Math.ceil(civilOf(days).month / 3));
    case "MONTH":
      return ofDay((days) => civilOf(days).month);
    case "WEEK":
      return ofDay(weekOfYear);
    case "DAY":
      return ofDay((days) => civilOf(days).day);
    case "DOY":
      return ofDay(dayOfYear);
    case "DOW":
      return ofDay(dayOfWeek);
    case "ISODOW":
      return ofDay((days) => ((dayOfWeek(days) + 5) % 7) + 1);
    case "ISOYEAR":
      return ofDay(weekYear);
    case "DECADE":
      return ofDay((days) => Math.floor(civilOf(days).year / 10));
    case "CENTURY":
      return ofDay((days) => Math.ceil(civilOf(days).year / 100));
    case "MILLENNIUM":
      return ofDay((days) => Math.ceil(civilOf(days).year / 1000));
    case "EPOCH":
      return (clockMs) => Math.floor(clockMs / 1000);
    default:
      return partOfDay(unit);
  }
}

type UnitOfDay = "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND" | "MICROSECOND" | "NANOSECOND";

function partOfDay(unit: UnitOfDay): Part {
  switch (unit) {
    case "HOUR":
      return (clockMs) => Math.floor(timeOfDay(clockMs) / 3_600_000);
    case "MINUTE":
      return (clockMs) => Math.floor(timeOfDay(clockMs) / 60_000) % 60;
    case "SECOND":
      return (clockMs) => Math.floor(timeOfDay(clockMs) / 1000) % 60;
    case "MILLISECOND":
      return (clockMs) => timeOfDay(clockMs) % 1000;
    case "MICROSECOND":
      return (clockMs, nanos) => (timeOfDay(clockMs) % 1000) * 1000 + Math.floor(nanos / 1000);
    case "NANOSECOND":
      return (clockMs, nanos) => (timeOfDay(clockMs) % 1000) * 1_000_000 + nanos;
    default:
      return unreachable(unit);
  }
}

/** Of an interval each part is what is left over of the next greater one; the greatest is not cut. */
function partOfInterval(unit: Unit, of: "month" | "millisecond"): (value: number) => number {
  const ofMonths: Partial<Record<Unit, (months: number) => number>> = {
    YEAR: (months) => months / 12,
    QUARTER: (months) => Math.trunc((months % 12) / 3) + 1,
    MONTH: (months) => months % 12,
  };
  const ofMilliseconds: Partial<Record<Unit, (ms: number) => number>> = {
    WEEK: (ms) => ms / (7 * DAY_MS),
    DAY: (ms) => ms / DAY_MS,
    HOUR: (ms) => (ms % DAY_MS) / 3_600_000,
    MINUTE: (ms) => (ms % 3_600_000) / 60_000,
    SECOND: (ms) => (ms % 60_000) / 1000,
    EPOCH: (ms) => ms / 1000,
    MILLISECOND: (ms) => ms % 1000,
    MICROSECOND: (ms) => (ms % 1000) * 1000,
    NANOSECOND: (ms) => (ms % 1000) * 1_000_000,
  };
  return (of === "month" ? ofMonths : ofMilliseconds)[unit] ?? (() => 0);
}

function extraction(unit: Unit, type: OperandType | undefined, { session }: CallSite): (value: MomentValue) => bigint {
  if (type?.kind === "interval") {
    const part = partOfInterval(unit, type.unit);
    return (value) => BigInt(Math.trunc(part(numberOf(value as number))));
  }
  // Seconds since 1970 are those of the instant, wherever its clock stands.
  const zone = timeZone(unit === "EPOCH" ? "UTC" : session.timeZone);
  const [part, clockOf] = [partOf(unit), clockReader(type, zone)];
  const steadyMs = steadyFor(unit);
  if (steadyMs === null) return (value) => BigInt(part(clockOf(value), nanosOf(value)));
  // Rows come mostly in the order of their times: many have the part of the one before.
  let [last, result] = [Number.NaN, 0n];
  return (value) => {
    const clockMs = clockOf(value);
    const step = Math.floor(clockMs / steadyMs);
    if (step !== last) [last, result] = [step, BigInt(part(clockMs, 0))];
    return result;
  };
}

/** So long the part of a clock stays the same, from a multiple of it on; null: not even for a second. */
function steadyFor(unit: Unit): number | null {
  switch (unit) {
    case "HOUR":
      return 3_600_000;
    case "MINUTE":
      return 60_000;
    case "SECOND":
    case "EPOCH":
      return 1000;
    case "MILLISECOND":
    case "MICROSECOND":
    case "NANOSECOND":
      return null;
    default:
      return DAY_MS;
  }
}

const part = (unit: Unit): ScalarFactory => typed((site) => extraction(unit, site.arguments[0], site));

export const timePartFunctions: Readonly<Record<string, ScalarFactory>> = {
  EXTRACT: typed((site) => {
    const [unit] = site.words;
    assert(unit !== undefined, "EXTRACT names a unit");
    return extraction(unit as Unit, site.arguments[0], site);
  }),
  YEAR: part("YEAR"),
  QUARTER: part("QUARTER"),
  MONTH: part("MONTH"),
  WEEK: part("WEEK"),
  DAYOFYEAR: part("DOY"),
  DAYOFMONTH: part("DAY"),
  DAYOFWEEK: part("DOW"),
  HOUR: part("HOUR"),
  MINUTE: part("MINUTE"),
  SECOND: part("SECOND"),
};
