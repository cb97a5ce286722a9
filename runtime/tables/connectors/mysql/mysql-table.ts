/**
 * Owns: the connector mysql: what it makes of a table, and its sink: rows written, updated and deleted.
 */
import type { MySqlSinkMode } from "../../../connectors/mysql/index.ts";
import type { Sink } from "../../../ports/index.ts";
import { t } from "../../../record/index.ts";
import type { Row } from "../../formats/format.ts";
import type { TableSink } from "../../table-description.ts";
import { encoderOperator } from "../../writing/encoder-operator.ts";
import { keyedEncoderOperator } from "../../writing/keyed-encoder.ts";
import { type ConnectorUse, type MakeConnector, requireInserts } from "../connector.ts";
import { loadMysql } from "../lazy-rooms.ts";
import { askedMysql } from "./mysql-asked.ts";
import { columnValue } from "./mysql-rows.ts";
import { mysqlScan } from "./mysql-scan.ts";
import { serverUrl } from "./mysql-server.ts";

/** What the sink takes. */
type Outgoing = { readonly row: Row; readonly isDeleted: boolean };

export const makeMysql: MakeConnector = (use) => ({
  source: (columns, filters = []) => mysqlScan(use, columns, filters),
  lookup: (lookup) => askedMysql(use, lookup),
  sink: (changes) => {
    const { table, options } = use;
    const keys = table.primaryKey;
    if (keys.length === 0) requireInserts(use, "mysql without a PRIMARY KEY", changes);
    const isExact = options.given("sink.delivery-guarantee") === "exactly-once";
    const mode = isExact ? options.given("sink.exactly-once.mode") : "upsert";
    const encode = valuesOf(use);
    return {
      encoder:
        keys.length === 0
          ? encoderOperator(
              table,
              () =>
                (row): Outgoing => ({ row: encode(row), isDeleted: false }),
            )
          : keyedEncoderOperator(
              table,
              () =>
                (row, isDeleted): Outgoing => ({ row: encode(row), isDeleted }),
            ),
      recordType: t.any,
      sink: sinkOf(use, mode as MySqlSinkMode),
      keyColumns: keys.length === 0 ? null : keys,
    } satisfies TableSink;
  },
});

function sinkOf({ table, options }: ConnectorUse, mode: MySqlSinkMode): Sink<unknown> {
  const keys = table.primaryKey;
  return loadMysql().mysqlSink<Outgoing>({
    name: table.name,
    server: serverUrl(options),
    mode,
    table: options.given("table-name"),
    columns: table.columns.map(({ name }) => name) as never[],
    row: ({ row }) => row,
    batchRows: Math.max(1, options.number("sink.buffer-flush.max-rows") ?? 1),
    ...(keys.length === 0 ? {} : { deletes: { when: ({ isDeleted }) => isDeleted, by: keys } }),
    ...(keys.length === 0 || mode === "upsert" ? {} : { onDuplicate: "update" as const }),
  }) as Sink<unknown>;
}

/** TBCI1. Errors: TableError, for a type that no column has. */
function valuesOf({ table }: ConnectorUse): (row: Row) => Row {
  const converts = table.columns.map((column) => ({ name: column.name, convert: columnValue(table.name, column) }));
  return (row) => {
    const values: Row = {};
    for (const { name, convert } of converts) {
      const value = row[name];
      values[name] = convert === null || value === null ? value : convert(value as never);
    }
    return values;
  };
}
