/**
 * Owns: values and names as SQL text, and where the placeholders of a statement are. Pure.
 *
 * MST1 Text goes through the client library's escaping, for sessions without NO_BACKSLASH_ESCAPES (session.ts); objects are refused, since
 *      libraries write them as assignments.
 * MST2 A `?` within quotes or a comment is no placeholder.
 */
import { escape, escapeId } from "mysql2";
import type { ValueType } from "../../record/index.ts";

/** What a value cannot be written as; the caller says where. */
export class ValueUnwritable extends Error {}

/** A table's or column's name in quotes; `database.table` is two names. */
export function quotedName(name: string): string {
  return escapeId(name);
}

/** A column's name in quotes, dots and all. */
export function quotedColumn(name: string): string {
  return escapeId(name, true);
}

/** A text or number of ours. */
export function literal(value: string | number): string {
  return escape(value);
}

/** The literal of a value, by its declared type where there is one (`t.timestamp`, `t.decimal`). Errors: ValueUnwritable. */
export function valueText(value: unknown, type?: ValueType<unknown>): string {
  if (value === null || value === undefined) return "NULL";
  switch (typeof value) {
    case "string":
      return escape(value);
    case "boolean":
      return value ? "1" : "0";
    case "bigint":
      return type?.kind === "decimal" ? decimalText(value, type.scale ?? 0) : String(value);
    case "number":
      if (!Number.isFinite(value)) throw new ValueUnwritable(`${value} is not a number that SQL knows`);
      return type?.kind === "timestamp" ? momentText(new Date(value)) : String(value);
    default:
      if (value instanceof Date) return momentText(value);
      if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString("hex")}'`;
      throw new ValueUnwritable(
        `${Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`} is no value of a column; give a string, number, bigint, boolean, Date, bytes or null (JSON.stringify for a JSON column)`,
      );
  }
}

/** In UTC, as sessions have it. */
function momentText(moment: Date): string {
  if (Number.isNaN(moment.getTime())) throw new ValueUnwritable("an invalid date has no text");
  const text = moment.toISOString();
  if (!/^\d{4}-/.test(text)) throw new ValueUnwritable(`${text} is outside the years that MySQL knows`);
  return `'${text.slice(0, 10)} ${text.slice(11, 23)}'`;
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
}

/** What stands before, between and after the placeholders of a statement (MST2): one piece more than there are placeholders. */
export function piecesBetweenPlaceholders(sql: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  // Each alternative is something that a `?` may stand in; the last one is a placeholder.
  const tokens = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|--[ \t][^\n]*|#[^\n]*|\/\*[^]*?\*\/|\?/g;
  for (const { 0: token, index } of sql.matchAll(tokens)) {
    if (token !== "?") continue;
    pieces.push(sql.slice(from, index));
    from = index + 1;
  }
  pieces.push(sql.slice(from));
  return pieces;
}
