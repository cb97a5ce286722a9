/** Room `tables`: the tables of SQL and the world outside: connectors by name, their options, formats of records. */
export { describeConnectors } from "./connectors-page.ts";
export { tableConnector, type TableUses } from "./registry.ts";
export type {
  AskedTable,
  TableColumn,
  TableConnector,
  TableDescription,
  TableLookup,
  TableSink,
  TableSource,
} from "./table-description.ts";
export { TableError, type TableProblem } from "./table-error.ts";
