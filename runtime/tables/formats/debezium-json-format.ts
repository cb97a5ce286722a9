/**
 * Owns: the format debezium-json: changes of a database's table, each with the row before and after it.
 *
 * TBCZ1 A created or read row is +I, an update -U of the row before and +U of the one after, a deleted row -D. Without the row before it nothing can be taken back: such a
 *     record is refused.
 */
import { rowKinds } from "../../record/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import { ValueMisfit } from "../values/scalar-text.ts";
import { columnsNamed, type Decode, type Format, type FormatUse, isBlank, madeOf, type Row, textOf } from "./format.ts";
import { ignoreRow, jsonReading, readJson, timestampRow } from "./json-format.ts";
import { jsonObjectReader } from "./json-reader.ts";

const rows: readonly OptionRow[] = [
  {
    name: "schema-include",
    kind: "boolean",
    default: "false",
    meaning:
      "records have a `schema` beside their `payload`, as Debezium writes them with `value.converter.schemas.enable`",
  },
  ignoreRow,
  timestampRow,
];

export const debeziumJsonFormat: Format = {
  name: "debezium-json",
  meaning:
    "Changes of a database's table, as Debezium writes them in JSON: `before`, `after` and `op`. The table has to log whole rows (PostgreSQL: `REPLICA IDENTITY FULL`).",
  rows,
  changes: "retract",
  decoder: debeziumDecoder,
  encoder: null,
};

type Change = readonly [row: Row, kind: number];

function debeziumDecoder(use: FormatUse): Decode {
  const { options, prefix } = use;
  const reading = jsonReading(use);
  const read = madeOf(use, "debezium-json", () => jsonObjectReader(columnsNamed(use.columns, use.read), reading));
  const hasSchema = options.boolean(`${prefix}schema-include`);
  const changesOf = (json: unknown): readonly Change[] => {
    const payload = hasSchema ? fieldOf(json, "payload") : json;
    const [before, after, op] = [fieldOf(payload, "before"), fieldOf(payload, "after"), fieldOf(payload, "op")];
    switch (op) {
      case "c":
      case "r":
        return [[read(after) as Row, rowKinds.insert]];
      case "u":
        return [
          [read(whole(before)) as Row, rowKinds.updateBefore],
          [read(after) as Row, rowKinds.updateAfter],
        ];
      case "d":
        return [[read(whole(before)) as Row, rowKinds.delete]];
      default:
        throw new ValueMisfit(`the field op is ${JSON.stringify(op) ?? "missing"}, not c, r, u or d`);
    }
  };
  return (record, take) => {
    const text = textOf(record);
    if (isBlank(text)) return;
    for (const [row, kind] of readJson(text, reading, changesOf) ?? []) take(row, kind);
  };
}

function fieldOf(json: unknown, name: string): unknown {
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, name)) return undefined;
  return (json as Readonly<Record<string, unknown>>)[name];
}

/** TBCZ1 */
function whole(before: unknown): unknown {
  if (before !== null && before !== undefined) return before;
  throw new ValueMisfit(
    "the field before is null; let the database log whole rows (PostgreSQL: ALTER TABLE … REPLICA IDENTITY FULL)",
  );
}
