/** Room `connectors/mysql` (`streamjob/connectors/mysql`): rows into tables of MySQL and MariaDB, exactly once; lookups for mapAsync; tables as sources. */
export type { LedgerTransaction } from "./ledger-sink.ts";
export { mysqlLookup, type MySqlLookupOptions } from "./mysql-lookup.ts";
export { mysqlSink } from "./mysql-sink.ts";
export { mysqlSource, type MySqlSourceKey, type MySqlSourceOptions, type MySqlSplit } from "./mysql-source.ts";
export type { XaTransaction } from "./xa-sink.ts";
export type { MySqlServer, MySqlSinkMode, MySqlSinkOptions } from "./options.ts";
