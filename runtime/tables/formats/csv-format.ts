/**
 * Owns: the format csv: its options, and values of declared types in fields.
 *
 * TBCC3 A blank line is a record where the table has one column, which is empty then; elsewhere it is none (TBCF2).
 * TBCC1 Fields are the columns in their order; there is no line of names. A record with too few fields, or too many, is refused.
 * TBCC2 ARRAY and ROW of types without parts are one field, their values with `array-element-delimiter` between them. Types with more parts are refused.
 */
import { rowKinds } from "../../record/index.ts";
import { type SqlType, typeText } from "../../sql/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import type { TableOptions } from "../options/table-options.ts";
import { plainDecimal } from "../values/number-text.ts";
import { scalarText, ValueMisfit } from "../values/scalar-text.ts";
import { type CsvDialect, csvField, CsvLines } from "./csv-line.ts";
import {
  type Decode,
  type Encode,
  type Format,
  type FormatUse,
  isBlank,
  madeOf,
  RecordMisfit,
  type Row,
  textOf,
} from "./format.ts";
import { ignoreRow } from "./json-format.ts";

const rows: readonly OptionRow[] = [
  { name: "field-delimiter", kind: "character", default: ",", meaning: "between fields; `\\t` is a tab" },
  { name: "disable-quote-character", kind: "boolean", default: "false", meaning: "nothing is quoted" },
  { name: "quote-character", kind: "character", default: '"', meaning: "around a field that has a delimiter in it" },
  { name: "allow-comments", kind: "boolean", default: "false", meaning: "lines that begin with `#` are left out" },
  ignoreRow,
  {
    name: "array-element-delimiter",
    kind: "text",
    default: ";",
    meaning: "between the elements of an ARRAY, and the fields of a ROW",
  },
  { name: "escape-character", kind: "character", meaning: "before a character that has no other meaning then" },
  {
    name: "null-literal",
    kind: "text",
    meaning: "what stands for NULL; without it an empty field does where no text may be",
  },
  {
    name: "write-bigdecimal-in-scientific-notation",
    kind: "boolean",
    default: "true",
    meaning: "a very small DECIMAL is written as `1E-7`",
  },
];

export const csvFormat: Format = {
  name: "csv",
  meaning:
    "Values with a delimiter between them, in each line or record, without a line of names. A line is a record: there is no line end inside a field.",
  rows,
  changes: "append",
  decoder: csvDecoder,
  encoder: csvEncoder,
};

type CsvSettings = {
  readonly dialect: CsvDialect;
  readonly nullLiteral: string | null;
  readonly elementDelimiter: string;
  readonly plainDecimals: boolean;
};

function settingsOf({ options, prefix }: FormatUse): CsvSettings {
  const escape = options.character(`${prefix}escape-character`) ?? null;
  return {
    dialect: {
      delimiter: delimiterOf(options, prefix),
      quote: options.boolean(`${prefix}disable-quote-character`)
        ? null
        : (options.character(`${prefix}quote-character`) ?? null),
      escape,
    },
    nullLiteral: options.text(`${prefix}null-literal`) ?? null,
    elementDelimiter: options.given(`${prefix}array-element-delimiter`),
    plainDecimals: !options.boolean(`${prefix}write-bigdecimal-in-scientific-notation`),
  };
}

const delimiterOf = (options: TableOptions, prefix: string): string =>
  options.character(`${prefix}field-delimiter`) ?? ",";

/** Of one field. */
type Field = {
  readonly parse: (text: string) => unknown;
  readonly format: (value: never) => string;
  /** An empty field is a value. */
  readonly isText: boolean;
};

/** Errors: ValueMisfit, of a type that has no field. */
function fieldOf(type: SqlType, settings: CsvSettings): Field {
  if (type.kind === "array") {
    const element = elementOf(type.element, settings);
    return {
      parse: (text) => (text === "" ? [] : text.split(settings.elementDelimiter).map(element.parse)),
      format: (value: readonly unknown[]) =>
        value.map((each) => element.format(each as never)).join(settings.elementDelimiter),
      isText: true,
    };
  }
  if (type.kind !== "row") return scalarField(type, settings);
  const fields = type.fields.map(({ name, type: inner }) => ({ name, ...elementOf(inner, settings) }));
  return {
    parse: (text) => {
      const parts = text.split(settings.elementDelimiter);
      if (parts.length !== fields.length)
        throw new ValueMisfit(`${JSON.stringify(text)} has ${parts.length} values, not ${fields.length}`);
      return Object.fromEntries(fields.map(({ name, parse }, at) => [name, parse(parts[at] as string)]));
    },
    format: (value: Row) =>
      fields.map(({ name, format }) => format(value[name] as never)).join(settings.elementDelimiter),
    isText: true,
  };
}

function elementOf(type: SqlType, settings: CsvSettings): Pick<Field, "parse" | "format"> {
  const { parse, format } = scalarField(type, settings);
  const nullText = settings.nullLiteral ?? "";
  return {
    parse: (text) => (text === settings.nullLiteral ? null : parse(text)),
    format: (value) => (value === null ? nullText : format(value)),
  };
}

function scalarField(type: SqlType, { plainDecimals }: CsvSettings): Field {
  const scalar = scalarText(type, "SQL");
  if (scalar === null) throw new ValueMisfit(`${typeText(type)} has parts that a field of csv cannot have`);
  const isText = type.kind === "char" || type.kind === "varchar";
  if (type.kind !== "decimal" || !plainDecimals) return { ...scalar, isText };
  return { parse: scalar.parse, format: (value: bigint) => plainDecimal(value, type.scale), isText };
}

function csvDecoder(use: FormatUse): Decode {
  const { options, prefix, columns, read } = use;
  const settings = settingsOf(use);
  const ignoresErrors = options.boolean(`${prefix}ignore-parse-errors`);
  const hasComments = options.boolean(`${prefix}allow-comments`);
  const parsers = read.map((name) => {
    const place = columns.findIndex((column) => column.name === name);
    const { type } = columns[place] as (typeof columns)[number];
    return { name, place, type, ...madeOf(use, "csv", () => fieldOf(type, settings)) };
  });
  const lines = new CsvLines(
    settings.dialect,
    columns.map(({ name }) => read.includes(name)),
  );
  // Copied for each row: columns that are there already are written in less time than new ones.
  const blank: Row = Object.fromEntries(read.map((name) => [name, null]));
  const rowOf = (line: string): Row => {
    const count = lines.read(line);
    if (count !== columns.length && !ignoresErrors)
      throw new RecordMisfit(`it has ${count} fields, and the table has ${columns.length} columns`);
    const row = { ...blank };
    for (const { name, place, type, parse, isText } of parsers) {
      const text = lines.texts[place];
      let value: unknown = null;
      const isNull =
        place >= count ||
        text === undefined ||
        ((settings.nullLiteral === null ? text === "" && !isText : text === settings.nullLiteral) &&
          lines.quoted[place] !== true);
      try {
        if (!isNull) value = parse(text);
      } catch (error) {
        if (!(error instanceof ValueMisfit)) throw error;
        if (!ignoresErrors) throw new RecordMisfit(`the column ${name}: ${error.message}`, { cause: error });
      }
      if (value === null && !type.isNullable)
        throw new RecordMisfit(`the column ${name} is ${typeText(type)}, and the record has no value for it`);
      row[name] = value;
    }
    return row;
  };
  return (record, take) => {
    const line = textOf(record);
    if ((hasComments && line.startsWith("#")) || (columns.length > 1 && isBlank(line))) return;
    try {
      take(rowOf(line), rowKinds.insert);
    } catch (error) {
      if (!ignoresErrors || !(error instanceof RecordMisfit)) throw error;
    }
  };
}

function csvEncoder(use: FormatUse): Encode {
  const settings = settingsOf(use);
  const { dialect, nullLiteral } = settings;
  const fields = use.columns.map(({ name, type }) => ({ name, ...madeOf(use, "csv", () => fieldOf(type, settings)) }));
  return (row) => {
    let line = "";
    for (const [place, { name, format }] of fields.entries()) {
      const value = row[name];
      if (place > 0) line += dialect.delimiter;
      line += value === null ? (nullLiteral ?? "") : csvField(format(value as never), dialect, nullLiteral);
    }
    return line;
  };
}
