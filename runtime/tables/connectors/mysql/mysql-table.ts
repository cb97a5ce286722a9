/**
 * Owns: the connector mysql: rows as values of columns, written, updated and deleted.
 *
 * TBCI1 Dates, times, timestamps and decimals are written as text, with all their digits; timestamps in UTC, as sessions have it.
 */
import type { MySqlSinkMode } from "../../../connectors/mysql/index.ts";
import type { Sink } from "../../../ports/index.ts";
import { t } from "../../../record/index.ts";
import { type SqlType, typeText } from "../../../sql/index.ts";
import type { Row } from "../../formats/format.ts";
import type { TableOptions } from "../../options/table-options.ts";
import type { TableSink } from "../../table-description.ts";
import { TableError } from "../../table-error.ts";
import { plainDecimal } from "../../values/number-text.ts";
import { scalarText } from "../../values/scalar-text.ts";
import { timestampText } from "../../values/time-text.ts";
import { encoderOperator } from "../../writing/encoder-operator.ts";
import { keyedEncoderOperator } from "../../writing/keyed-encoder.ts";
import { type ConnectorUse, type MakeConnector, requireInserts } from "../connector.ts";
import { loadMysql } from "../lazy-rooms.ts";

/** What the sink takes. */
type Outgoing = { readonly row: Row; readonly isDeleted: boolean };

export const makeMysql: MakeConnector = (use) => ({
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

/** Errors: TableError. */
export function serverUrl(options: TableOptions): string {
  const written = options.given("url").replace(/^jdbc:/, "");
  const url = URL.parse(written);
  if (url === null || url.protocol !== "mysql:" || url.pathname.length < 2)
    throw options.refuse(
      "url",
      "the option 'url' is not the address of a database",
      "Write 'mysql://host:3306/database'.",
    );
  if (url.username !== "" || url.password !== "")
    throw options.refuse(
      "url",
      "the option 'url' has a user in it",
      "Give 'username' and 'password' as options of their own.",
    );
  if (url.search !== "")
    throw options.refuse(
      "url",
      "the option 'url' has properties of JDBC behind its '?'",
      "Take them out: there is no Java here.",
    );
  const [user, password] = [options.given("username"), options.given("password")].map(encodeURIComponent);
  return `mysql://${user}:${password}@${url.host}${url.pathname}`;
}

/** TBCI1. Errors: TableError, for a type that no column has. */
function valuesOf({ table }: ConnectorUse): (row: Row) => Row {
  const converts = table.columns.map(({ name, type }) => ({ name, convert: columnValue(table.name, name, type) }));
  return (row) => {
    const values: Row = {};
    for (const { name, convert } of converts) {
      const value = row[name];
      values[name] = convert === null || value === null ? value : convert(value as never);
    }
    return values;
  };
}

/** Null: it stays as it is. */
function columnValue(table: string, column: string, type: SqlType): ((value: never) => unknown) | null {
  switch (type.kind) {
    case "decimal":
      return (value: bigint) => plainDecimal(value, type.scale);
    case "date":
    case "time":
      return scalarText(type, "SQL")?.format ?? null;
    case "timestamp":
    case "timestamp_ltz":
      return (value: number | bigint) => timestampText(value, "SQL");
    case "array":
    case "map":
    case "multiset":
    case "row":
      throw new TableError(table, {
        message: `MySQL has no column of the type of ${column}, ${typeText(type)}`,
        remedy: "Write its parts into columns of their own, or as text.",
        column,
      });
    default:
      return null;
  }
}
