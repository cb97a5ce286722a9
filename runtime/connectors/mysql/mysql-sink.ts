/**
 * Owns: the sink that users name, and the choice among its modes.
 */
import type { PlainSink, Sink, TwoPhaseCommitSink } from "../../ports/index.ts";
import { ledgerSink, type LedgerTransaction } from "./ledger-sink.ts";
import { checkSink, type MySqlSinkOptions } from "./options.ts";
import { RowStatement } from "./row-statement.ts";
import { upsertSink } from "./upsert-sink.ts";
import { xaSink, type XaTransaction } from "./xa-sink.ts";

/** Writes rows into a table of MySQL or MariaDB: exactly once, but for the mode `upsert`. Errors: OPTION_INVALID. */
export function mysqlSink<T>(options: MySqlSinkOptions<T> & { readonly mode: "upsert" }): PlainSink<T>;
export function mysqlSink<T>(
  options: MySqlSinkOptions<T> & { readonly mode: "xa" },
): TwoPhaseCommitSink<T, XaTransaction>;
export function mysqlSink<T>(
  options: MySqlSinkOptions<T> & { readonly mode?: "ledger" },
): TwoPhaseCommitSink<T, LedgerTransaction>;
export function mysqlSink<T>(options: MySqlSinkOptions<T>): Sink<T>;
export function mysqlSink<T>(options: MySqlSinkOptions<T>): unknown {
  const sink = checkSink(options);
  new RowStatement(`sink ${sink.name}`, sink.statement); // A statement that is none is refused here.
  switch (sink.mode) {
    case "ledger":
      return ledgerSink(sink);
    case "xa":
      return xaSink(sink);
    case "upsert":
      return upsertSink(sink);
  }
}
