/**
 * Owns: values of SQL as JSON: JSON_STRING, and the values in JSON_OBJECT and JSON_ARRAY.
 *
 * SQUW1 As in Flink: numbers are numbers, times are texts of ISO 8601 (an instant ends in Z), bytes are base64, ROW and MAP are objects, NULL is null. What JSON has no number for (NaN,
 *     Infinity) is a text.
 */
import { unreachable } from "../../../../base/index.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { KindOf, OperandType } from "../../types/type-families.ts";
import { textOfDecimal } from "../../casts/decimals.ts";
import { textOfDouble, textOfFloat } from "../../casts/number-texts.ts";
import { datePattern } from "../time/date-pattern.ts";
import { millisecondsOf, type MomentValue, nanosOf } from "../time/moments.ts";

/** Of a value that is not NULL. */
type ToJson = (value: never) => string;

/** The JSON of a value of the type, also of NULL. */
export function jsonText(type: OperandType): (value: unknown) => string {
  if (type.kind === "null") return () => "null";
  const write = writerOf(type) as (value: unknown) => string;
  return (value) => (value === null ? "null" : write(value));
}

function writerOf(type: SqlType): ToJson {
  switch (type.kind) {
    case "boolean":
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
      return String;
    case "float":
      return numberWriter(textOfFloat);
    case "double":
      return numberWriter(textOfDouble);
    case "decimal":
      return (value: bigint) => textOfDecimal(value, type.scale);
    case "char":
    case "varchar":
      return (value: string) => JSON.stringify(value);
    case "binary":
    case "varbinary":
      return (bytes: Uint8Array) => `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}"`;
    case "date":
    case "time":
    case "timestamp":
    case "timestamp_ltz":
      return momentWriter(type.kind);
    case "interval":
      return String;
    case "array":
      return (items: readonly unknown[]) => `[${items.map(jsonText(type.element)).join(",")}]`;
    case "multiset":
      return entriesWriter(String);
    case "map":
      return entriesWriter(jsonText(type.value));
    case "row":
      return rowWriter(type);
    default:
      return unreachable(type);
  }
}

/** With a point, as Java writes it; so JSON_STRING(1E0) is 1.0. */
const numberWriter =
  (textOf: (value: number) => string): ToJson =>
  (value: number) =>
    Number.isFinite(value) ? textOf(value) : `"${value}"`;

const forms = {
  date: datePattern("yyyy-MM-dd"),
  time: datePattern("HH:mm:ss"),
  timestamp: datePattern("yyyy-MM-dd'T'HH:mm:ss"),
} as const;

/** The fraction has as many digits as it needs, in threes. */
function momentWriter(kind: "date" | "time" | "timestamp" | "timestamp_ltz"): ToJson {
  const form = forms[kind === "timestamp_ltz" ? "timestamp" : kind];
  const end = kind === "timestamp_ltz" ? "Z" : "";
  return (value: MomentValue) => {
    const [milliseconds, nanos] = [millisecondsOf(value), nanosOf(value)];
    const rest = ((milliseconds % 1000) + 1000) % 1000;
    const digits = String(rest).padStart(3, "0") + String(nanos).padStart(6, "0");
    const fraction = kind === "date" ? "" : digits.replace(/(?:000)+$/, "");
    return `"${form.write(milliseconds, 0, null)}${fraction === "" ? "" : `.${fraction}`}${end}"`;
  };
}

const entriesWriter =
  (write: (value: unknown) => string): ToJson =>
  (entries: ReadonlyMap<unknown, unknown>) =>
    `{${Array.from(entries, ([key, value]) => `${JSON.stringify(String(key))}:${write(value)}`).join(",")}}`;

function rowWriter({ fields }: KindOf<"row">): ToJson {
  const writers = fields.map(({ name, type }) => ({ name, start: `${JSON.stringify(name)}:`, write: jsonText(type) }));
  return (row: Readonly<Record<string, unknown>>) =>
    `{${writers.map(({ name, start, write }) => start + write(row[name])).join(",")}}`;
}
