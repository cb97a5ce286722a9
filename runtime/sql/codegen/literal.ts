/**
 * Owns: the values of literals. Their texts were checked by validate/literals.ts.
 */
import { assert, unreachable } from "../../../base/index.ts";
import { dateOfText, timeOfText, timestampOfText } from "../casts/time-texts.ts";
import { withPrecision } from "../casts/zoned-times.ts";
import type { Literal, TimeUnit } from "../syntax/expression-tree.ts";
import type { OperandType } from "../types/type-families.ts";
import { type Code, type Generated, neutralOf } from "./code.ts";

export function generateLiteral(code: Code, literal: Literal, type: OperandType): Generated {
  const of = (value: string): Generated => ({ value, isNull: null, type });
  switch (literal.kind) {
    case "null":
      return { value: neutralOf(type), isNull: "true", type };
    case "boolean":
      return of(literal.value ? "true" : "false");
    case "number":
      return of(numberText(literal.text, type));
    case "string":
      return of(code.constant(literal.value));
    case "bytes":
      return of(code.constant(bytesOf(literal.hex)));
    case "temporal":
      return of(temporalText(literal.type, literal.text, type));
    case "interval":
      return of(String(intervalOf(literal)));
    default:
      return unreachable(literal);
  }
}

function numberText(text: string, type: OperandType): string {
  switch (type.kind) {
    case "int":
      return String(Number(text.replace(/\..*$/, "")));
    case "bigint":
      return `${BigInt(text.replace(/\..*$/, ""))}n`;
    case "decimal": {
      const [whole = "", fraction = ""] = text.split(".");
      return `${BigInt(whole + fraction)}n`;
    }
    default:
      return String(Number(text));
  }
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_none, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
}

function temporalText(written: "DATE" | "TIME" | "TIMESTAMP", text: string, type: OperandType): string {
  if (written === "DATE") return String(found(dateOfText(text)));
  if (written === "TIME") return String(Math.floor(found(timeOfText(text)) / 1e6));
  const { nanoseconds } = found(timestampOfText(text));
  const time = withPrecision(nanoseconds, type.kind === "timestamp" ? type.precision : 0);
  return typeof time === "bigint" ? `${time}n` : String(time);
}

function found<T>(value: T | undefined): T {
  assert(value !== undefined, "the texts of literals are checked");
  return value;
}

const unitMs: Readonly<Partial<Record<TimeUnit, number>>> = {
  WEEK: 604_800_000,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLISECOND: 1,
  MICROSECOND: 1e-3,
  NANOSECOND: 1e-6,
};
const unitMonths: Readonly<Partial<Record<TimeUnit, number>>> = { YEAR: 12, QUARTER: 3, MONTH: 1 };
const chain: readonly TimeUnit[] = ["DAY", "HOUR", "MINUTE", "SECOND"];

/** Months, or milliseconds. */
function intervalOf({ text, qualifier, isNegative }: Literal & { readonly kind: "interval" }): number {
  const { from, to } = qualifier;
  const bare = text.trim();
  const sign = bare.startsWith("-") !== isNegative ? -1 : 1;
  const parts = bare
    .replace(/^[+-]/, "")
    .split(/[\s:-]+/)
    .map(Number);
  const units =
    to === null ? [from] : from === "YEAR" ? (["YEAR", "MONTH"] as const) : chain.slice(chain.indexOf(from));
  const size = parts.reduce((sum, part, index) => {
    const unit = units[index] ?? from;
    return sum + part * (unitMonths[unit] ?? unitMs[unit] ?? 0);
  }, 0);
  // Seconds may have more digits than milliseconds; a negative zero is none.
  return sign * Math.trunc(Math.round(size * 1e6) / 1e6) + 0;
}
