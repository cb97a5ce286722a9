/**
 * Owns: how a value of one type becomes one of another: CAST, TRY_CAST, and the casts that nobody has to write.
 * Does not own: which casts there are (types/cast-rules.ts).
 * Called by: codegen/conversion.ts.
 *
 * SQXC1 Values are not NULL, and as functions have them (functions/scalar-implementation.ts). The result undefined says that the type has no such
 *     value: CAST fails, TRY_CAST gives NULL. The result null is NULL: a number has more digits than a DECIMAL.
 * SQXC2 Numbers become narrower as in Java: whole numbers keep their last bits, others the nearest that there is, towards zero.
 */
import { assert } from "../../../base/index.ts";
import type { TimeZone } from "../functions/time/time-zone.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isBytes, isDatetime, isText, type KindOf } from "../types/type-families.ts";
import { castOfParts, type CastValue } from "./cast-of-parts.ts";
import { castToNumber } from "./cast-to-number.ts";
import { textOf, type TextUse } from "./text-of-value.ts";
import { dateOfText, NANOS_PER_MS, timeOfText, timestampOfText } from "./time-texts.ts";
import { dateOf, instantIn, inZone, timeOfDay, withPrecision } from "./zoned-times.ts";

export type { CastValue } from "./cast-of-parts.ts";

/** There is such a cast. `use`: of a text. */
export function castOfValue(from: SqlType, to: SqlType, zone: TimeZone, use: TextUse = "value"): CastValue {
  switch (to.kind) {
    case "char":
    case "varchar":
      return toText(to, textOf(from, zone, use));
    case "binary":
    case "varbinary":
      return toBytes(from, to);
    case "boolean":
      return toBoolean(from);
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
    case "float":
    case "double":
    case "decimal":
      return castToNumber(from, to);
    case "date":
    case "time":
    case "timestamp":
    case "timestamp_ltz":
      return toTime(from, to, zone);
    case "interval":
      return (value) => (typeof value === "bigint" ? Number(value) : value);
    default:
      return castOfParts(from, to, (part, target) => castOfValue(part, target, zone));
  }
}

/** CHAR is filled up with blanks; both are cut to their length, counted in code points. */
function toText(to: KindOf<"char" | "varchar">, text: ReturnType<typeof textOf>): CastValue {
  return (value) => {
    const whole = text(value as never);
    return whole === undefined ? undefined : sized(whole, to);
  };
}

function sized(text: string, { kind, length }: KindOf<"char" | "varchar">): string {
  if (kind === "varchar" && text.length <= length) return text;
  const points = Array.from(text);
  if (points.length > length) return points.slice(0, length).join("");
  return kind === "char" ? text + " ".repeat(length - points.length) : text;
}

const utf8 = new TextEncoder();

function toBytes(from: SqlType, { kind, length }: KindOf<"binary" | "varbinary">): CastValue {
  assert(isText(from) || isBytes(from), "bytes are cast from texts and bytes");
  return (value) => {
    const bytes = typeof value === "string" ? utf8.encode(value) : (value as Uint8Array);
    if (bytes.length > length) return new Uint8Array(bytes.subarray(0, length));
    if (kind === "varbinary" || bytes.length === length) return bytes;
    const filled = new Uint8Array(length);
    filled.set(bytes);
    return filled;
  };
}

const trueTexts = new Set(["t", "true", "y", "yes", "1"]);
const falseTexts = new Set(["f", "false", "n", "no", "0"]);

function toBoolean(from: SqlType): CastValue {
  if (from.kind === "boolean") return (value) => value;
  if (!isText(from)) return (value) => value !== 0 && value !== 0n;
  return (value) => {
    const word = (value as string).trim().toLowerCase();
    if (trueTexts.has(word)) return true;
    return falseTexts.has(word) ? false : undefined;
  };
}

type Time = number | bigint;
type Datetime = KindOf<"time" | "timestamp" | "timestamp_ltz"> | KindOf<"date">;

function toTime(from: SqlType, to: SqlType, zone: TimeZone): CastValue {
  assert(isDatetime(to), `a cast to ${to.kind}`);
  if (isText(from)) return timeOfTexts(to, zone);
  // All on the calendar of the session's zone.
  const local = (value: Time): Time => (from.kind === "timestamp_ltz" ? inZone(value, zone) : value);
  const isInstant = to.kind === "timestamp_ltz";
  switch (to.kind) {
    case "date":
      return (value) => dateOf(local(value as Time));
    case "time":
      return (value) => timeOfDay(local(value as Time), to.precision);
    default:
      if (isInstant === (from.kind === "timestamp_ltz")) return (value) => withPrecision(value as Time, to.precision);
      return (value) => withPrecision(isInstant ? instantIn(value as Time, zone) : local(value as Time), to.precision);
  }
}

function timeOfTexts(to: Datetime, zone: TimeZone): CastValue {
  switch (to.kind) {
    case "date":
      return (value) => dateOfText(value as string);
    case "time":
      return (value) => {
        const nanoseconds = timeOfText(value as string);
        return nanoseconds === undefined
          ? undefined
          : withPrecision(Math.floor(nanoseconds / Number(NANOS_PER_MS)), Math.min(3, to.precision));
      };
    default:
      return (value) => {
        const read = timestampOfText(value as string);
        if (read === undefined) return undefined;
        const { nanoseconds, hasZone } = read;
        if (to.kind === "timestamp")
          return withPrecision(hasZone ? inZone(nanoseconds, zone) : nanoseconds, to.precision);
        return withPrecision(hasZone ? nanoseconds : instantIn(nanoseconds, zone), to.precision);
      };
  }
}
