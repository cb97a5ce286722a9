/**
 * Owns: what users say about a server and a sink, checked when the job is built.
 * Not here: whether the server has such a table (table-check.ts).
 */
import { readDuration, type Duration } from "../../../base/index.ts";
import type { ValueType } from "../../record/index.ts";
import { checkChoice, checkNumber, checkPort, optionInvalid } from "../kit/index.ts";

/** Where a server is. Or a URL: `mysql://user:password@host:3306/database`. */
export type MySqlServer = {
  readonly host: string;
  /** Default 3306. */
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** True: encrypted, and the server's certificate is checked against the known authorities, or against `ca` (PEM). Default false. */
  readonly tls?: boolean | { readonly ca: string };
  /** Default 10 s. */
  readonly connectTimeout?: Duration;
  /** A statement that takes longer counts as a lost connection. Default 60 s. */
  readonly statementTimeout?: Duration;
};

/** A server with all its defaults. */
export type CheckedServer = Required<Omit<MySqlServer, "connectTimeout" | "statementTimeout">> & {
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
};

/**
 * `ledger`: exactly once. The rows of an epoch are in its checkpoint, and are written when that is complete, in one transaction together with an
 * entry of the ledger. `xa`: exactly once, for large epochs. Rows are written as they come, into an XA transaction that is prepared at
 * the checkpoint. `upsert`: at least once. Rows are written as they come; a key that is there is updated.
 */
export type MySqlSinkMode = "ledger" | "xa" | "upsert";

export type MySqlSinkOptions<T> = {
  readonly server: MySqlServer | string;
  /** Default `ledger`. */
  readonly mode?: MySqlSinkMode;
  /** `table` or `database.table`; with `columns` or `type`. */
  readonly table?: string;
  /** Names of columns; each is the field of the same name. */
  readonly columns?: readonly (keyof T & string)[];
  /** A record type: its fields are the columns, and say how values are written: `t.timestamp` as UTC date and time, `t.decimal` with its point. */
  readonly type?: ValueType<T>;
  /** When a key is there already: `fail` (default), or `update` the other columns. In mode `upsert` always `update`. */
  readonly onDuplicate?: "fail" | "update";
  /** With `table`: what has the fields of a value. Default: the value itself. */
  readonly row?: (value: T) => Readonly<Record<string, unknown>>;
  /** With `table`: values that delete rows, and the columns by which those are found. Default: none do. */
  readonly deletes?: { readonly when: (value: T) => boolean; readonly by: readonly string[] };
  /** Instead of `table`: a statement with `?` for each of `values`. */
  readonly sql?: string;
  /** The values of the placeholders of `sql`. */
  readonly values?: (value: T) => readonly unknown[];
  /** Rows of one statement; default 1,000. */
  readonly batchRows?: number;
  /** Ledger: how long the rows of a subtask between two checkpoints may be, as SQL text. More fails the task. Default 32 MiB. */
  readonly epochBytesMax?: number;
  /** Where the sink notes what it has committed; made when it is not there. Default `streamjob_ledger`. */
  readonly ledgerTable?: string;
  /** XA: connections of a subtask, one for each transaction that is open or waits for its checkpoint; at most 64. Default 8. */
  readonly connectionsMax?: number;
  /** Default `mysql`. */
  readonly name?: string;
};

/** The options of a sink with all defaults. */
export type CheckedSink<T> = {
  readonly name: string;
  readonly server: CheckedServer;
  readonly mode: MySqlSinkMode;
  readonly statement: StatementOptions<T>;
  readonly batchRows: number;
  readonly epochBytesMax: number;
  readonly ledgerTable: string;
  readonly connectionsMax: number;
};

export type Column = { readonly name: string; readonly type?: ValueType<unknown> };

export type StatementOptions<T> =
  | ({
      readonly kind: "table";
      readonly table: string;
      readonly columns: readonly Column[];
      readonly updates: boolean;
    } & Pick<MySqlSinkOptions<T>, "row" | "deletes">)
  | { readonly kind: "sql"; readonly sql: string; readonly values: (value: T) => readonly unknown[] };

const PORT = 3306;
const CONNECT_TIMEOUT = "10s";
const STATEMENT_TIMEOUT = "60s";
const BATCH_ROWS = 1000;
const EPOCH_BYTES = 32 << 20;
const CONNECTIONS = 8;
const CONNECTIONS_UPPER = 64;

/** Errors: OPTION_INVALID. */
export function checkSink<T>(options: MySqlSinkOptions<T>): CheckedSink<T> {
  const {
    name = "mysql",
    mode = "ledger",
    batchRows = BATCH_ROWS,
    epochBytesMax = EPOCH_BYTES,
    ledgerTable = "streamjob_ledger",
    connectionsMax = CONNECTIONS,
  } = options;
  checkChoice(name, ["mode", mode], ["ledger", "xa", "upsert"]);
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  checkNumber(name, ["batchRows", batchRows], isCount, "a whole number from 1");
  checkNumber(name, ["epochBytesMax", epochBytesMax], isCount, "a whole number from 1");
  checkNumber(
    name,
    ["connectionsMax", connectionsMax],
    (value) => isCount(value) && value >= 2 && value <= CONNECTIONS_UPPER,
    `a whole number from 2 to ${CONNECTIONS_UPPER}`,
  );
  if (ledgerTable === "") throw optionInvalid(name, "ledgerTable is empty; give a table's name, or leave it out");
  return {
    name,
    mode,
    batchRows,
    epochBytesMax,
    ledgerTable,
    connectionsMax,
    server: checkServer(name, options.server),
    statement: checkStatement(name, mode, options),
  };
}

function checkStatement<T>(name: string, mode: MySqlSinkMode, options: MySqlSinkOptions<T>): StatementOptions<T> {
  const { table, columns, type, sql, values, onDuplicate = "fail" } = options;
  checkChoice(name, ["onDuplicate", onDuplicate], ["fail", "update"]);
  if (sql !== undefined) {
    const others = [table, columns, type, options.onDuplicate, options.row, options.deletes];
    if (others.some((other) => other !== undefined))
      throw optionInvalid(name, "give either sql and values, or table with columns or type");
    if (typeof values !== "function") throw optionInvalid(name, "sql needs values: (value) => [ … ], one for each ?");
    return { kind: "sql", sql, values };
  }
  if (table === undefined || table === "") throw optionInvalid(name, "give a table, or a statement as sql");
  if (values !== undefined) throw optionInvalid(name, "values belong to sql; a table takes columns or type");
  if ((columns === undefined) === (type === undefined))
    throw optionInvalid(name, "give either columns (names of fields) or type (a record type)");
  const wanted: readonly Column[] = columns?.map((column) => ({ name: column })) ?? type?.fields ?? [];
  if (wanted.length === 0) throw optionInvalid(name, "there are no columns; type must be a record with fields");
  const { row, deletes } = options;
  const stray = deletes?.by.find((by) => !wanted.some((column) => column.name === by));
  if (deletes?.by.length === 0 || stray !== undefined)
    throw optionInvalid(
      name,
      `deletes.by is [${deletes?.by.join(", ") ?? ""}]; give columns of the sink, one at least`,
    );
  return {
    kind: "table",
    table,
    columns: wanted,
    updates: mode === "upsert" || onDuplicate === "update",
    ...(row === undefined ? {} : { row }),
    ...(deletes === undefined ? {} : { deletes }),
  };
}

/** Errors: OPTION_INVALID. */
export function checkServer(name: string, given: MySqlServer | string): CheckedServer {
  const server = typeof given === "string" ? serverOfUrl(name, given) : given;
  for (const part of ["host", "user", "password", "database"] as const) {
    const value: unknown = server?.[part];
    if (typeof value !== "string" || (value === "" && part !== "password"))
      throw optionInvalid(name, `server has no ${part}; give host, user, password and database`);
  }
  const { port = PORT, tls = false, connectTimeout = CONNECT_TIMEOUT, statementTimeout = STATEMENT_TIMEOUT } = server;
  checkPort(name, port);
  const { host, user, password, database } = server;
  return {
    host,
    port,
    user,
    password,
    database,
    tls,
    connectTimeoutMs: readDuration(connectTimeout, `${name}: connectTimeout`),
    statementTimeoutMs: readDuration(statementTimeout, `${name}: statementTimeout`),
  };
}

function serverOfUrl(name: string, text: string): MySqlServer {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "mysql:")
    throw optionInvalid(name, "the server's URL must be mysql://user:password@host:3306/database");
  return {
    host: url.hostname,
    port: url.port === "" ? PORT : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}
