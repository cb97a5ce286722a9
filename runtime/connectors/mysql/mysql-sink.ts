/**
 * Owns: the sink that users name, and the choice among its modes.
 */
import type { PlainSink, TwoPhaseCommitSink } from "../../ports/index.ts";
import { ledgerSink, type LedgerTransaction } from "./ledger-sink.ts";
import { checkSink, type MySqlSinkOptions } from "./options.ts";
import { RowStatement } from "./row-statement.ts";
import { upsertSink } from "./upsert-sink.ts";

/** What a checkpoint keeps of a MySQL sink. */
export type MySqlTransaction = LedgerTransaction;

/** Writes rows into a table of MySQL or MariaDB: exactly once, but for the mode `upsert`. Errors: OPTION_INVALID. */
export function mysqlSink<T>(options: MySqlSinkOptions<T> & { readonly mode: "upsert" }): PlainSink<T>;
export function mysqlSink<T>(
  options: MySqlSinkOptions<T> & { readonly mode?: "ledger" },
): TwoPhaseCommitSink<T, LedgerTransaction>;
export function mysqlSink<T>(options: MySqlSinkOptions<T>): PlainSink<T> | TwoPhaseCommitSink<T, LedgerTransaction> {
  const sink = checkSink(options);
  new RowStatement(`sink ${sink.name}`, sink.statement); // A statement that is none is refused here.
  switch (sink.mode) {
    case "upsert":
      return upsertSink(sink);
    case "xa":
    case "ledger":
      return ledgerSink(sink);
  }
}
