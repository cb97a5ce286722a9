/**
 * Owns: the types of literals, and whether their texts are what they say.
 */
import { unreachable } from "../../../base/index.ts";
import type { IntervalQualifier, Literal, TimeUnit } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { TypedExpression, ValueType } from "./typed-tree.ts";

const INT_MAX = 2n ** 31n - 1n;
const BIGINT_MAX = 2n ** 63n - 1n;
const DECIMAL_DIGITS_MAX = 38;

/** Errors: SqlFailure. */
export function typedLiteral(literal: Literal): TypedExpression {
  return { kind: "literal", at: literal.at, literal, type: literalType(literal), time: null };
}

function literalType(literal: Literal): ValueType {
  switch (literal.kind) {
    case "null":
      return { kind: "null", isNullable: true };
    case "boolean":
      return { kind: "boolean", isNullable: false };
    case "number":
      return numberType(literal);
    case "string":
      // The shortest text is one character long: an empty literal is a CHAR(1), too.
      return { kind: "char", isNullable: false, length: Math.max(1, literal.value.length) };
    case "bytes":
      return { kind: "binary", isNullable: false, length: Math.max(1, literal.hex.length / 2) };
    case "temporal":
      return temporalType(literal);
    case "interval":
      return intervalType(literal);
    default:
      return unreachable(literal);
  }
}

function numberType({ text, at }: Literal & { readonly kind: "number" }): SqlType {
  if (/e/i.test(text)) return { kind: "double", isNullable: false };
  const [whole = "", behind = ""] = text.split(".");
  if (!text.includes(".")) {
    const value = BigInt(whole);
    if (value <= INT_MAX) return { kind: "int", isNullable: false };
    if (value <= BIGINT_MAX) return { kind: "bigint", isNullable: false };
  }
  const significant = whole.replace(/^0+/, "").length;
  const precision = Math.max(1, significant + behind.length);
  if (precision > DECIMAL_DIGITS_MAX)
    fail(at, `a number of ${precision} digits`, "A DECIMAL has at most 38; write 1E40 for a DOUBLE.");
  return { kind: "decimal", isNullable: false, precision, scale: behind.length };
}

const temporalForms = {
  DATE: { pattern: /^(\d{4})-(\d{1,2})-(\d{1,2})$/, example: "DATE '2026-01-31'" },
  TIME: { pattern: /^()()()(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?$/, example: "TIME '12:30:00'" },
  TIMESTAMP: {
    pattern: /^(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?$/,
    example: "TIMESTAMP '2026-01-31 12:30:00.000'",
  },
} as const;

function temporalType({ type, text, at }: Literal & { readonly kind: "temporal" }): SqlType {
  const { pattern, example } = temporalForms[type];
  const parts = pattern.exec(text);
  if (parts === null) return fail(at, `'${text}' is no ${type}`, `Write ${example}.`);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => (part === undefined || part === "" ? undefined : Number(part)));
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month))
    fail(at, `there is no day '${text}'`, "Check month and day: year, month, day.");
  if (hour > 23 || minute > 59 || second > 59)
    fail(at, `there is no time '${text}'`, "Hours go to 23, minutes and seconds to 59.");
  if (type === "DATE") return { kind: "date", isNullable: false };
  const precision = parts[7]?.length ?? 0;
  return { kind: type === "TIME" ? "time" : "timestamp", isNullable: false, precision };
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** What stands between the numbers of neighbouring units. */
const chainOfUnits: readonly { readonly unit: TimeUnit; readonly before: string }[] = [
  { unit: "DAY", before: "" },
  { unit: "HOUR", before: " " },
  { unit: "MINUTE", before: ":" },
  { unit: "SECOND", before: ":" },
];

function intervalType({ text, qualifier, at }: Literal & { readonly kind: "interval" }): SqlType {
  const isMonths = ["YEAR", "QUARTER", "MONTH"].includes(qualifier.from);
  const { pattern, example } = intervalForm(qualifier);
  if (!pattern.test(text.trim().replace(/^[+-]/, "")))
    fail(at, `'${text}' is no ${unitsText(qualifier)}`, `Write INTERVAL '${example}' ${unitsText(qualifier)}.`);
  return { kind: "interval", isNullable: false, unit: isMonths ? "month" : "millisecond" };
}

const unitsText = ({ from, to }: IntervalQualifier): string => (to === null ? from : `${from} TO ${to}`);

function intervalForm({ from, to }: IntervalQualifier): { readonly pattern: RegExp; readonly example: string } {
  if (to === null) return { pattern: from === "SECOND" ? /^\d+(\.\d{1,9})?$/ : /^\d+$/, example: "5" };
  if (from === "YEAR") return { pattern: /^\d+-\d{1,2}$/, example: "1-6" };
  const [first, last] = [from, to].map((unit) => chainOfUnits.findIndex((link) => link.unit === unit));
  const links = chainOfUnits.slice(first, (last ?? 0) + 1);
  const between = links.slice(1).map(({ before }) => before);
  const fraction = to === "SECOND" ? "(\\.\\d{1,9})?" : "";
  return {
    pattern: new RegExp(`^\\d+${between.map((sign) => `${sign}\\d{1,2}`).join("")}${fraction}$`),
    example: `1${between.map((sign) => `${sign}00`).join("")}`,
  };
}

/** Milliseconds of an interval literal that has one unit; null: it has months, several units, or is no literal. */
export function millisecondsOf(value: TypedExpression): number | null {
  if (value.kind !== "literal" || value.literal.kind !== "interval") return null;
  const { qualifier, text, isNegative } = value.literal;
  const unit = unitMilliseconds[qualifier.from];
  if (qualifier.to !== null || unit === undefined) return null;
  return Number(text) * unit * (isNegative ? -1 : 1);
}

const unitMilliseconds: Readonly<Partial<Record<TimeUnit, number>>> = {
  WEEK: 604_800_000,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLISECOND: 1,
};
