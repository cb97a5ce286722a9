/**
 * Owns: the mode `ledger`: the rows of an epoch are in its checkpoint, as statements, and are written in one transaction together with an
 * entry of the ledger (EO-12).
 *
 * MLS1 Nothing is open at the server between two calls, so there is nothing to abort, and nothing that a crash or a timeout could take.
 * MLS2 A commit looks into the ledger first. Whatever became of an earlier one, of this process or another, rows and entry are both
 *      there or both not; two at a time meet at the entry's key, and the second is rolled back.
 * MLS3 What is kept has a limit, `epochBytesMax`: more fails the task before the checkpoint. It is not held back until the checkpoint, since
 *      the barrier is behind it.
 * MLS4 A commit whose process or machine is gone does not hold up the next one: the server itself ends a connection that says nothing for
 *      SILENT_SECONDS_MAX in the midst of a commit. A machine that lost its power does not close its connections, and the server would keep the
 *      entry locked for hours.
 */
import { StreamError, systemRandom } from "../../../base/index.ts";
import { t, type ValueOf } from "../../record/index.ts";
import type { CommitOutcome, TransactionWriter, TwoPhaseCommitSink } from "../../ports/index.ts";
import { entryFields, Ledger } from "./ledger.ts";
import { codeOf } from "./mysql-error.ts";
import type { CheckedSink } from "./options.ts";
import { SinkSession } from "./sink-session.ts";
import type { Session } from "./session.ts";

/** Longer than a TaskManager may be silent. */
const SILENT_SECONDS_MAX = 5;
/** As long as the server allows. */
const BETWEEN_COMMITS = "set session wait_timeout = default";

const transactionType = t.record({
  ...entryFields,
  statements: t.list(t.string),
});

/** What a checkpoint keeps: an entry of the ledger, and the statements that come with it. */
export type LedgerTransaction = ValueOf<typeof transactionType>;

/** The sink of this mode. */
export function ledgerSink<T>(sink: CheckedSink<T>): TwoPhaseCommitSink<T, LedgerTransaction> {
  return {
    kind: "sink",
    name: sink.name,
    guarantee: "exactly-once",
    settlesOnDeletion: true,
    transactionType,
    createWriter: (context) => new LedgerWriter(new SinkSession(sink, context)),
  };
}

class LedgerWriter<T> implements TransactionWriter<T, LedgerTransaction> {
  readonly #to: SinkSession<T>;
  readonly #ledger: Ledger;
  readonly #writer = systemRandom.hex(8);
  #number = 0;
  #rows: string[] = [];
  #bytes = 0;

  constructor(to: SinkSession<T>) {
    this.#to = to;
    this.#ledger = new Ledger(to.sink.ledgerTable);
  }

  open(): Promise<void> {
    return this.#to.open(this.#ledger);
  }

  begin(): LedgerTransaction {
    this.#rows = [];
    this.#bytes = 0;
    return { ...this.#to.entry(this.#writer, ++this.#number), statements: [] };
  }

  write(_transaction: LedgerTransaction, value: T): void {
    const row = this.#to.statement.rowOf(value);
    this.#rows.push(row);
    this.#bytes += Buffer.byteLength(row);
    if (this.#bytes > this.#to.sink.epochBytesMax) throw this.#tooLong();
  }

  prepare(transaction: LedgerTransaction): LedgerTransaction {
    const rows = this.#rows;
    this.#rows = [];
    return { ...transaction, rows: rows.length, statements: this.#to.statementsOf(rows) };
  }

  async commit(transaction: LedgerTransaction): Promise<CommitOutcome> {
    try {
      const outcome = await this.#commit(await this.#to.session(), transaction);
      this.#to.succeeded();
      return outcome;
    } catch (error) {
      return this.#to.outcomeOf(error);
    }
  }

  abort(): void {
    this.#rows = [];
  }

  abortAllExcept(): void {
    // MLS1.
  }

  close(): void {
    this.#to.close();
  }

  async #commit(session: Session, transaction: LedgerTransaction): Promise<CommitOutcome> {
    if (await this.#ledger.has(session, transaction)) return { kind: "alreadyCommitted" };
    await session.run(`set session wait_timeout = ${SILENT_SECONDS_MAX}`); // MLS4
    await session.run("start transaction");
    try {
      // First of all: who comes second waits here, with nothing written.
      await this.#ledger.add(session, transaction);
      for (const statement of transaction.statements) await session.run(statement);
      await this.#ledger.trim(session, transaction);
      await session.run("commit");
      await session.run(BETWEEN_COMMITS);
      return { kind: "committed" };
    } catch (error) {
      if (!session.isLost) {
        await session.run("rollback");
        await session.run(BETWEEN_COMMITS);
      }
      // Of the ledger or of the table? The ledger says.
      if (codeOf(error) === "ER_DUP_ENTRY" && (await this.#ledger.has(session, transaction)))
        return { kind: "alreadyCommitted" };
      throw error;
    }
  }

  #tooLong(): StreamError {
    return new StreamError(
      "SINK_FAILED",
      `${this.#to.who}: the rows since the last checkpoint are longer than epochBytesMax (${this.#to.sink.epochBytesMax} bytes, ${this.#rows.length} rows); take checkpoints more often, raise the parallelism or epochBytesMax, or take the mode xa`,
    );
  }
}
