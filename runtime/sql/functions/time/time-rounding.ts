/**
 * Owns: FLOOR and CEIL of dates and times.
 *
 * SQUF1 Rounding is on the clock of the session's zone for a TIMESTAMP_LTZ, on its own clock for the others. A week begins on Sunday here, as in Flink.
 */
import { assert } from "../../../../base/index.ts";
import { timeZone } from "./time-zone.ts";
import type { TimeUnit } from "../../syntax/expression-tree.ts";
import type { CallSite, ScalarImplementation } from "../scalar-implementation.ts";
import { civilOf, DAY_MS, dayOfWeek, daysOf, plusMonths } from "./calendar.ts";
import { clockReader, clockWriter, millisecondsOf, type MomentValue, momentWriter, nanosOf } from "./moments.ts";

type Rounding = {
  /** The last beginning of a unit that is not later. */
  readonly down: (clockMs: number) => number;
  /** The beginning of the unit behind the one that begins there. */
  readonly next: (beginMs: number) => number;
};

const ofLength = (length: number): Rounding => ({
  down: (clockMs) => Math.floor(clockMs / length) * length,
  next: (beginMs) => beginMs + length,
});

const ofMonths = (count: number): Rounding => ({
  down: (clockMs) => {
    const { year, month } = civilOf(Math.floor(clockMs / DAY_MS));
    return daysOf({ year, month: Math.floor((month - 1) / count) * count + 1, day: 1 }) * DAY_MS;
  },
  next: (beginMs) => plusMonths(beginMs / DAY_MS, count) * DAY_MS,
});

/** Finer than a millisecond: see `fineUnits`. */
const roundings: Readonly<Record<TimeUnit, Rounding>> = {
  YEAR: ofMonths(12),
  QUARTER: ofMonths(3),
  MONTH: ofMonths(1),
  WEEK: {
    down: (clockMs) => {
      const days = Math.floor(clockMs / DAY_MS);
      return (days - (dayOfWeek(days) - 1)) * DAY_MS;
    },
    next: (beginMs) => beginMs + 7 * DAY_MS,
  },
  DAY: ofLength(DAY_MS),
  HOUR: ofLength(3_600_000),
  MINUTE: ofLength(60_000),
  SECOND: ofLength(1000),
  MILLISECOND: ofLength(1),
  MICROSECOND: ofLength(1),
  NANOSECOND: ofLength(1),
};

/** Units of which a millisecond has several, in nanoseconds. */
const fineUnits: Readonly<Partial<Record<TimeUnit, number>>> = { MICROSECOND: 1000, NANOSECOND: 1 };

export function timeRounding(site: CallSite, direction: "down" | "up"): ScalarImplementation {
  const unit = site.words[0] as TimeUnit | undefined;
  assert(unit !== undefined && unit in roundings, "the unit of FLOOR and CEIL is a unit of time");
  const { down, next } = roundings[unit];
  const fine = fineUnits[unit] ?? 1_000_000;
  const zone = timeZone(site.session.timeZone);
  const [clockOf, writeClock, writeOwn] = [
    clockReader(site.arguments[0], zone),
    clockWriter(site.result, zone),
    momentWriter(site.result),
  ];
  const isLong = next(0) >= DAY_MS;
  const call = (value: MomentValue): MomentValue => {
    const [clockMs, nanos] = [clockOf(value), nanosOf(value)];
    // Within a day the offset stays: the hour that comes twice is rounded to its own beginning.
    const write = isLong
      ? writeClock
      : (rounded: number, rest: number): MomentValue => writeOwn(millisecondsOf(value) + rounded - clockMs, rest);
    const begin = down(clockMs);
    const kept = nanos - (nanos % fine);
    if (direction === "down" || (begin === clockMs && kept === nanos)) return write(begin, kept);
    if (fine === 1_000_000) return write(next(begin), 0);
    return kept + fine < 1_000_000 ? write(begin, kept + fine) : write(begin + 1, 0);
  };
  return { takesNulls: false, call };
}
