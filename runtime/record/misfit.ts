/**
 * Owns: the words for a value that does not fit its declared type.
 */
import { StreamError } from "../../base/index.ts";
import { preview } from "./plain-value.ts";

/** A part of a value that does not fit. */
export type Misfit = {
  /** From the value: `.items[3].when`; empty for the value itself. */
  readonly path: string;
  /** What is there, in words. */
  readonly found: string;
  /** What is declared there. */
  readonly expected: string;
};

/** A value of a column; `name`: the column's field, empty when the column is the whole value. */
export function misfit(name: string, expected: string, value: unknown, row: number): StreamError {
  return refuseMisfit(name, { path: "", found: preview(value), expected }, row);
}

export function refuseMisfit(name: string, { path, found, expected }: Misfit, row: number): StreamError {
  const what = name === "" ? (path === "" ? "a value" : `a value's ${path}`) : `a value of field "${name}${path}"`;
  return new StreamError(
    "VALUE_NOT_SERIALIZABLE",
    `${what} is ${found}, but its declared type is ${expected} (record ${row} of its batch); ${remedyFor(found, expected)}`,
    { destiny: "terminal" },
  );
}

export function remedyFor(found: string, expected: string): string {
  if (found.startsWith("missing"))
    return "give the field a value (null where the type is t.nullable(…)), or take it out of the type";
  if (found.startsWith("not declared")) return "add the field to the declared type, or leave it out of the value";
  if (expected.startsWith("any "))
    return "copy what is needed into plain data: objects and arrays of strings, numbers, bigints, booleans, null, Date, Map, Set, bytes";
  if (found.startsWith("a hole")) return "give every item a value: new Array(n) alone has none";
  if (expected.startsWith("literal<")) return "emit one of these values, or add this one to t.literal(…)";
  if (expected.startsWith("record<")) return "return an object with these fields, or declare another type";
  return "change the value, or the type (t.nullable(…) allows null)";
}
