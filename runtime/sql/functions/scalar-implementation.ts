/**
 * Owns: the port between compiled expressions and the functions that they call.
 */
import type { SqlType } from "../types/sql-type.ts";
import type { SqlSession } from "../session.ts";

/** Values are as rows/row-type.ts says; null is NULL. */
export type ScalarImplementation = {
  /** False: a NULL argument makes the result NULL, and `call` never sees one. */
  readonly takesNulls: boolean;
  readonly call: (...values: never[]) => unknown;
};

/** Where a function is called. */
export type CallSite = {
  readonly arguments: readonly SqlType[];
  readonly result: SqlType;
  /** Key words of the call, as in `EXTRACT(DAY FROM …)`. */
  readonly words: readonly string[];
  readonly session: SqlSession;
};

/** Makes the function for the types of one place in a query. */
export type ScalarFactory = (site: CallSite) => ScalarImplementation;
