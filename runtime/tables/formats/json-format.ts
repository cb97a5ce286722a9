/** Owns: the format json: one object a record, its options, and what becomes of a record that cannot be read. */
import { rowKinds } from "../../record/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import type { TimestampStandard } from "../values/time-text.ts";
import { ValueMisfit } from "../values/scalar-text.ts";
import {
  columnsNamed,
  type Encode,
  type Format,
  type FormatUse,
  isBlank,
  madeOf,
  RecordMisfit,
  type Row,
  textOf,
} from "./format.ts";
import { jsonObjectReader, type JsonReading, NeedsExactNumbers, parseExactly } from "./json-reader.ts";
import { jsonObjectWriter, type JsonWriting } from "./json-writer.ts";

export const timestampRow: OptionRow = {
  name: "timestamp-format.standard",
  kind: ["SQL", "ISO-8601"],
  default: "SQL",
  meaning: "`SQL`: `2024-05-01 10:00:00.5`; `ISO-8601`: `2024-05-01T10:00:00.5`; both with a `Z` for TIMESTAMP_LTZ",
};
export const ignoreRow: OptionRow = {
  name: "ignore-parse-errors",
  kind: "boolean",
  default: "false",
  meaning: "a field that cannot be read is NULL, a record that cannot is left out, and the job does not fail",
};

const rows: readonly OptionRow[] = [
  {
    name: "fail-on-missing-field",
    kind: "boolean",
    default: "false",
    meaning: "a missing field fails the job; otherwise it is NULL",
  },
  ignoreRow,
  timestampRow,
  {
    name: "map-null-key.mode",
    kind: ["FAIL", "DROP", "LITERAL"],
    default: "FAIL",
    meaning: "what is written for a NULL among the keys of a map",
  },
  { name: "map-null-key.literal", kind: "text", default: "null", meaning: "that key, with `LITERAL`" },
  {
    name: "encode.decimal-as-plain-number",
    kind: "boolean",
    default: "false",
    meaning: "a very small DECIMAL is written without an exponent",
  },
  {
    name: "encode.ignore-null-fields",
    kind: "boolean",
    default: "false",
    meaning: "a field that is NULL is not written",
  },
];

export const jsonFormat: Format = {
  name: "json",
  meaning:
    "A JSON object in each line or record. BIGINT and DECIMAL are read and written with all their digits; bytes are base64.",
  rows,
  changes: "append",
  decoder: (use) => {
    const decode = jsonDecoder(use, use.read);
    return (record, take) => {
      const text = textOf(record);
      const row = isBlank(text) ? null : decode(text);
      if (row !== null) take(row, rowKinds.insert);
    };
  },
  encoder: jsonEncoder,
};

export function jsonReading({ options, prefix }: FormatUse): JsonReading {
  return {
    standard: options.given(`${prefix}timestamp-format.standard`) as TimestampStandard,
    failsOnMissing: options.text(`${prefix}fail-on-missing-field`)?.toLowerCase() === "true",
    ignoresErrors: options.boolean(`${prefix}ignore-parse-errors`),
  };
}

/** Null: the record is left out. */
function jsonDecoder(use: FormatUse, names: readonly string[]): (text: string) => Row | null {
  const reading = jsonReading(use);
  const read = madeOf(use, "json", () => jsonObjectReader(columnsNamed(use.columns, names), reading));
  return (text) => readJson(text, reading, (json) => read(json) as Row);
}

/** `read` of the text's JSON: once more with all digits where `read` needs them. Null: it cannot be read, and that is ignored. Errors: RecordMisfit. */
export function readJson<T>(text: string, { ignoresErrors }: JsonReading, read: (json: unknown) => T): T | null {
  try {
    try {
      return read(JSON.parse(text));
    } catch (error) {
      if (!(error instanceof NeedsExactNumbers)) throw error;
      return read(parseExactly(text));
    }
  } catch (error) {
    if (!(error instanceof ValueMisfit || error instanceof SyntaxError)) throw error;
    if (ignoresErrors) return null;
    const isSyntax = error instanceof SyntaxError;
    throw new RecordMisfit(`${isSyntax ? "it is no JSON: " : ""}${(error as Error).message}`, { cause: error });
  }
}

function jsonEncoder(use: FormatUse): Encode {
  const { options, prefix, columns } = use;
  const writing: JsonWriting = {
    standard: options.given(`${prefix}timestamp-format.standard`) as TimestampStandard,
    nullKeys: options.given(`${prefix}map-null-key.mode`) as "FAIL" | "DROP" | "LITERAL",
    nullKeyLiteral: options.given(`${prefix}map-null-key.literal`),
    plainDecimals: options.boolean(`${prefix}encode.decimal-as-plain-number`),
    ignoresNulls: options.boolean(`${prefix}encode.ignore-null-fields`),
  };
  return madeOf(use, "json", () => jsonObjectWriter(columns, writing));
}
