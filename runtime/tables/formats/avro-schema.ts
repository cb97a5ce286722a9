/**
 * Owns: the schema of Avro that a table's columns have, as Flink derives it, and the declared type that goes with it.
 *
 * TBCV1 A nullable column is a union with null, whose default is null. Nested records are named by their path, as Avro wants each name once.
 */
import { t, type ValueType } from "../../record/index.ts";
import { rowTypeOf, type SqlType, typeText } from "../../sql/index.ts";
import { ValueMisfit } from "../values/scalar-text.ts";
import { MILLISECOND_DIGITS } from "../values/time-text.ts";

type Named = { readonly name: string; readonly type: SqlType };
type Fields = { readonly [name: string]: ValueType<unknown> };

export type AvroShape = {
  readonly schema: object;
  readonly type: ValueType<Record<string, unknown>>;
  /** Columns that are days since 1970 in Avro, and dates in rows. */
  readonly dates: readonly string[];
};

/** `isLegacy`: a TIMESTAMP is written as an instant in UTC, as in Flink unless told otherwise. Errors: ValueMisfit. */
export function avroShape(columns: readonly Named[], isLegacy: boolean): AvroShape {
  const dates = columns.filter(({ type }) => type.kind === "date").map(({ name }) => name);
  const declared = rowTypeOf(columns);
  const fields: Fields = Object.fromEntries(
    (declared.fields ?? []).map(({ name, type }) => {
      const days = type.nullable ? t.nullable(t.int32) : t.int32;
      return [name, dates.includes(name) ? days : type];
    }),
  );
  const schema = recordSchema("record", columns, { isLegacy, isNested: false });
  return { schema: { ...schema, namespace: "org.apache.flink.avro.generated" }, type: t.record(fields), dates };
}

type Context = { readonly isLegacy: boolean; readonly isNested: boolean };

function recordSchema(name: string, columns: readonly Named[], context: Context): object {
  return {
    type: "record",
    name,
    fields: columns.map((column) => ({
      name: checkedName(column.name),
      type: schemaOf(column.type, `${name}_${column.name}`, context),
      ...(column.type.isNullable ? { default: null } : {}),
    })),
  };
}

function checkedName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new ValueMisfit(`${JSON.stringify(name)} is no name in Avro, which has letters of ASCII, digits and _`);
}

function schemaOf(type: SqlType, name: string, context: Context): unknown {
  const schema = bareSchema(type, name, context);
  return type.isNullable ? ["null", schema] : schema;
}

function bareSchema(type: SqlType, name: string, context: Context): unknown {
  const nested = { ...context, isNested: true };
  switch (type.kind) {
    case "boolean":
      return "boolean";
    case "tinyint":
    case "smallint":
    case "int":
      return "int";
    case "bigint":
      return "long";
    case "float":
    case "double":
      return type.kind;
    case "char":
    case "varchar":
      return "string";
    case "binary":
    case "varbinary":
      return "bytes";
    case "decimal":
      return { type: "bytes", logicalType: "decimal", precision: type.precision, scale: type.scale };
    case "time":
      return { type: "int", logicalType: "time-millis" };
    case "date":
      if (context.isNested) throw new ValueMisfit("a DATE within another value is not read or written in Avro");
      return { type: "int", logicalType: "date" };
    case "timestamp":
    case "timestamp_ltz": {
      if (type.precision > MILLISECOND_DIGITS)
        throw new ValueMisfit(`${typeText(type)} is finer than the milliseconds of Avro`);
      const isLocal = type.kind === "timestamp" && !context.isLegacy;
      return { type: "long", logicalType: isLocal ? "local-timestamp-millis" : "timestamp-millis" };
    }
    case "array":
      return { type: "array", items: schemaOf(type.element, name, nested) };
    case "map":
      if (type.key.kind !== "varchar" && type.key.kind !== "char")
        throw new ValueMisfit("a map of Avro has strings as keys");
      return { type: "map", values: schemaOf(type.value, name, nested) };
    case "row":
      return recordSchema(name, type.fields, nested);
    default:
      throw new ValueMisfit(`${typeText(type)} is not in Avro`);
  }
}
