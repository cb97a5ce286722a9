/**
 * Owns: single rows of a table of MySQL, for lookup joins.
 *
 * TBMA1 One statement for each key that is asked for: SELECT … WHERE key = …, which an index on the key answers at once.
 * TBMA2 A text with letters that the column's character set does not have (an emoji, in `utf8` of three bytes) is in no row. The server says of it that it cannot compare them: that is no failure.
 */
import { StreamError } from "../../../../base/index.ts";
import type { AsyncFunction } from "../../../ports/index.ts";
import type { Row } from "../../formats/format.ts";
import type { AskedTable, LookupUse, TableColumn } from "../../table-description.ts";
import type { ConnectorUse } from "../connector.ts";
import { loadMysql } from "../lazy-rooms.ts";
import { lookupCache, lookupRetries } from "../lookup-options.ts";
import { columnValue, equality, quotedTable, rowReader, selectList } from "./mysql-rows.ts";
import { serverUrl } from "./mysql-server.ts";

/** Errors: TableError. */
export function askedMysql(use: ConnectorUse, { columns, asks }: LookupUse): AskedTable {
  const { table, options } = use;
  const columnsAt = (places: readonly number[]): readonly TableColumn[] =>
    places.map((place) => table.columns[place] as TableColumn);
  const [read, keys] = [columnsAt(columns), columnsAt(asks)];
  const converts = keys.map((key) => columnValue(table.name, key));
  const rowOf = rowReader(table, read, "LOOKUP_FAILED");
  const cache = lookupCache(options);
  const connections = options.number("lookup.connections") ?? 1;
  if (connections < 1 || connections > 100)
    throw options.refuse("lookup.connections", `'lookup.connections' is ${connections}`, "Write 1 to 100.");
  const fn = loadMysql().mysqlLookup<readonly unknown[], readonly Row[]>({
    name: table.name,
    server: serverUrl(options),
    sql: `select ${selectList(read)} from ${quotedTable(options.given("table-name"))} where ${keys.map(equality).join(" and ")}`,
    values: (asked) => asked.map((value, index) => converts[index]?.(value as never) ?? value),
    join: (_asked, rows) => rows.map(rowOf),
    connections,
    ...(cache === undefined ? {} : { cache }),
  });
  return {
    kind: "asked",
    fn: withoutForeignLetters(fn as AsyncFunction<readonly unknown[], readonly Row[], unknown>),
    retries: lookupRetries(options),
  };
}

const FOREIGN_LETTERS: ReadonlySet<unknown> = new Set(["ER_CANT_AGGREGATE_2COLLATIONS", "ER_CANNOT_CONVERT_STRING"]);

/** TBMA2 */
function withoutForeignLetters<I>(
  fn: AsyncFunction<I, readonly Row[], unknown>,
): AsyncFunction<I, readonly Row[], unknown> {
  return {
    ...fn,
    invoke: async (asked, call) => {
      try {
        return await fn.invoke(asked, call);
      } catch (error) {
        const cause = error instanceof StreamError ? error.cause : undefined;
        if (cause instanceof Error && "code" in cause && FOREIGN_LETTERS.has(cause.code)) return [];
        throw error;
      }
    },
  };
}
