/**
 * Owns: times of both widths (milliseconds, or a bigint of nanoseconds) between instants and calendars, and from one precision to another.
 */
import { DAY_MS } from "../functions/time/calendar.ts";
import type { TimeZone } from "../functions/time/time-zone.ts";
import { millisecondsOf, NANOS_PER_MS } from "./time-texts.ts";

type Time = number | bigint;

/** Digits of a second that a number of milliseconds has. */
const MILLISECOND_DIGITS = 3;

/** The calendar's time of an instant. */
export const inZone = (instant: Time, zone: TimeZone): Time => shifted(instant, zone.clockOf);

/** The instant of a time of the calendar. */
export const instantIn = (local: Time, zone: TimeZone): Time => shifted(local, zone.instantOf);

function shifted(time: Time, shift: (ms: number) => number): Time {
  if (typeof time === "number") return shift(time);
  const ms = millisecondsOf(time);
  return time + BigInt(shift(ms) - ms) * NANOS_PER_MS;
}

/** With so many digits behind the second, others cut off, and in the width that they have. */
export function withPrecision(time: Time, precision: number): Time {
  if (precision > MILLISECOND_DIGITS) {
    const nanoseconds = typeof time === "number" ? BigInt(time) * NANOS_PER_MS : time;
    return nanoseconds - positiveRest(nanoseconds, 10n ** BigInt(9 - precision));
  }
  const ms = typeof time === "number" ? time : millisecondsOf(time);
  const step = 10 ** (MILLISECOND_DIGITS - precision);
  return Math.floor(ms / step) * step;
}

const positiveRest = (value: bigint, step: bigint): bigint => ((value % step) + step) % step;

const asMilliseconds = (time: Time): number => (typeof time === "number" ? time : millisecondsOf(time));

export const dateOf = (time: Time): number => Math.floor(asMilliseconds(time) / DAY_MS) * DAY_MS;

export function timeOfDay(time: Time, precision: number): number {
  const ms = asMilliseconds(time);
  return withPrecision(ms - Math.floor(ms / DAY_MS) * DAY_MS, Math.min(MILLISECOND_DIGITS, precision)) as number;
}
