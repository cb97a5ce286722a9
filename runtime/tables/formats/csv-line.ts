/**
 * Owns: the fields of a line of CSV, and a line of fields.
 *
 * TBCL1 A quoted field keeps everything between its quotes, a doubled quote as one; a field that was quoted is never the null literal.
 * TBCL2 A line is a record: a quoted field does not go on in the next line.
 */
import { RecordMisfit } from "./format.ts";

export type CsvDialect = {
  readonly delimiter: string;
  /** Null: nothing is quoted. */
  readonly quote: string | null;
  readonly escape: string | null;
};

export type CsvField = { readonly text: string; readonly isQuoted: boolean };

/** Errors: RecordMisfit. */
export function csvFields(line: string, dialect: CsvDialect): CsvField[] {
  const { delimiter, quote, escape } = dialect;
  const isSpecial = (quote !== null && line.includes(quote)) || (escape !== null && line.includes(escape));
  if (!isSpecial) return line.split(delimiter).map((text) => ({ text, isQuoted: false }));
  const fields: CsvField[] = [];
  for (let at = 0; ; ) {
    const isQuoted = quote !== null && line.startsWith(quote, at);
    const read = isQuoted ? quotedField(line, at + 1, dialect) : bareField(line, at, dialect);
    fields.push({ text: read.text, isQuoted });
    if (read.end === line.length) return fields;
    at = read.end + 1;
  }
}

type ReadField = { readonly text: string; readonly end: number };

function bareField(line: string, start: number, { delimiter, escape }: CsvDialect): ReadField {
  let text = "";
  let at = start;
  for (; at < line.length && line[at] !== delimiter; at++) {
    if (line[at] === escape && at + 1 < line.length) at++;
    text += line[at];
  }
  return { text, end: at };
}

function quotedField(line: string, start: number, { delimiter, quote, escape }: CsvDialect): ReadField {
  let text = "";
  let at = start;
  for (; ; at++) {
    if (at >= line.length)
      throw new RecordMisfit(
        "a quoted field has no end in its line; a line is a record here, so line ends inside of fields have to be written otherwise",
      );
    const character = line[at] as string;
    if (character === escape && at + 1 < line.length) {
      at++;
      text += line[at];
    } else if (character === quote && line[at + 1] === quote) {
      at++;
      text += quote;
    } else if (character === quote) {
      break;
    } else {
      text += character;
    }
  }
  const end = at + 1;
  if (end < line.length && line[end] !== delimiter)
    throw new RecordMisfit(`after a quoted field comes ${JSON.stringify(line[end])}, not the delimiter`);
  return { text, end };
}

/** `text` as a field; quoted where it would be read as something else. `nullLiteral`: what an unquoted NULL looks like. */
export function csvField(text: string, { delimiter, quote, escape }: CsvDialect, nullLiteral: string | null): string {
  const needsQuotes = text === nullLiteral || text.includes(delimiter) || /[\r\n]/.test(text) || /^\s|\s$/.test(text);
  const hasSpecial = (quote !== null && text.includes(quote)) || (escape !== null && text.includes(escape));
  if (!needsQuotes && !hasSpecial) return text;
  if (/[\r\n]/.test(text))
    throw new RecordMisfit(`${JSON.stringify(text)} has a line end in it, and a line is a record of csv; use json`);
  if (quote === null) {
    if (escape === null && text.includes(delimiter))
      throw new RecordMisfit(
        `${JSON.stringify(text)} has the delimiter in it, and nothing is quoted; choose another delimiter, or use quotes`,
      );
    return escape === null
      ? text
      : Array.from(text, (each) => (each === delimiter || each === escape ? escape + each : each)).join("");
  }
  const escaped = escape === null ? text : text.replaceAll(escape, escape + escape);
  return quote + escaped.replaceAll(quote, quote + quote) + quote;
}
