/** Owns: the tables that tests of the MySQL sink's exactly-once modes have in common. */
import type { MySqlSinkOptions } from "../../runtime/connectors/mysql/index.ts";
import type { TwoPhaseCommitSink } from "../../runtime/ports/index.ts";
import type { TransactionWorld } from "../../runtime/testkit/index.ts";
import type { Database } from "./database.ts";

/** An empty t_wordcount, and no ledger. */
export async function emptyWordCount(database: Database): Promise<void> {
  await database.run("drop table if exists t_wordcount, streamjob_ledger");
  await database.run("create table t_wordcount (word varchar(100) primary key, count bigint not null)");
}

/** What the sinks of a world have in common. */
type Common = Required<Pick<MySqlSinkOptions<string>, "server" | "sql" | "values" | "ledgerTable">>;

/** Worlds of the contract of exactly-once sinks, each with a table and a ledger of its own. */
export function contractWorlds<X>(
  database: () => Database,
  makeSink: (common: Common) => TwoPhaseCommitSink<string, X>,
  more: Pick<TransactionWorld<X>, "countUnsettled"> = {},
): () => Promise<TransactionWorld<X>> {
  let worlds = 0;
  return async () => {
    const table = `world_${worlds++}`;
    await database().run(`create table ${table} (record varchar(40) not null)`);
    return {
      makeSink: () =>
        makeSink({
          server: database().address,
          sql: `insert into ${table} (record) values (?)`,
          values: (record) => [record],
          ledgerTable: `${table}_ledger`,
        }),
      readCommitted: async () =>
        (await database().rows<{ record: string }>(`select record from ${table}`)).map(({ record }) => record),
      dispose: async () => {
        await database().killOthers();
        await database().run(`drop table ${table}, ${table}_ledger`);
      },
      ...more,
    };
  };
}
