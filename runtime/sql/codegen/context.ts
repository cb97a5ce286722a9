/**
 * Owns: what the generators of an expression's parts are handed.
 */
import type { TimeZone } from "../functions/time/time-zone.ts";
import type { SqlSession } from "../session.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { Code, Generated } from "./code.ts";

/** Where the code finds the values of columns. */
export type ColumnSource = {
  /** `index`: place in the row that the expression is over. */
  read(code: Code, index: number): Generated;
  /** Of a text column of batches; null: the column is none, or the text is no UTF-8. */
  matchText(code: Code, index: number, match: TextMatch): TextCondition | null;
  /** The text column itself, of batches, whose text is that at the place `r`; null: the column is none. */
  readBytes(code: Code, index: number): Generated | null;
};

export type TextMatch = {
  readonly kind: "equal" | "prefix" | "suffix" | "part";
  readonly text: string;
};

/** That a text has, is or begins with another, found in its bytes: no string is made of it. Where the column is NULL it means nothing. */
export type TextCondition = { readonly condition: string; readonly isNull: string | null };

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
