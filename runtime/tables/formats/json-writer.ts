/**
 * Owns: rows of declared types as the text of a JSON object.
 *
 * TBCW1 Digits are as Flink writes them: `1.0` for a DOUBLE, all of a BIGINT or DECIMAL; NaN and Infinity, which JSON does not have, as strings.
 */
import { unreachable } from "../../../base/index.ts";
import { type SqlType, typeText } from "../../sql/index.ts";
import { plainDecimal } from "../values/number-text.ts";
import { scalarText, ValueMisfit } from "../values/scalar-text.ts";
import type { TimestampStandard } from "../values/time-text.ts";

export type JsonWriting = {
  readonly standard: TimestampStandard;
  readonly nullKeys: "FAIL" | "DROP" | "LITERAL";
  readonly nullKeyLiteral: string;
  /** DECIMALs without exponent. */
  readonly plainDecimals: boolean;
  readonly ignoresNulls: boolean;
};

type Write = (value: never) => string;
type Row = Readonly<Record<string, unknown>>;
type Named = { readonly name: string; readonly type: SqlType };

/** Errors: ValueMisfit, for a type that JSON does not have. */
export function jsonObjectWriter(columns: readonly Named[], writing: JsonWriting): (row: Row) => string {
  const fields = columns.map(({ name, type }) => ({
    name,
    label: `${JSON.stringify(name)}:`,
    write: jsonWriter(type, writing),
  }));
  const { ignoresNulls } = writing;
  return (row) => {
    let text = "";
    for (const { name, label, write } of fields) {
      const value = row[name];
      if (value === null && ignoresNulls) continue;
      text += `${text === "" ? "" : ","}${label}${value === null ? "null" : write(value as never)}`;
    }
    return `{${text}}`;
  };
}

function nullable(type: SqlType, writing: JsonWriting): (value: unknown) => string {
  const write = jsonWriter(type, writing);
  return (value) => (value === null ? "null" : write(value as never));
}

function jsonWriter(type: SqlType, writing: JsonWriting): Write {
  switch (type.kind) {
    case "boolean":
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
    case "interval":
      return String;
    case "float":
    case "double": {
      const { format } = scalarOf(type, writing);
      return (value: number) => (Number.isFinite(value) ? format(value as never) : `"${value}"`);
    }
    case "decimal":
      return writing.plainDecimals
        ? (value: bigint) => plainDecimal(value, type.scale)
        : scalarOf(type, writing).format;
    case "char":
    case "varchar":
      return (value: string) => JSON.stringify(value);
    case "binary":
    case "varbinary":
    case "date":
    case "time":
    case "timestamp":
    case "timestamp_ltz": {
      const { format } = scalarOf(type, writing);
      return (value) => `"${format(value)}"`;
    }
    case "array": {
      const write = nullable(type.element, writing);
      return (value: readonly unknown[]) => `[${value.map(write).join(",")}]`;
    }
    case "multiset":
      return mapWriter(type.element, String, writing);
    case "map":
      return mapWriter(type.key, nullable(type.value, writing), writing);
    case "row":
      return jsonObjectWriter(type.fields, writing);
    default:
      return unreachable(type);
  }
}

function mapWriter(keyType: SqlType, write: (value: unknown) => string, writing: JsonWriting): Write {
  const { format } = scalarOf(keyType, writing);
  const keyOf = (key: unknown): string | null => {
    if (key !== null) return format(key as never);
    if (writing.nullKeys === "FAIL")
      throw new ValueMisfit("a map has NULL as a key; choose 'DROP' or 'LITERAL' as map-null-key.mode");
    return writing.nullKeys === "DROP" ? null : writing.nullKeyLiteral;
  };
  return (map: ReadonlyMap<unknown, unknown>) => {
    const entries = [...map].flatMap(([from, value]) => {
      const key = keyOf(from);
      return key === null ? [] : [`${JSON.stringify(key)}:${write(value)}`];
    });
    return `{${entries.join(",")}}`;
  };
}

function scalarOf(type: SqlType, { standard }: JsonWriting): NonNullable<ReturnType<typeof scalarText>> {
  const scalar = scalarText(type, standard);
  if (scalar === null) throw new ValueMisfit(`${typeText(type)} has parts, and a key of JSON has none`);
  return scalar;
}
