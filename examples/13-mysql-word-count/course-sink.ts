/**
 * The two-phase commit for MySQL as it is often taught for Flink: the transaction is a connection that stays open until the checkpoint is
 * complete. It is here to be seen losing rows; take mysqlSink instead.
 *
 * begin: a connection, without auto-commit · invoke: the statement, for each row · preCommit: nothing · commit: `commit` on that connection ·
 * abort: `rollback` on it. When its process dies between the checkpoint and the commit, the server rolls back, and no one has the rows any more:
 * the checkpoint says that they were written.
 */
import { type Connection, createConnection } from "mysql2/promise";
import { defineSink, type TwoPhaseCommitSink } from "streamjob";

export type WordCount = { readonly word: string; readonly count: number };
type Transaction = { readonly id: number };

export function courseSink(server: string): TwoPhaseCommitSink<WordCount, Transaction> {
  return defineSink<WordCount, Transaction>({
    name: "course",
    guarantee: "exactly-once",
    createWriter() {
      const connections = new Map<number, Connection>();
      let last = 0;
      const end = async (id: number, verb: "commit" | "rollback"): Promise<void> => {
        const connection = connections.get(id);
        connections.delete(id);
        await connection?.query(verb);
        await connection?.end();
      };
      return {
        async begin() {
          const connection = await createConnection(server);
          await connection.query("set autocommit = 0");
          connections.set(++last, connection);
          return { id: last };
        },
        async write({ id }, { word, count }) {
          const sql = "insert into t_wordcount (word, count) values (?, ?) on duplicate key update count = ?";
          await connections.get(id)?.query(sql, [word, count, count]);
        },
        prepare: (transaction) => transaction,
        async commit({ id }) {
          // After a restore there is no such connection: the rows are gone, and nobody says so.
          await end(id, "commit");
          return { kind: "committed" };
        },
        abort: ({ id }) => end(id, "rollback"),
        abortAllExcept: () => undefined,
        async close() {
          for (const id of connections.keys()) await end(id, "rollback");
        },
      };
    },
  });
}
