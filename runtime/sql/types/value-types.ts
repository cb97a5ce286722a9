/**
 * Owns: which type of values of the API (`t.record(…)`) a type of SQL is in a stream, and the other way round.
 * Does not own: how values are converted.
 * Called by: whoever makes a stream of a table, or a table of a stream.
 *
 * SQVT1 No value is changed on the way: BIGINT is `t.bigint`, and finer times than milliseconds are refused. What has no counterpart is refused
 *       by its name, with what to write instead.
 * SQVT2 A Date of a stream is an instant, and a DATE of a table a Date at midnight UTC. TIME is a number of milliseconds since midnight, TIMESTAMP of those since 1970-01-01 00:00:00 on the same
 *       calendar, TIMESTAMP_LTZ of those since that instant in UTC.
 * SQVT3 There and back again is the same: a value type becomes a type of SQL whose own value type becomes that type of SQL again.
 * SQVT4 A NULL in a stream is null. A field that a record may lack has no column: it is refused.
 */
import { StreamError } from "../../../base/index.ts";
import { describeType, itemOf, keyOf, type Literal, literalsOf, t, type ValueType } from "../../record/index.ts";
import { isScalar, scalarTypeOf } from "./scalar-values.ts";
import { DECIMAL_PRECISION_MAX, type SqlType, STRING_LENGTH } from "./sql-type.ts";
import { type KindOf, refuse, shownType, type TypeRefusal, withNullability } from "./type-families.ts";

type Value = ValueType<unknown>;

/** Digits of a second that a number of milliseconds has. */
const MILLISECOND_DIGITS = 3;
const INT_MAX = 2 ** 31 - 1;

/** What the values of a type are in a stream. */
export function valueTypeOf(type: SqlType): Value | TypeRefusal {
  return valueAt("", type);
}

/** What the values of a stream are in a table. */
export function sqlTypeOf(type: Value): SqlType | TypeRefusal {
  return sqlAt("", type);
}

/** `path`: from the whole, as in `.address.since[]`. */
function valueAt(path: string, type: SqlType): Value | TypeRefusal {
  const value = bareValueAt(path, type);
  return value.kind === "refused" || !type.isNullable ? value : t.nullable(value);
}

function bareValueAt(path: string, type: SqlType): Value | TypeRefusal {
  if (isScalar(type)) return scalarTypeOf(type);
  switch (type.kind) {
    case "time":
    case "timestamp":
    case "timestamp_ltz":
      return timeAt(path, type);
    case "interval":
      return refuseAt(
        path,
        shownType(type),
        `An interval has no type in a stream: select CAST(… AS ${type.unit === "month" ? "INT), its months." : "BIGINT), its milliseconds."}`,
      );
    default:
      return nestedValueAt(path, type);
  }
}

function timeAt(path: string, type: KindOf<"time" | "timestamp" | "timestamp_ltz">): Value | TypeRefusal {
  if (type.precision > MILLISECOND_DIGITS)
    return refuseAt(
      path,
      shownType(type),
      `Times have milliseconds in a stream: select CAST(… AS ${shownType({ ...type, precision: MILLISECOND_DIGITS })}).`,
    );
  return type.kind === "time" ? t.int32 : t.timestamp;
}

function nestedValueAt(path: string, type: KindOf<"array" | "multiset" | "map" | "row">): Value | TypeRefusal {
  switch (type.kind) {
    case "array": {
      const item = valueAt(`${path}[]`, type.element);
      return item.kind === "refused" ? item : t.list(item);
    }
    case "multiset":
      return mapAt(path, type.element, t.int32);
    case "map": {
      const value = valueAt(`${path}[]`, type.value);
      return value.kind === "refused" ? value : mapAt(path, type.key, value);
    }
    default: {
      const fields: Record<string, Value> = Object.create(null);
      for (const field of type.fields) {
        const value = valueAt(`${path}.${field.name}`, field.type);
        if (value.kind === "refused") return value;
        fields[field.name] = value;
      }
      return madeOrRefused(path, type, () => t.record(fields));
    }
  }
}

/** A map of a stream has no NULL among its keys, whatever the type in SQL says. */
function mapAt(path: string, keys: SqlType, value: Value): Value | TypeRefusal {
  const key = valueAt(`${path}[key]`, withNullability(keys, false));
  if (key.kind === "refused") return key;
  return madeOrRefused(`${path}[key]`, keys, () => t.map(key as ValueType<Literal | bigint>, value));
}

/** What `t` takes is `t`'s to say: names of fields, their number, keys of maps. */
function madeOrRefused(path: string, type: SqlType, make: () => Value): Value | TypeRefusal {
  try {
    return make();
  } catch (error) {
    if (error instanceof StreamError && error.code === "OPTION_INVALID")
      return refuseAt(path, shownType(type), `${error.message}.`);
    throw error;
  }
}

function sqlAt(path: string, type: Value): SqlType | TypeRefusal {
  const sql = bareSqlAt(path, type);
  return sql.kind === "refused" ? sql : withNullability(sql, type.nullable);
}

const instant = { kind: "timestamp_ltz", isNullable: false, precision: MILLISECOND_DIGITS } as const;

function bareSqlAt(path: string, type: Value): SqlType | TypeRefusal {
  const isNullable = false;
  switch (type.kind) {
    case "string":
      return { kind: "varchar", isNullable, length: STRING_LENGTH };
    case "bytes":
      return { kind: "varbinary", isNullable, length: STRING_LENGTH };
    case "int32":
      return { kind: "int", isNullable };
    case "int64":
    case "bigint":
      return { kind: "bigint", isNullable };
    case "float64":
      return { kind: "double", isNullable };
    case "boolean":
      return { kind: "boolean", isNullable };
    case "timestamp":
    case "date":
      return instant;
    case "decimal": {
      const { scale = 0 } = type;
      return scale <= DECIMAL_PRECISION_MAX
        ? { kind: "decimal", isNullable, precision: DECIMAL_PRECISION_MAX, scale }
        : refuseAt(
            path,
            describeType(type),
            `A DECIMAL has at most ${DECIMAL_PRECISION_MAX} digits: use a smaller scale.`,
          );
    }
    case "literal":
      return literalAt(path, type);
    case "any":
      return refuseAt(path, describeType(type), "A column has a declared type: use t.string, t.record(…) or another.");
    default:
      return nestedSqlAt(path, type);
  }
}

function literalAt(path: string, type: Value): SqlType | TypeRefusal {
  const isNullable = false;
  const literals = literalsOf(type);
  if (literals.every((each) => typeof each === "string")) return { kind: "varchar", isNullable, length: STRING_LENGTH };
  if (literals.every((each) => typeof each === "boolean")) return { kind: "boolean", isNullable };
  if (literals.every((each) => typeof each === "number")) {
    if (!literals.every(Number.isSafeInteger)) return { kind: "double", isNullable };
    return { kind: literals.every((each) => Math.abs(each) <= INT_MAX) ? "int" : "bigint", isNullable };
  }
  return refuseAt(
    path,
    describeType(type),
    "A column has values of one kind: only strings, only numbers or only booleans.",
  );
}

function nestedSqlAt(path: string, type: Value): SqlType | TypeRefusal {
  const isNullable = false;
  if (type.kind === "list") {
    const element = sqlAt(`${path}[]`, itemOf(type));
    return element.kind === "refused" ? element : { kind: "array", isNullable, element };
  }
  if (type.kind === "map") {
    const key = sqlAt(`${path}[key]`, keyOf(type));
    if (key.kind === "refused") return key;
    const value = sqlAt(`${path}[]`, itemOf(type));
    return value.kind === "refused" ? value : { kind: "map", isNullable, key, value };
  }
  const fields: { readonly name: string; readonly type: SqlType }[] = [];
  for (const { name, type: field, optional } of type.fields ?? []) {
    if (optional === true)
      return refuseAt(`${path}.${name}`, describeType(field), "A column is always there: use t.nullable(…), and null.");
    const sql = sqlAt(`${path}.${name}`, field);
    if (sql.kind === "refused") return sql;
    fields.push({ name, type: sql });
  }
  return { kind: "row", isNullable, fields };
}

function refuseAt(path: string, what: string, remedy: string): TypeRefusal {
  const place = path === "" ? what : `${path.replace(/^\./, "")} of type ${what}`;
  return refuse(`${place} cannot be converted between tables and streams`, remedy);
}
