/**
 * Owns: values of types without parts as text and back, as the formats csv and json write them.
 *
 * TBCS1 What is not of the type is refused with what was read: a number out of range, digits that do not fit, a date that no calendar has.
 * TBCS2 Numbers may have spaces around them; booleans are true where the text is `true` in any case, and false otherwise, as in Flink.
 */
import { type SqlType, typeText } from "../../sql/index.ts";
import {
  dateText,
  parseDate,
  parseTime,
  parseTimestamp,
  type TimestampStandard,
  timestampText,
  timeText,
} from "./time-text.ts";
import { decimalText, doubleText, floatText, parseDecimal } from "./number-text.ts";

/** Of values that are not null. */
export type ScalarText = {
  /** Errors: ValueMisfit. */
  readonly parse: (text: string) => unknown;
  readonly format: (value: never) => string;
};

/** What was read is no value of the type; becomes an error with its place, or a NULL. */
export class ValueMisfit extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ValueMisfit";
  }
}

/** A value that was read, for messages. */
const SHOWN_MAX = 100;

export function misfit(text: string, type: SqlType): ValueMisfit {
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return new ValueMisfit(`${JSON.stringify(shown)} is not ${typeText({ ...type, isNullable: true })}`);
}

const WHOLE = /^[+-]?\d+$/;
const FLOATING = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)$/;
/** Digits of numbers that are safe integers. */
const SAFE_DIGITS = 15;
const INTEGER_BITS = { tinyint: 8, smallint: 16, int: 32 } as const;

/** Null: the type has parts. */
export function scalarText(type: SqlType, standard: TimestampStandard): ScalarText | null {
  const checked = <V>(parse: (text: string) => V | null): ((text: string) => V) => {
    return (text) => {
      const value = parse(text);
      if (value === null) throw misfit(text, type);
      return value;
    };
  };
  switch (type.kind) {
    case "boolean":
      return { parse: (text) => text.trim().toLowerCase() === "true", format: String };
    case "tinyint":
    case "smallint":
    case "int": {
      const bits = INTEGER_BITS[type.kind as "int"];
      return { parse: checked((text) => wholeNumber(text.trim(), bits)), format: String };
    }
    case "bigint":
      return { parse: checked((text) => wholeBigint(text.trim())), format: String };
    case "float":
      return { parse: checked((text) => floating(text.trim(), Math.fround)), format: floatText };
    case "double":
      return { parse: checked((text) => floating(text.trim(), (value) => value)), format: doubleText };
    case "decimal": {
      const { precision, scale } = type;
      const format = (value: bigint): string => decimalText(value, scale);
      return { parse: checked((text) => parseDecimal(text.trim(), precision, scale)), format };
    }
    case "char":
    case "varchar":
      return { parse: (text) => text, format: (value: string) => value };
    case "binary":
    case "varbinary":
      return { parse: checked(bytesOf), format: base64Of };
    case "interval":
      return type.unit === "month"
        ? { parse: checked((text) => wholeNumber(text.trim(), INTEGER_BITS.int)), format: String }
        : { parse: checked((text) => safeNumber(text.trim())), format: String };
    default:
      return timeOf(type, standard, checked);
  }
}

type Checked = <V>(parse: (text: string) => V | null) => (text: string) => V;

function timeOf(type: SqlType, standard: TimestampStandard, checked: Checked): ScalarText | null {
  switch (type.kind) {
    case "date":
      return {
        parse: checked((text) => {
          const ms = parseDate(text);
          return ms === null ? null : new Date(ms);
        }),
        format: (value: Date) => dateText(value.getTime()),
      };
    case "time":
      return { parse: checked((text) => parseTime(text, type.precision)), format: timeText };
    case "timestamp":
    case "timestamp_ltz": {
      const isInstant = type.kind === "timestamp_ltz";
      const form = { standard, precision: type.precision, isInstant };
      return {
        parse: checked((text) => parseTimestamp(text, form)),
        format: (value: number | bigint) => timestampText(value, standard) + (isInstant ? "Z" : ""),
      };
    }
    default:
      return null;
  }
}

function wholeNumber(text: string, bits: number): number | null {
  const value = smallWhole(text) ?? (WHOLE.test(text) ? Number(text) : null);
  const limit = 2 ** (bits - 1);
  // -0 is none (TYC1).
  return value !== null && value >= -limit && value < limit ? value + 0 : null;
}

function wholeBigint(text: string): bigint | null {
  const small = smallWhole(text);
  if (small !== null) return BigInt(small);
  if (!WHOLE.test(text) || text.length > 32) return null;
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value ? value : null;
}

/** Digits without a sign, few enough for a safe integer; null: anything else. Most numbers are so, and are read in a third of the time that the pattern takes. */
function smallWhole(text: string): number | null {
  const { length } = text;
  if (length === 0 || length > SAFE_DIGITS) return null;
  let value = 0;
  for (let at = 0; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value;
}

function safeNumber(text: string): number | null {
  const value = Number(text);
  return WHOLE.test(text) && Number.isSafeInteger(value) ? value : null;
}

function floating(text: string, round: (value: number) => number): number | null {
  return FLOATING.test(text) ? round(Number(text)) : null;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Of base64. */
function bytesOf(text: string): Uint8Array | null {
  return BASE64.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : null;
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
