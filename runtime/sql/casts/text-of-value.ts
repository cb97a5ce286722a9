/**
 * Owns: any value as a text, as CAST(… AS STRING) gives it.
 *
 * SQXT1 As in Flink: TRUE; [1, NULL]; {key=value}; (1, abc).
 * SQXT2 For people bytes are `x'00ff'`, whatever they are. Bytes inside of others that are no UTF-8 are so for everybody.
 */
import { unreachable } from "../../../base/index.ts";
import type { TimeZone } from "../functions/time/time-zone.ts";
import type { SqlType } from "../types/sql-type.ts";
import { textOfDecimal } from "./decimals.ts";
import { textOfDouble, textOfFloat } from "./number-texts.ts";
import { textOfDate, textOfMilliseconds, textOfMonths, textOfTime, textOfTimestamp } from "./time-texts.ts";
import { inZone } from "./zoned-times.ts";

/** Undefined: bytes that are no UTF-8. */
type ToText = (value: never) => string | undefined;

/** What a text is for: CAST, or to be shown (SQXT2). */
export type TextUse = "value" | "people";

/** Of values that are not NULL. A DATE alone is milliseconds, inside of others a Date (functions/scalar-implementation.ts). */
export function textOf(type: SqlType, zone: TimeZone, use: TextUse): ToText {
  switch (type.kind) {
    case "boolean":
      return (value: boolean) => (value ? "TRUE" : "FALSE");
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
      return (value: number | bigint) => String(value);
    case "float":
      return textOfFloat;
    case "double":
      return textOfDouble;
    case "decimal":
      return (value: bigint) => textOfDecimal(value, type.scale);
    case "char":
    case "varchar":
      return (value: string) => value;
    case "binary":
    case "varbinary":
      return use === "people" ? hexOf : decoded;
    case "date":
      return textOfDate;
    case "time":
      return (value: number) => textOfTime(value, Math.min(3, type.precision));
    case "timestamp":
      return (value: number | bigint) => textOfTimestamp(value, type.precision);
    case "timestamp_ltz":
      return (value: number | bigint) => textOfTimestamp(inZone(value, zone), type.precision);
    case "interval":
      return type.unit === "month" ? textOfMonths : textOfMilliseconds;
    default:
      return textOfParts(type, zone, use);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    // The only failure of a fatal decoder.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

const hexOf = (bytes: Uint8Array): string => `x'${Buffer.from(bytes).toString("hex")}'`;

type Nested = SqlType & { readonly kind: "array" | "multiset" | "map" | "row" };

function textOfParts(type: Nested, zone: TimeZone, use: TextUse): ToText {
  switch (type.kind) {
    case "array": {
      const element = partText(type.element, zone, use);
      return (items: readonly unknown[]) => `[${items.map(element).join(", ")}]`;
    }
    case "multiset":
    case "map": {
      const key = partText(type.kind === "map" ? type.key : type.element, zone, use);
      const value = type.kind === "map" ? partText(type.value, zone, use) : String;
      return (entries: ReadonlyMap<unknown, unknown>) =>
        `{${[...entries].map(([name, item]) => `${key(name)}=${value(item)}`).join(", ")}}`;
    }
    case "row": {
      const fields = type.fields.map((field) => ({ name: field.name, text: partText(field.type, zone, use) }));
      return (row: Readonly<Record<string, unknown>>) =>
        `(${fields.map(({ name, text }) => text(row[name])).join(", ")})`;
    }
    default:
      return unreachable(type);
  }
}

function partText(type: SqlType, zone: TimeZone, use: TextUse): (value: unknown) => string {
  const text = textOf(type, zone, use);
  return (value) => {
    if (value === null) return "NULL";
    return text((type.kind === "date" ? (value as Date).getTime() : value) as never) ?? hexOf(value as Uint8Array);
  };
}
