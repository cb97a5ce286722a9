/**
 * Owns: the port between compiled expressions and the functions that they call.
 */
import type { SqlType } from "../types/sql-type.ts";
import type { OperandType } from "../types/type-families.ts";
import type { SqlSession } from "../session.ts";

/**
 * Values are as rows/row-type.ts says; null is NULL. A DATE alone is the milliseconds of its midnight in UTC, as in its column; inside of an ARRAY, a MAP
 * or a ROW it is a Date.
 */
export type ScalarImplementation = {
  /** False: a NULL argument makes the result NULL, and `call` never sees one. */
  readonly takesNulls: boolean;
  readonly call: (...values: never[]) => unknown;
};

/** Where a function is called. */
export type CallSite = {
  /** NULL as it is written has no type. */
  readonly arguments: readonly OperandType[];
  readonly result: SqlType;
  /** Key words of the call, as in `EXTRACT(DAY FROM …)`. */
  readonly words: readonly string[];
  readonly session: SqlSession;
};

/** Makes the function for the types of one place in a query. */
export type ScalarFactory = (site: CallSite) => ScalarImplementation;
