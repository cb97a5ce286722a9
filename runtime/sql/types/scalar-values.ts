/**
 * Owns: the value types of those types of SQL whose values are the same everywhere: in streams (value-types.ts), and in the rows of a running query (rows/row-type.ts).
 * Not here: times and intervals, of which a running query has more than a stream, and what has parts.
 */
import { t, type ValueType } from "../../record/index.ts";
import type { SqlType } from "./sql-type.ts";
import type { KindOf } from "./type-families.ts";

const byKind = {
  boolean: t.boolean,
  tinyint: t.int32,
  smallint: t.int32,
  int: t.int32,
  bigint: t.bigint,
  float: t.float64,
  double: t.float64,
  char: t.string,
  varchar: t.string,
  binary: t.bytes,
  varbinary: t.bytes,
  date: t.date,
} as const satisfies Partial<Record<SqlType["kind"], ValueType<unknown>>>;

type Scalar = KindOf<keyof typeof byKind | "decimal">;

export const isScalar = (type: SqlType): type is Scalar => type.kind === "decimal" || Object.hasOwn(byKind, type.kind);

/** Whether it may be NULL is left out. */
export const scalarTypeOf = (type: Scalar): ValueType<unknown> =>
  type.kind === "decimal" ? t.decimal(type.scale) : byKind[type.kind];
