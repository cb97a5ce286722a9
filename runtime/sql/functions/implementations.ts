/**
 * Owns: the short ways to write a function, and how its arguments are read, whichever of their types they have.
 */
import { StreamError } from "../../../base/index.ts";
import { numberOfDecimal } from "../casts/decimals.ts";
import type { OperandType } from "../types/type-families.ts";
import type { CallSite, ScalarFactory, ScalarImplementation } from "./scalar-implementation.ts";

type Call = ScalarImplementation["call"];

/** The same for all types; NULL of NULL. */
export const plain =
  (call: Call): ScalarFactory =>
  () => ({ takesNulls: false, call });

/** Made for the types of one place; NULL of NULL. */
export const typed =
  (make: (site: CallSite) => Call): ScalarFactory =>
  (site) => ({ takesNulls: false, call: make(site) });

/** The same for all types; it looks at NULLs itself. */
export const nullAware =
  (call: Call): ScalarFactory =>
  () => ({ takesNulls: true, call });

/** BIGINT is a bigint, the others are numbers. */
export type Integer = number | bigint;

/** Exact below 2^53: for lengths, places and counts, which are far below. */
export const numberOf = (value: Integer): number => (typeof value === "bigint" ? Number(value) : value);

/** The nearest double, from values of a numeric type. */
export function doubleReader(type: OperandType | undefined): (value: Integer) => number {
  if (type?.kind !== "decimal") return numberOf;
  const { scale } = type;
  return (value) => numberOfDecimal(value as bigint, scale);
}

/** What a query cannot work out for a row. `what`: what happened; `remedy`: a sentence. */
export function failExpression(what: string, remedy: string, cause?: unknown): never {
  throw new StreamError("SQL_EXPRESSION_FAILED", `${what}. ${remedy}`, { destiny: "terminal", cause });
}

/** One result for one argument is kept: most columns of patterns, separators and zones are constants. */
export function rememberLast<A, R>(work: (argument: A) => R): (argument: A) => R {
  let last: { readonly argument: A; readonly result: R } | null = null;
  return (argument) => {
    if (last === null || last.argument !== argument) last = { argument, result: work(argument) };
    return last.result;
  };
}
