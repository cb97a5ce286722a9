/**
 * Owns: the connector collection: rows that stand in the script itself.
 *
 * TBIN1 Rows are read when the job is built, so that one that does not fit its table is refused there; at parallelism 1 they come in their order.
 */
import { generatorSource } from "../../connectors/basic/index.ts";
import type { Source } from "../../ports/index.ts";
import { rowTypeOf } from "../../sql/index.ts";
import { readJson } from "../formats/json-format.ts";
import { jsonObjectReader, type JsonReading } from "../formats/json-reader.ts";
import { RecordMisfit, type Row } from "../formats/format.ts";
import type { TableColumn, TableSource } from "../table-description.ts";
import { ValueMisfit } from "../values/scalar-text.ts";
import type { ConnectorDefinition, ConnectorUse, MakeConnector } from "./connector.ts";

export const collectionDefinition: ConnectorDefinition = {
  name: "collection",
  example: `CREATE TABLE orders (
  id INT,
  price DECIMAL(10, 2),
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH (
  'connector' = 'collection',
  'rows' = '[
    {"id": 1, "price": 12.50, "ts": "2024-05-01 10:00:00"},
    {"id": 2, "price": 8, "ts": "2024-05-01 10:00:05"}
  ]'
)`,
  meaning:
    "Rows that stand in the script, to try a query: a JSON array of objects, read as the format `json` reads them. It ends behind the last one. It is not of Flink's.",
  isRead: true,
  isWritten: false,
  isLookedUp: true,
  rows: [
    { name: "rows", kind: "text", isRequired: true, meaning: "a JSON array with an object for each row" },
    {
      name: "rows-per-second",
      kind: "whole number",
      meaning: "how fast they come; otherwise as fast as they are taken",
    },
  ],
  slots: [],
  metadata: {},
};

export const makeCollection: MakeConnector = (use) => ({
  lookup: ({ columns }) => {
    const rows = rowsOf(
      use,
      columns.map((place) => use.table.columns[place] as TableColumn),
    );
    return { kind: "loaded", load: () => Promise.resolve(rows) };
  },
  source: (places): TableSource => {
    const { table, options } = use;
    const columns = places.map((place) => table.columns[place] as TableColumn);
    const rows = rowsOf(use, columns);
    const perSecond = options.number("rows-per-second");
    if (perSecond !== undefined && perSecond <= 0)
      throw options.refuse("rows-per-second", "rows-per-second is not above 0", "Write a whole number from 1.");
    const source = generatorSource<unknown>({
      name: table.name,
      type: rowTypeOf(columns),
      generate: (at) => rows[at],
      count: rows.length,
      ratePerSecond: perSecond,
    });
    return { source: source as Source<unknown>, changes: "append" };
  },
});

const reading: JsonReading = { standard: "SQL", failsOnMissing: false, ignoresErrors: false };

/** Errors: TableError (TBIN1). */
function rowsOf({ options }: ConnectorUse, columns: readonly TableColumn[]): readonly Row[] {
  let number = 0;
  try {
    const read = jsonObjectReader(columns, reading);
    const rows = readJson(options.given("rows"), reading, (json) => {
      number = 0;
      if (!Array.isArray(json)) throw new ValueMisfit("it is no array");
      return json.map((row) => {
        number++;
        return read(row) as Row;
      });
    });
    return rows ?? [];
  } catch (error) {
    if (!(error instanceof RecordMisfit || error instanceof ValueMisfit)) throw error;
    const where = number === 0 ? "the option 'rows'" : `row ${number} of the option 'rows'`;
    throw options.refuse(
      "rows",
      `${where} cannot be read: ${error.message}`,
      "Write an array with a JSON object for each row.",
    );
  }
}
