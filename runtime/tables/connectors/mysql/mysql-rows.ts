/**
 * Owns: rows of a table of MySQL in its statements and answers: values that it is given, columns that it is asked for, rows that are made of an answer.
 *
 * TBCI1 Dates, times, timestamps and decimals are written as text, with all their digits; timestamps in UTC, as sessions have it.
 * TBCI2 What is read comes as text, too, and is read as the column's declared type: the client library would make numbers and dates of it that have lost digits. FLOAT and DOUBLE
 *     come as DOUBLE, since a FLOAT's own text has six digits.
 */
import { StreamError } from "../../../../base/index.ts";
import { type SqlType, typeText } from "../../../sql/index.ts";
import type { Row } from "../../formats/format.ts";
import type { TableColumn, TableDescription } from "../../table-description.ts";
import { TableError } from "../../table-error.ts";
import { plainDecimal } from "../../values/number-text.ts";
import { scalarText, ValueMisfit } from "../../values/scalar-text.ts";
import { timestampText } from "../../values/time-text.ts";

/** Null: it stays as it is. Of values that are not null. Errors: TableError, for a type that no column has. */
export function columnValue(table: string, { name: column, type }: TableColumn): ((value: never) => unknown) | null {
  switch (type.kind) {
    case "decimal":
      return (value: bigint) => plainDecimal(value, type.scale);
    case "date":
    case "time":
      return scalarText(type, "SQL")?.format ?? null;
    case "timestamp":
    case "timestamp_ltz":
      return (value: number | bigint) => timestampText(value, "SQL");
    case "array":
    case "map":
    case "multiset":
    case "row":
      throw new TableError(table, {
        message: `MySQL has no column of the type of ${column}, ${typeText(type)}`,
        remedy: "Write its parts into columns of their own, or as text.",
        column,
      });
    default:
      return null;
  }
}

/** A name in quotes. */
export const quotedColumn = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

/** `database.table` is two names. */
export const quotedTable = (name: string): string => name.split(".").map(quotedColumn).join(".");

/** `column = ?`, of the value that columnValue gives: compared as the column's type, not as numbers with a fraction. */
export const equality = ({ name, type }: TableColumn): string =>
  type.kind === "decimal"
    ? `${quotedColumn(name)} = cast(? as decimal(${type.precision}, ${type.scale}))`
    : `${quotedColumn(name)} = ?`;

/** TBCI2. With `as`, so that the answer has the columns' names. */
export const selectList = (columns: readonly TableColumn[]): string =>
  columns.length === 0
    ? "1"
    : columns.map((column) => `${selected(column)} as ${quotedColumn(column.name)}`).join(", ");

function selected({ name, type }: TableColumn): string {
  const column = quotedColumn(name);
  switch (type.kind) {
    case "binary":
    case "varbinary":
      return column;
    case "boolean":
      return `(${column} <> 0)`;
    case "float":
    case "double":
      return `(${column} + 0e0)`;
    default:
      return `cast(${column} as char)`;
  }
}

/** A row of an answer. Errors: TableError at once, for a type that no column has; of the rows StreamError with `code`, where the database has other columns than were declared. */
export function rowReader(
  { name: table }: TableDescription,
  columns: readonly TableColumn[],
  code: "LOOKUP_FAILED" | "SOURCE_FAILED",
): (answer: Readonly<Record<string, unknown>>) => Row {
  const readers = columns.map((column) => {
    columnValue(table, column);
    return { name: column.name, type: column.type, read: reader(column.type) };
  });
  return (answer) => {
    const row: Row = {};
    try {
      for (const { name, type, read } of readers) row[name] = valueOf(answer[name], { name, type, read });
    } catch (error) {
      if (!(error instanceof ValueMisfit)) throw error;
      throw new StreamError(
        code,
        `table ${table}: a row cannot be read: ${error.message}; declare the column as the database has it`,
        { destiny: "terminal", cause: error },
      );
    }
    return row;
  };
}

type Reader = { readonly name: string; readonly type: SqlType; readonly read: (value: unknown) => unknown };

function valueOf(value: unknown, { name, type, read }: Reader): unknown {
  if (value === null || value === undefined) {
    if (type.isNullable) return null;
    throw new ValueMisfit(`the column ${name} is ${typeText(type)}, and NULL in the table`);
  }
  try {
    return read(value);
  } catch (error) {
    if (!(error instanceof ValueMisfit)) throw error;
    throw new ValueMisfit(`the column ${name}: ${error.message}`);
  }
}

function reader(type: SqlType): (value: unknown) => unknown {
  switch (type.kind) {
    case "binary":
    case "varbinary":
      return (value) => (typeof value === "string" ? Buffer.from(value) : new Uint8Array(value as Uint8Array));
    case "boolean":
      return (value) => Number(value) !== 0;
    case "double":
      return Number;
    case "float":
      return (value) => Math.fround(Number(value));
    default: {
      const parse = scalarText(type, "SQL")?.parse;
      // Sessions speak UTC.
      const zone = type.kind === "timestamp_ltz" ? "Z" : "";
      return (value) => parse?.(`${String(value)}${zone}`);
    }
  }
}
