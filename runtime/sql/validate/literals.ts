/**
 * Owns: whether the texts of literals are what they say. Their types: check/literal-type.ts.
 *
 * SQVK1 A date is a day that there is, a time one of a day, an interval has a number for each of its units.
 */
import { literalType } from "../check/literal-type.ts";
import type { IntervalQualifier, Literal, TimeUnit } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import type { TypedExpression } from "./typed-tree.ts";

/** Errors: SqlFailure. */
export function typedLiteral(literal: Literal): TypedExpression {
  checkText(literal);
  return { kind: "literal", at: literal.at, literal, type: literalType(literal), time: null };
}

/** SQVK1. */
function checkText(literal: Literal): void {
  if (literal.kind === "temporal") checkTemporal(literal);
  else if (literal.kind === "interval") checkInterval(literal);
}

const temporalForms = {
  DATE: { pattern: /^(\d{4})-(\d{1,2})-(\d{1,2})$/, example: "DATE '2026-01-31'" },
  TIME: { pattern: /^()()()(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?$/, example: "TIME '12:30:00'" },
  TIMESTAMP: {
    pattern: /^(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?$/,
    example: "TIMESTAMP '2026-01-31 12:30:00.000'",
  },
} as const;

function checkTemporal({ type, text, at }: Literal & { readonly kind: "temporal" }): void {
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

function checkInterval({ text, qualifier, at }: Literal & { readonly kind: "interval" }): void {
  const { pattern, example } = intervalForm(qualifier);
  if (!pattern.test(text.trim().replace(/^[+-]/, "")))
    fail(at, `'${text}' is no ${unitsText(qualifier)}`, `Write INTERVAL '${example}' ${unitsText(qualifier)}.`);
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
