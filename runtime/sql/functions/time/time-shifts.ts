/**
 * Owns: TIMESTAMPADD and TIMESTAMPDIFF.
 *
 * SQUS1 Months are added on the calendar, of the session's zone for a TIMESTAMP_LTZ; days and less are so many milliseconds. Where a month has no such day, its last one is taken. A TIME goes round at midnight. A DATE stays one: what is less than a day is
 *     dropped, where Flink makes a TIMESTAMP of it.
 * SQUS2 A difference counts whole units that have passed, with a sign.
 */
import { assert } from "../../../../base/index.ts";
import { timeZone } from "./time-zone.ts";
import type { TimeUnit } from "../../syntax/expression-tree.ts";
import { failExpression, type Integer, numberOf, typed } from "../implementations.ts";
import type { ScalarFactory } from "../scalar-implementation.ts";
import { civilOf, DAY_MS, plusMonths } from "./calendar.ts";
import {
  clockReader,
  clockWriter,
  millisecondsOf,
  type MomentValue,
  type MomentWriter,
  momentWriter,
  nanosOf,
} from "./moments.ts";

const monthsOf: Readonly<Partial<Record<TimeUnit, number>>> = { YEAR: 12, QUARTER: 3, MONTH: 1 };

/** In milliseconds. */
const lengths: Readonly<Partial<Record<TimeUnit, number>>> = {
  WEEK: 7 * DAY_MS,
  DAY: DAY_MS,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLISECOND: 1,
};
/** How many of them a millisecond has. */
const perMillisecond: Readonly<Partial<Record<TimeUnit, number>>> = { MICROSECOND: 1000, NANOSECOND: 1_000_000 };

function unitOf(words: readonly string[]): TimeUnit {
  const unit = words[0] as TimeUnit | undefined;
  assert(unit !== undefined, "a unit is named");
  return unit;
}

/** Milliseconds from 1970 to the last day that has a date. */
const TIME_MAX = 8_640_000_000_000_000;

/** Errors: SQL_EXPRESSION_FAILED. */
const inRange =
  (write: MomentWriter): MomentWriter =>
  (milliseconds, nanos) => {
    if (Math.abs(milliseconds) > TIME_MAX)
      failExpression("TIMESTAMPADD leads beyond all dates", "Check how many units are added, or filter these rows.");
    return write(milliseconds, nanos);
  };

const add: ScalarFactory = typed(({ words, arguments: [, type], result, session }) => {
  const unit = unitOf(words);
  const zone = timeZone(session.timeZone);
  const clockOf = clockReader(type, zone);
  const [writeClock, write] = [inRange(clockWriter(result, zone)), inRange(momentWriter(result))];
  const months = monthsOf[unit];
  if (months !== undefined)
    return (count: Integer, value: MomentValue) => {
      const clockMs = clockOf(value);
      const days = Math.floor(clockMs / DAY_MS);
      return writeClock(
        plusMonths(days, numberOf(count) * months) * DAY_MS + (clockMs - days * DAY_MS),
        nanosOf(value),
      );
    };
  const length = lengths[unit];
  if (length !== undefined)
    return (count: Integer, value: MomentValue) =>
      write(millisecondsOf(value) + numberOf(count) * length, nanosOf(value));
  const parts = perMillisecond[unit] ?? 1;
  return (count: Integer, value: MomentValue) => {
    const [whole, rest] = [Math.floor(numberOf(count) / parts), numberOf(count) % parts];
    const nanos = nanosOf(value) + (((rest + parts) % parts) * 1_000_000) / parts;
    return write(millisecondsOf(value) + whole + Math.floor(nanos / 1_000_000), nanos % 1_000_000);
  };
});

/** Whole months from one clock time to a later one. */
function monthsBetween(fromMs: number, toMs: number): number {
  const [fromDays, toDays] = [Math.floor(fromMs / DAY_MS), Math.floor(toMs / DAY_MS)];
  const [from, to] = [civilOf(fromDays), civilOf(toDays)];
  const months = (to.year - from.year) * 12 + to.month - from.month;
  const reached = plusMonths(fromDays, months) * DAY_MS + (fromMs - fromDays * DAY_MS);
  return reached > toMs ? months - 1 : months;
}

const difference: ScalarFactory = typed(({ words, arguments: [first, second], session }) => {
  const unit = unitOf(words);
  const zone = timeZone(session.timeZone);
  const [fromOf, toOf] = [clockReader(first, zone), clockReader(second, zone)];
  const months = monthsOf[unit];
  if (months !== undefined)
    return (from: MomentValue, to: MomentValue) => {
      const [a, b] = [fromOf(from), toOf(to)];
      const count = a <= b ? monthsBetween(a, b) : -monthsBetween(b, a);
      return Math.trunc(count / months) | 0;
    };
  // Between two instants time passes as it does; a clock time is compared with what the clock showed.
  const isOfInstants = first?.kind === "timestamp_ltz" && second?.kind === "timestamp_ltz";
  const [startOf, endOf] = isOfInstants ? [millisecondsOf, millisecondsOf] : [fromOf, toOf];
  const length = lengths[unit] ?? 1 / (perMillisecond[unit] ?? 1);
  return (from: MomentValue, to: MomentValue) => {
    const nanos = (nanosOf(to) - nanosOf(from)) / 1_000_000;
    return Math.trunc((endOf(to) - startOf(from) + nanos) / length) | 0;
  };
});

export const timeShiftFunctions: Readonly<Record<string, ScalarFactory>> = {
  TIMESTAMPADD: add,
  TIMESTAMPDIFF: difference,
};
