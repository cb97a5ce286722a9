/** Owns: the connector collection: rows that stand in the job's module. */
import { collectionSource } from "../../connectors/basic/index.ts";
import { rowTypeOf } from "../../sql/index.ts";
import type { Source } from "../../ports/index.ts";
import type { TableColumn, TableSource } from "../table-description.ts";
import { TableError } from "../table-error.ts";
import type { ConnectorDefinition, MakeConnector } from "./connector.ts";

export const collectionDefinition: ConnectorDefinition = {
  name: "collection",
  example: null,
  meaning:
    "Rows that the job's module gives; the table is registered there, not by CREATE TABLE. It ends behind the last one.",
  isRead: true,
  isWritten: false,
  rows: [],
  slots: [],
  metadata: {},
};

export const makeCollection: MakeConnector = ({ table }) => ({
  source: (places): TableSource => {
    const { values } = table;
    if (values === undefined)
      throw new TableError(table.name, {
        message: "a table with the connector collection has no rows in a script",
        remedy:
          "Register it from TypeScript, with its rows; or write INSERT INTO … VALUES, or SELECT … FROM (VALUES …).",
        option: "connector",
      });
    const columns = places.map((place) => table.columns[place] as TableColumn);
    const rows = values.map((value) => Object.fromEntries(columns.map(({ name }) => [name, value[name] ?? null])));
    const source = collectionSource<unknown>(rows, { name: table.name, type: rowTypeOf(columns) });
    return { source: source as Source<unknown>, changes: "append" };
  },
});
