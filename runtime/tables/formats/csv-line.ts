/**
 * Owns: the fields of a line of CSV, and a line of fields.
 *
 * TBCL1 A quoted field keeps everything between its quotes, a doubled quote as one; a field that was quoted is never the null literal.
 * TBCL3 What nobody reads of a line is not made a text of.
 * TBCL2 A line is a record: a quoted field does not go on in the next line.
 */
import { RecordMisfit } from "./format.ts";

export type CsvDialect = {
  readonly delimiter: string;
  /** Null: nothing is quoted. */
  readonly quote: string | null;
  readonly escape: string | null;
};

/** Reads one line after the other. */
export class CsvLines {
  readonly #dialect: CsvDialect;
  readonly #isWanted: readonly boolean[];
  /** Of the line that was read last, by place; fields that are not wanted, or were not there, have what they had before. */
  readonly texts: string[] = [];
  readonly quoted: boolean[] = [];

  /** `isWanted`: by place. Fields behind these are only counted (TBCL3). */
  constructor(dialect: CsvDialect, isWanted: readonly boolean[]) {
    this.#dialect = dialect;
    this.#isWanted = isWanted;
  }

  /** The number of fields. Errors: RecordMisfit. */
  read(line: string): number {
    const { delimiter, quote, escape } = this.#dialect;
    const isSpecial = (quote !== null && line.includes(quote)) || (escape !== null && line.includes(escape));
    if (isSpecial) return this.#readSpecial(line);
    const isWanted = this.#isWanted;
    let place = 0;
    for (let at = 0; ; place++) {
      const found = line.indexOf(delimiter, at);
      if (isWanted[place] === true) this.#put(place, line.slice(at, found < 0 ? line.length : found), false);
      if (found < 0) return place + 1;
      at = found + 1;
    }
  }

  #readSpecial(line: string): number {
    const { quote } = this.#dialect;
    let place = 0;
    for (let at = 0; ; place++) {
      const isQuoted = quote !== null && line.startsWith(quote, at);
      const { text, end } = isQuoted ? quotedField(line, at + 1, this.#dialect) : bareField(line, at, this.#dialect);
      if (this.#isWanted[place] === true) this.#put(place, text, isQuoted);
      if (end === line.length) return place + 1;
      at = end + 1;
    }
  }

  #put(place: number, text: string, isQuoted: boolean): void {
    this.texts[place] = text;
    this.quoted[place] = isQuoted;
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
