/**
 * Owns: values of DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ as clock times, and the other way round.
 *
 * SQUM1 A clock time is a number of milliseconds since 1970-01-01 00:00 on that clock; what is finer is a number of nanoseconds beside it, from 0 to 999,999.
 *     A TIMESTAMP_LTZ is read on the clock of the session's zone, a TIME on 1970-01-01.
 */
import { millisecondsOf as millisecondsOfNanos, NANOS_PER_MS } from "../../casts/time-texts.ts";
import type { SqlType } from "../../types/sql-type.ts";
import { isTimestamp, type OperandType } from "../../types/type-families.ts";
import { DAY_MS } from "./calendar.ts";
import type { TimeZone } from "./time-zone.ts";

/** A DATE may come as a Date, out of a list; what is finer than milliseconds is a bigint of nanoseconds. */
export type MomentValue = number | bigint | { getTime(): number };

export const isFine = (type: OperandType | undefined): boolean =>
  type !== undefined && isTimestamp(type) && type.precision > 3;

/** The instant, or the clock time of a type without a zone, in whole milliseconds. */
export function millisecondsOf(value: MomentValue): number {
  if (typeof value === "number") return value;
  return typeof value === "bigint" ? millisecondsOfNanos(value) : value.getTime();
}

export function clockReader(type: OperandType | undefined, zone: TimeZone): (value: MomentValue) => number {
  if (type?.kind !== "timestamp_ltz") return millisecondsOf;
  return (value) => zone.clockOf(millisecondsOf(value));
}

/** Nanoseconds beside the milliseconds. */
export const nanosOf = (value: MomentValue): number =>
  typeof value === "bigint" ? Number(value - BigInt(millisecondsOfNanos(value)) * NANOS_PER_MS) : 0;

export type MomentWriter = (milliseconds: number, nanos: number) => MomentValue;

/** From what `millisecondsOf` and `nanosOf` read: of a DATE the day, of a TIME the time of day. */
export function momentWriter(type: SqlType): MomentWriter {
  if (type.kind === "date") return (milliseconds) => Math.floor(milliseconds / DAY_MS) * DAY_MS;
  if (type.kind === "time") return timeOfDay;
  return isFine(type)
    ? (milliseconds, nanos) => BigInt(milliseconds) * NANOS_PER_MS + BigInt(nanos)
    : (milliseconds) => milliseconds;
}

/** From clock time. */
export function clockWriter(type: SqlType, zone: TimeZone): MomentWriter {
  const write = momentWriter(type);
  return type.kind === "timestamp_ltz" ? (clockMs, nanos) => write(zone.instantOf(clockMs), nanos) : write;
}

export const timeOfDay = (clockMs: number): number => ((clockMs % DAY_MS) + DAY_MS) % DAY_MS;
