/**
 * Owns: what is found out about tables before the first row: that the statement fits, and that its guarantee can be kept.
 */
import { StreamError } from "../../../base/index.ts";
import { codeOf, mysqlError } from "./mysql-error.ts";
import type { CheckedServer, CheckedSink } from "./options.ts";
import { literal, quotedColumn } from "./sql-text.ts";
import type { Row, Session } from "./session.ts";

type Where = { readonly who: string; readonly server: CheckedServer };

/** Has the server prepare the statement: it knows the table, its columns, and our right to write there. Errors: SINK_FAILED. */
export async function checkStatement(session: Session, where: Where, sql: string): Promise<void> {
  try {
    await session.run(`prepare streamjob_check from ${literal(sql)}`);
    await session.run("deallocate prepare streamjob_check");
  } catch (error) {
    const doing =
      codeOf(error) === "ER_BAD_FIELD_ERROR" || codeOf(error) === "ER_NO_SUCH_TABLE"
        ? "find the table and its columns"
        : `prepare the statement ${sql.slice(0, 200)}`;
    throw mysqlError(where, doing, error);
  }
}

/** Exactly once needs tables that roll back. `upsert` needs a key. Errors: SINK_FAILED. */
export async function checkTable<T>(session: Session, where: Where, sink: CheckedSink<T>): Promise<void> {
  const { statement } = sink;
  if (statement.kind !== "table") return;
  const place = placeOf(statement.table, sink.server);
  if (sink.mode === "upsert") {
    const keys = await session.rows(
      `select index_name as name, column_name as part from information_schema.statistics where ${place} and non_unique = 0`,
    );
    const columns = new Set(statement.columns.map(({ name }) => name.toLowerCase()));
    if (isKeyAmong(keys, columns)) return;
    throw unfit(
      where,
      `${statement.table} has no primary or unique key within the sink's columns, so that what is written again after a restart would be there twice; add a key, or take the mode ledger`,
    );
  }
  const [found] = await session.rows(`select engine as engine from information_schema.tables where ${place}`);
  const engine = String(found?.["engine"] ?? "");
  if (found === undefined || engine === "InnoDB") return;
  throw unfit(
    where,
    `${statement.table} is of engine ${engine}, which cannot roll back, so that no row could be there exactly once; alter table ${statement.table} engine = InnoDB, or take the mode upsert`,
  );
}

/**
 * Columns whose rows are ordered in another way than they are compared with a text: a reader that goes on behind its last row would lose rows, or read some twice.
 * `columns`: in quotes. Errors: SOURCE_FAILED.
 */
export async function checkKeyOrder(
  session: Session,
  { who, server }: Where,
  { table, columns }: { readonly table: string; readonly columns: readonly string[] },
): Promise<void> {
  const found = await session.rows(
    `select column_name as name, data_type as kind from information_schema.columns where ${placeOf(table, server)} and data_type in ('enum', 'set')`,
  );
  const names = new Set(columns.map((column) => column.toLowerCase()));
  const [unfitting] = found.filter(({ name }) => names.has(quotedColumn(String(name)).toLowerCase()));
  if (unfitting === undefined) return;
  const { name, kind } = unfitting;
  throw new StreamError(
    "SOURCE_FAILED",
    `${who}: ${table} cannot be read in the order of its key: ${String(name)} is ${String(kind).toUpperCase()}, which is ordered by numbers and compared by texts; leave the key out (in SQL the PRIMARY KEY), so that rows are counted`,
    { destiny: "terminal" },
  );
}

function placeOf(name: string, server: CheckedServer): string {
  const [table = "", database = server.database] = name.split(".").toReversed();
  return `table_schema = ${literal(database)} and table_name = ${literal(table)}`;
}

/** XA needs a server whose prepared transactions outlive their connection, and the right to list them. Errors: SINK_FAILED. */
export async function checkXa(session: Session, where: Where): Promise<void> {
  try {
    const [row] = await session.rows("select version() as version");
    const version = String(row?.["version"]);
    const oldest = /mariadb/i.test(version) ? [10, 5, 2] : [5, 7, 7];
    if (isOlder(version, oldest))
      throw unfit(
        where,
        `the server is ${version}, which rolls back prepared XA transactions when their connection ends; take ${oldest.join(".")} or later, or the mode ledger`,
      );
    await session.rows("xa recover");
  } catch (error) {
    throw mysqlError(
      where,
      "list prepared XA transactions (MySQL 8 needs the privilege XA_RECOVER_ADMIN for it)",
      error,
    );
  }
}

export function isOlder(version: string, oldest: readonly number[]): boolean {
  const numbers = (/(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
  for (const [at, least] of oldest.entries()) {
    const number = numbers[at] ?? 0;
    if (number !== least) return number < least;
  }
  return false;
}

/** Whether all columns of some unique index are among `columns`. */
function isKeyAmong(keys: readonly Row[], columns: ReadonlySet<string>): boolean {
  const indexes = Map.groupBy(keys, ({ name }) => String(name));
  return [...indexes.values()].some((parts) => parts.every(({ part }) => columns.has(String(part).toLowerCase())));
}

function unfit(where: Where, problem: string): StreamError {
  return new StreamError("SINK_FAILED", `${where.who}: ${problem}`, { destiny: "terminal" });
}
