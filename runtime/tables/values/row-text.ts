/**
 * Owns: rows as Flink's print connector shows them: `+I[1, a]`.
 *
 * TBCR1 A value is shown as Java prints the class that Flink turns it into: LocalDateTime, Instant, BigDecimal, byte[], …
 */
import { unreachable } from "../../../base/index.ts";
import { rowKindTexts } from "../../record/index.ts";
import type { SqlType } from "../../sql/index.ts";
import { dateText, javaInstant, javaTime, javaTimestamp } from "./time-text.ts";
import { decimalText, doubleText, floatText } from "./number-text.ts";

type Text = (value: never) => string;
type Named = { readonly name: string; readonly type: SqlType };
type Row = Readonly<Record<string, unknown>>;

const MS_PER_SECOND = 1000;

/** The text of a row and its kind. */
export function rowText(columns: readonly Named[]): (row: Row, kind: number) => string {
  const fields = fieldsText(columns);
  return (row, kind) => `${rowKindTexts[kind]}[${fields(row)}]`;
}

function fieldsText(columns: readonly Named[]): (row: Row) => string {
  const texts = columns.map(({ name, type }) => ({ name, text: valueText(type) }));
  return (row) => texts.map(({ name, text }) => text(row[name] as never)).join(", ");
}

/** Of a value that may be null. */
function valueText(type: SqlType): Text {
  const text = bareText(type);
  return (value) => (value === null ? "null" : text(value));
}

function bareText(type: SqlType): Text {
  switch (type.kind) {
    case "boolean":
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
    case "char":
    case "varchar":
      return String;
    case "float":
      return floatText;
    case "double":
      return doubleText;
    case "decimal":
      return (value: bigint) => decimalText(value, type.scale);
    case "binary":
    case "varbinary":
      return (value: Uint8Array) => `[${Array.from(value, (byte) => (byte << 24) >> 24).join(", ")}]`;
    case "date":
      return (value: Date) => dateText(value.getTime());
    case "time":
      return (value: number) => javaTime(value);
    case "timestamp":
      return javaTimestamp;
    case "timestamp_ltz":
      return javaInstant;
    case "interval":
      return type.unit === "month" ? periodText : secondsText;
    case "array": {
      const element = valueText(type.element);
      return (value: readonly unknown[]) => `[${value.map((each) => element(each as never)).join(", ")}]`;
    }
    case "multiset":
      return mapText(valueText(type.element), String);
    case "map":
      return mapText(valueText(type.key), valueText(type.value));
    case "row": {
      const fields = fieldsText(type.fields);
      return (value: Row) => `${rowKindTexts[0]}[${fields(value)}]`;
    }
    default:
      return unreachable(type);
  }
}

function mapText(key: Text, value: Text): Text {
  return (map: ReadonlyMap<unknown, unknown>) =>
    `{${[...map].map(([from, to]) => `${key(from as never)}=${value(to as never)}`).join(", ")}}`;
}

/** As `Period`: `P1Y2M`. */
function periodText(months: number): string {
  const years = Math.trunc(months / 12);
  const rest = months % 12;
  if (months === 0) return "P0D";
  return `P${years === 0 ? "" : `${years}Y`}${rest === 0 ? "" : `${rest}M`}`;
}

/** As `Duration`: `PT1H30M5.5S`. */
function secondsText(ms: number): string {
  if (ms === 0) return "PT0S";
  const seconds = Math.trunc(ms / MS_PER_SECOND);
  const hours = Math.trunc(seconds / 3600);
  const minutes = Math.trunc((seconds % 3600) / 60);
  const rest = (ms - (hours * 3600 + minutes * 60) * MS_PER_SECOND) / MS_PER_SECOND;
  return `PT${hours === 0 ? "" : `${hours}H`}${minutes === 0 ? "" : `${minutes}M`}${rest === 0 ? "" : `${rest}S`}`;
}
