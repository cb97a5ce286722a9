/**
 * Sinks for MySQL as they are often written for Flink. They are here to be seen writing twice; take mysqlSink instead.
 *
 * `invokeSink` writes each row as it comes. Rows that no checkpoint covers are written again after a restart.
 * `preCommitSink` has the hooks of a two-phase commit and commits one too early, in preCommit: when the checkpoint does not complete after all, the
 * rows stay, and are written again.
 */
import { type Connection, createConnection } from "mysql2/promise";
import { defineSink, type PlainSink, type TwoPhaseCommitSink } from "streamjob";
import { sql, valuesOf, type WordCount } from "./word-count.ts";

export function invokeSink(server: string): PlainSink<WordCount> {
  return defineSink<WordCount>({
    name: "invoke",
    guarantee: "at-least-once",
    createWriter() {
      let connection: Connection | null = null;
      return {
        async open() {
          connection = await createConnection(server);
        },
        async write(row) {
          await connection?.query(sql, [...valuesOf(row)]);
        },
        async close() {
          await connection?.end();
        },
      };
    },
  });
}

export function preCommitSink(server: string): TwoPhaseCommitSink<WordCount, null> {
  return defineSink<WordCount, null>({
    name: "pre-commit",
    guarantee: "exactly-once",
    createWriter() {
      let connection: Connection | null = null;
      return {
        async begin() {
          connection ??= await createConnection(server);
          await connection.query("start transaction");
          return null;
        },
        async write(_transaction, row) {
          await connection?.query(sql, [...valuesOf(row)]);
        },
        async prepare(transaction) {
          // Too early: whether the checkpoint completes is not known yet.
          await connection?.query("commit");
          return transaction;
        },
        commit: () => Promise.resolve({ kind: "committed" }),
        async abort() {
          await connection?.query("rollback");
        },
        abortAllExcept: () => undefined,
        async close() {
          await connection?.end();
        },
      };
    },
  });
}
