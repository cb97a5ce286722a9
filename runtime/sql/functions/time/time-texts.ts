/**
 * Owns: functions between times and texts.
 *
 * SQUX1 A text that cannot be read is NULL, and of UNIX_TIMESTAMP the least BIGINT, as in Flink.
 * SQUX2 Without a pattern a text is `yyyy-MM-dd HH:mm:ss`, with or without its time, its fraction and zeros in front; TO_TIMESTAMP with a pattern that does not fit tries this, too.
 */
import { type TimeZone, timeZone } from "./time-zone.ts";
import { isText, type OperandType } from "../../types/type-families.ts";
import { cut, exactReader } from "../decimals.ts";
import {
  doubleReader,
  failExpression,
  type Integer,
  numberOf,
  plain,
  rememberLast,
  typed,
} from "../implementations.ts";
import type { ScalarFactory } from "../scalar-implementation.ts";
import { type DatePattern, datePattern, type ReadTime, type ShownZone } from "./date-pattern.ts";
import { DAY_MS, daysInMonth, daysOf } from "./calendar.ts";
import { clockReader, clockWriter, millisecondsOf, type MomentValue, momentWriter, nanosOf } from "./moments.ts";

const DEFAULT = "yyyy-MM-dd HH:mm:ss";
const defaultPattern = datePattern(DEFAULT);
/** Of UNIX_TIMESTAMP, for what cannot be read. */
const UNREADABLE = -(2n ** 63n);

/** One for each place of a call: most patterns are constants. */
const patternReader = (): ((pattern: string) => DatePattern) => rememberLast(datePattern);

const LENIENT_FORM = /^\s*(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?\s*$/;

/** SQUX2. */
export function readDefault(text: string): ReadTime | null {
  const parts = LENIENT_FORM.exec(text);
  if (parts === null) return null;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const [hour, minute, second] = [Number(parts[4] ?? 0), Number(parts[5] ?? 0), Number(parts[6] ?? 0)];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const fraction = Number((parts[7] ?? "").padEnd(9, "0"));
  const time = ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(fraction / 1_000_000);
  return { clockMs: daysOf({ year, month, day }) * DAY_MS + time, nanos: fraction % 1_000_000, offsetMs: null };
}

/** What the letters for a zone show of an instant. */
const shownZone =
  (name: string, zone: TimeZone): ((instantMs: number) => ShownZone) =>
  (instantMs) => ({ name, offsetMs: zone.clockOf(instantMs) - instantMs });

/** Of an instant, as the clock of a zone shows it. */
function writeInstant(pattern: DatePattern, instantMs: number, name: string, zone: TimeZone): string {
  return pattern.write(zone.clockOf(instantMs), 0, pattern.showsZone ? shownZone(name, zone)(instantMs) : null);
}

const dateFormat: ScalarFactory = typed(({ arguments: [type], session }) => {
  const patternOf = patternReader();
  const zone = timeZone(session.timeZone);
  const shownAt = shownZone(session.timeZone, zone);
  if (type !== undefined && isText(type))
    return (text: string, pattern: string) => {
      const time = readDefault(text);
      if (time === null) return null;
      const form = patternOf(pattern);
      return form.write(time.clockMs, time.nanos, form.showsZone ? shownAt(zone.instantOf(time.clockMs)) : null);
    };
  const clockOf = clockReader(type, zone);
  const isInstant = type?.kind === "timestamp_ltz";
  return (value: MomentValue, pattern: string) => {
    const [clockMs, form] = [clockOf(value), patternOf(pattern)];
    if (!form.showsZone) return form.write(clockMs, nanosOf(value), null);
    return form.write(clockMs, nanosOf(value), shownAt(isInstant ? millisecondsOf(value) : zone.instantOf(clockMs)));
  };
});

const toDate: ScalarFactory = typed(() => {
  const patternOf = patternReader();
  return (text: string, pattern?: string) => {
    const time = pattern === undefined ? readDefault(text) : patternOf(pattern).read(text, true);
    return time === null ? null : Math.floor(time.clockMs / DAY_MS) * DAY_MS;
  };
});

const toTimestamp: ScalarFactory = typed(({ result, session }) => {
  const patternOf = patternReader();
  const write = clockWriter(result, timeZone(session.timeZone));
  return (text: string, pattern?: string) => {
    const time =
      pattern === undefined ? readDefault(text) : (patternOf(pattern).read(text, false) ?? readDefault(text));
    return time === null ? null : write(time.clockMs, time.nanos);
  };
});

/** From 0000-01-01 to 9999-12-31; what is beyond is NULL, as in Flink. */
const [EPOCH_MIN, EPOCH_MAX] = [-62_167_219_200_000, 253_402_300_799_999];

/** Of a number: seconds or milliseconds since 1970; of a text: in UTC, or in the zone that is named. */
const toTimestampLtz: ScalarFactory = typed(({ arguments: [type], result }) => {
  const write = momentWriter(result);
  const patternOf = patternReader();
  if (type !== undefined && isText(type))
    return (text: string, pattern?: string, zone = "UTC") => {
      const time =
        pattern === undefined ? readDefault(text) : (patternOf(pattern).read(text, false) ?? readDefault(text));
      if (time === null) return null;
      const instantMs = time.offsetMs === null ? timeZone(zone).instantOf(time.clockMs) : time.clockMs - time.offsetMs;
      return write(instantMs, time.nanos);
    };
  const epochOf = epochReader(type);
  return (value: Integer, precision: Integer = 3) => {
    const digits = numberOf(precision);
    if (digits !== 0 && digits !== 3)
      failExpression(
        `TO_TIMESTAMP_LTZ with precision ${digits}`,
        "0 says that the number counts seconds, 3 that it counts milliseconds.",
      );
    const milliseconds = epochOf(value, digits);
    return milliseconds < EPOCH_MIN || milliseconds > EPOCH_MAX ? null : write(milliseconds, 0);
  };
});

/** Milliseconds of seconds (`digits` 0) or milliseconds; what is finer is cut off. */
function epochReader(type: OperandType | undefined): (value: Integer, digits: number) => number {
  if (type?.kind === "decimal") {
    const exactOf = exactReader(type);
    return (value, digits) => {
      const { unscaled, scale } = exactOf(value);
      return Number(cut({ unscaled: digits === 0 ? unscaled * 1000n : unscaled, scale }, 0));
    };
  }
  const read = doubleReader(type);
  return (value, digits) => Math.trunc(read(value) * (digits === 0 ? 1000 : 1));
}

const fromUnixtime: ScalarFactory = typed(({ session }) => {
  const patternOf = patternReader();
  const zone = timeZone(session.timeZone);
  return (seconds: Integer, pattern = DEFAULT) => {
    const instantMs = numberOf(seconds) * 1000;
    return writeInstant(patternOf(pattern), instantMs, session.timeZone, zone);
  };
});

const unixTimestamp: ScalarFactory = typed(({ arguments: args, session: { clock, timeZone: name } }) => {
  if (args.length === 0) return () => BigInt(Math.floor(clock.nowMs() / 1000));
  const patternOf = patternReader();
  const zone = timeZone(name);
  return (text: string, pattern = DEFAULT) => {
    const time = patternOf(pattern).read(text, true);
    if (time === null) return UNREADABLE;
    const instantMs = time.offsetMs === null ? zone.instantOf(time.clockMs) : time.clockMs - time.offsetMs;
    return BigInt(Math.floor(instantMs / 1000));
  };
});

function convertTz(text: string, from: string, to: string): string | null {
  const time = defaultPattern.read(text, true);
  if (time === null) return null;
  const zone = timeZone(to);
  const instantMs = timeZone(from).instantOf(time.clockMs);
  return writeInstant(defaultPattern, instantMs, to, zone);
}

export const timeTextFunctions: Readonly<Record<string, ScalarFactory>> = {
  DATE_FORMAT: dateFormat,
  TO_DATE: toDate,
  TO_TIMESTAMP: toTimestamp,
  TO_TIMESTAMP_LTZ: toTimestampLtz,
  FROM_UNIXTIME: fromUnixtime,
  UNIX_TIMESTAMP: unixTimestamp,
  CONVERT_TZ: plain(convertTz),
};
