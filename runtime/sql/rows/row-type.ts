/**
 * Owns: which values are in the rows of a running query, for each type of SQL.
 *
 * SQRT1 As in streams (types/value-types.ts), so that a stream becomes a table at no cost: BIGINT a bigint, DECIMAL the bigint of its smallest unit, DATE a date at
 *     midnight UTC, TIME milliseconds of the day, TIMESTAMP(0 … 3) and TIMESTAMP_LTZ(0 … 3) epoch milliseconds.
 * SQRT2 What has no type in streams has one here: finer times are decimals of seconds with 9 digits (a bigint of nanoseconds), INTERVAL a number of months (int32) or of
 *     milliseconds (int64).
 * SQRT3 NULL is no key of a map and no element of a multiset, whatever their types say.
 */
import { unreachable } from "../../../base/index.ts";
import { t, type ValueType } from "../../record/index.ts";
import { isScalar, scalarTypeOf } from "../types/scalar-values.ts";
import type { SqlType } from "../types/sql-type.ts";

type Value = ValueType<unknown>;

/** Digits of a second that a number of milliseconds has. */
const MILLISECOND_DIGITS = 3;
const NANOSECOND_DIGITS = 9;

export function rowTypeOf(columns: readonly { readonly name: string; readonly type: SqlType }[]): Value {
  return t.record(Object.fromEntries(columns.map(({ name, type }) => [name, columnTypeOf(type)]))) as Value;
}

export function columnTypeOf(type: SqlType): Value {
  const value = bareTypeOf(type);
  return type.isNullable ? t.nullable(value) : value;
}

function bareTypeOf(type: SqlType): Value {
  if (isScalar(type)) return scalarTypeOf(type);
  switch (type.kind) {
    case "time":
      return t.int32;
    case "timestamp":
    case "timestamp_ltz":
      return type.precision <= MILLISECOND_DIGITS ? t.timestamp : t.decimal(NANOSECOND_DIGITS);
    case "interval":
      return type.unit === "month" ? t.int32 : t.int64;
    case "array":
      return t.list(columnTypeOf(type.element));
    case "multiset":
      return t.map(bareTypeOf(type.element) as never, t.int32);
    case "map":
      return t.map(bareTypeOf(type.key) as never, columnTypeOf(type.value));
    case "row":
      return rowTypeOf(type.fields);
    default:
      return unreachable(type);
  }
}
