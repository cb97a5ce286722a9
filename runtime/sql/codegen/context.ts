/**
 * Owns: what the generators of an expression's parts are handed.
 */
import type { TimeZone } from "../casts/time-zone.ts";
import type { SqlSession } from "../session.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { Code, Generated } from "./code.ts";

/** Where the code finds the values of columns. */
export type ColumnSource = {
  /** `index`: place in the row that the expression is over. */
  read(code: Code, index: number): Generated;
  /** A condition that a text column's bytes are those of a text, without making a string of them; null: there is none, or the column's rows are no batch. */
  matches(code: Code, index: number, text: string): string | null;
};

export type GeneratorContext = {
  readonly code: Code;
  readonly source: ColumnSource;
  readonly session: SqlSession;
  readonly zone: TimeZone;
  readonly generate: (expression: TypedExpression) => Generated;
};

export type Call = TypedExpression & { readonly kind: "call" };

/** Of a part that has a type by now: NULL has that of what is beside it. */
export const typeOf = ({ type }: TypedExpression): SqlType => {
  if (type.kind === "null") throw new TypeError("an expression that is run has a type");
  return type;
};
