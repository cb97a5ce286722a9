/**
 * Owns: what the keys of a table of Redis are, and the format of its values.
 */
import type { Format, Row } from "../../formats/format.ts";
import type { TableOptions } from "../../options/table-options.ts";
import type { TableColumn } from "../../table-description.ts";
import { scalarText } from "../../values/scalar-text.ts";
import type { ConnectorUse } from "../connector.ts";
import { redisFormats } from "./redis-definition.ts";

const TEMPLATE = "key-template";
const PREFIX = "key-prefix";

/** Errors: TableError. */
export function formatOf(options: TableOptions): Format {
  const name = options.text("format");
  const format = redisFormats.find((each) => each.name === name);
  if (format === undefined)
    throw options.refuse(
      "format",
      "the connector redis needs the option 'format': it says how a value is read and written",
      "Add 'format' = 'json', or 'data-type' = 'hash' for a table that is looked up.",
    );
  return format;
}

/** `orders:7:a`. `keys`: names of the key's columns. Errors: TableError, for a key with parts, and a template that is not of the key. */
export function keyText({ table, options }: ConnectorUse, keys: readonly string[]): (row: Row) => string {
  const texts = new Map(
    keys.map((name) => {
      const column = table.columns.find((each) => each.name === name) as TableColumn;
      const scalar = scalarText(column.type, "SQL");
      if (scalar === null)
        throw options.refuse(
          PREFIX,
          `the column ${name} of the key has parts, and so no text`,
          "Take columns without parts as PRIMARY KEY.",
        );
      return [name, scalar.format] as const;
    }),
  );
  const pieces = piecesOf(options, keys);
  return (row) =>
    pieces
      .map(({ text, column }) => (column === null ? text : (texts.get(column)?.(row[column] as never) ?? "")))
      .join("");
}

type Piece = { readonly text: string; readonly column: string | null };

function piecesOf(options: TableOptions, keys: readonly string[]): readonly Piece[] {
  const template = options.text(TEMPLATE);
  if (template === undefined) {
    const between = keys.flatMap((column, index): Piece[] => [
      ...(index === 0 ? [] : [{ text: ":", column: null }]),
      { text: "", column },
    ]);
    return [{ text: options.given(PREFIX), column: null }, ...between];
  }
  if (options.isSet(PREFIX))
    throw options.refuse(PREFIX, "the table has a 'key-template' as well", "Write the prefix into it.");
  const pieces = template
    .split(/(\$\{[^}]*\})/)
    .map((text): Piece => ({ text, column: text.startsWith("${") ? text.slice(2, -1) : null }));
  const named = pieces.flatMap(({ column }) => (column === null ? [] : [column]));
  const unknown = named.find((column) => !keys.includes(column));
  if (unknown !== undefined)
    throw options.refuse(
      TEMPLATE,
      `the template names ${unknown}, which is no column of the PRIMARY KEY`,
      `The key has ${keys.join(", ")}.`,
    );
  const missing = keys.find((column) => !named.includes(column));
  if (missing !== undefined)
    throw options.refuse(
      TEMPLATE,
      `the template lacks ${missing} of the PRIMARY KEY: rows would share a key`,
      `Write \${${missing}} into it.`,
    );
  return pieces;
}
