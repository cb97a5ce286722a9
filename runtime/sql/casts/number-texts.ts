/**
 * Owns: numbers as texts, and texts as numbers, as Java and Flink write and read them.
 *
 * SQXN1 A FLOAT or DOUBLE has the fewest digits that tell it from its neighbours, at least one behind the point, and an exponent outside 10^-3 … 10^7.
 * SQXN2 A text becomes a whole number without what is behind its point; one that is too large, or no number, has no value.
 */
import type { SqlType } from "../types/sql-type.ts";

/** Below and from there on, with an exponent. */
const [PLAIN_MIN, PLAIN_END] = [1e-3, 1e7];
const FLOAT_DIGITS_MAX = 9;

export function textOfDouble(value: number): string {
  return javaText(value, value.toExponential());
}

export function textOfFloat(value: number): string {
  for (let digits = 1; digits < FLOAT_DIGITS_MAX; digits++) {
    const text = value.toExponential(digits - 1);
    if (Math.fround(Number(text)) === value) return javaText(value, text);
  }
  return javaText(value, value.toExponential(FLOAT_DIGITS_MAX - 1));
}

/** `shortest`: `-1.25e+3`. */
function javaText(value: number, shortest: string): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "0", exponentText = "0"] = shortest.split("e");
  const size = Math.abs(value);
  if (size < PLAIN_MIN || size >= PLAIN_END)
    return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponentText)}`;
  const sign = mantissa.startsWith("-") ? "-" : "";
  const digits = mantissa.replace("-", "").replace(".", "");
  const whole = Number(exponentText) + 1;
  if (whole <= 0) return `${sign}0.${"0".repeat(-whole)}${digits}`;
  return `${sign}${digits.slice(0, whole).padEnd(whole, "0")}.${digits.slice(whole) || "0"}`;
}

type IntegerKind = "tinyint" | "smallint" | "int" | "bigint";

const bits: Readonly<Record<IntegerKind, number>> = { tinyint: 8, smallint: 16, int: 32, bigint: 64 };
const INTEGER_TEXT = /^([+-]?\d+)(?:\.\d*)?$/;
const FRACTION_TEXT = /^[+-]?\.\d+$/;
/** More digits than any whole number has. */
const INTEGER_LENGTH_MAX = 400;

/** Undefined: none (SQXN2). */
export function integerOfText(text: string, kind: IntegerKind): bigint | number | undefined {
  const trimmed = text.trim();
  if (FRACTION_TEXT.test(trimmed)) return kind === "bigint" ? 0n : 0;
  const [, whole] = (trimmed.length <= INTEGER_LENGTH_MAX ? INTEGER_TEXT.exec(trimmed) : null) ?? [];
  if (whole === undefined) return undefined;
  const value = BigInt(whole.replace("+", ""));
  if (BigInt.asIntN(bits[kind], value) !== value) return undefined;
  return kind === "bigint" ? value : Number(value);
}

const DOUBLE_TEXT = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;

export function doubleOfText(text: string): number | undefined {
  const number = text.trim().replace(/(?<=[\d.])[fFdD]$/, "");
  if (!DOUBLE_TEXT.test(number)) return undefined;
  return number.endsWith("NaN") ? Number.NaN : Number(number);
}

const [INT_MIN, INT_MAX] = [-(2 ** 31), 2 ** 31 - 1];
const [LONG_MIN, LONG_MAX] = [-(2n ** 63n), 2n ** 63n - 1n];

/** As Java: the nearest INT towards zero; NaN is 0. */
export function intOfDouble(value: number): number {
  if (value >= INT_MAX) return INT_MAX;
  return value <= INT_MIN ? INT_MIN : value | 0;
}

/** The same for BIGINT. */
export function longOfDouble(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= 2 ** 63) return LONG_MAX;
  return value <= -(2 ** 63) ? LONG_MIN : BigInt(Math.trunc(value));
}

/** Of an INT: the last bits that a narrower type has. */
export function narrowed(value: number, kind: SqlType["kind"]): number {
  if (kind === "tinyint") return (value << 24) >> 24;
  return kind === "smallint" ? (value << 16) >> 16 : value | 0;
}
