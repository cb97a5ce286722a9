/**
 * Owns: the mode `xa`: rows are written as they come into a branch of an XA transaction, which is prepared at the barrier and committed when
 * the checkpoint is complete (EO-12).
 * Not here: what the server knows of branches (xa-branches.ts), their connections (xa-connections.ts) and names (xid.ts).
 *
 * XAS1 The last row of a branch is its entry in the ledger. So no branch is empty (the server rolls an empty one back), and whether one that
 *      the server no longer knows was committed is read, not guessed: without its entry it was rolled back, and the job fails (EO-3).
 * XAS2 An error within a branch fails the task: its rows are not kept here, and come again from the last checkpoint.
 */
import { systemRandom } from "../../../base/index.ts";
import { t, type ValueOf } from "../../record/index.ts";
import type { CommitOutcome, TransactionWriter, TwoPhaseCommitSink } from "../../ports/index.ts";
import { entryFields, Ledger } from "./ledger.ts";
import { mysqlError, reasonOf } from "./mysql-error.ts";
import type { CheckedSink } from "./options.ts";
import type { Session } from "./session.ts";
import { SinkSession } from "./sink-session.ts";
import { checkXa } from "./table-check.ts";
import { isPrepared, killConnection, preparedBranches, rollBack, settledBranch } from "./xa-branches.ts";
import { XaConnections } from "./xa-connections.ts";
import { BranchNames, xidText } from "./xid.ts";

/** How long a branch may be neither prepared nor in the ledger before that counts: it may be just being committed. */
const UNKNOWN_MS_MAX = 10_000;

const transactionType = t.record({
  globalId: t.string,
  connectionId: t.int64,
  ...entryFields,
});

/** What a checkpoint keeps: a prepared branch, the connection that prepared it, and the branch's entry in the ledger. */
export type XaTransaction = ValueOf<typeof transactionType>;

/** The sink of this mode. */
export function xaSink<T>(sink: CheckedSink<T>): TwoPhaseCommitSink<T, XaTransaction> {
  return {
    kind: "sink",
    name: sink.name,
    guarantee: "exactly-once",
    settlesOnDeletion: true,
    transactionType,
    createWriter: (context) => new XaWriter(new SinkSession(sink, context)),
  };
}

class XaWriter<T> implements TransactionWriter<T, XaTransaction> {
  readonly #to: SinkSession<T>;
  readonly #ledger: Ledger;
  readonly #names: BranchNames;
  readonly #connections: XaConnections<T>;
  readonly #writer = systemRandom.hex(6);
  #number = 0;
  #open: Session | null = null;
  /** Of the open branch: not sent yet, and in all. */
  #rows: string[] = [];
  #bytes = 0;
  #count = 0;
  /** The connections of prepared branches, by global id. */
  readonly #prepared = new Map<string, Session>();
  /** Since when a branch has been neither prepared nor in the ledger. */
  readonly #unknownSince = new Map<string, number>();

  constructor(to: SinkSession<T>) {
    this.#to = to;
    this.#ledger = new Ledger(to.sink.ledgerTable);
    this.#names = new BranchNames(to.context);
    this.#connections = new XaConnections(to, this.#names);
  }

  async open(): Promise<void> {
    await this.#to.open(this.#ledger);
    await checkXa(await this.#to.session(), this.#to);
    await this.#to.attempt("end what an earlier attempt has open", () => this.#connections.endZombies());
  }

  async begin(): Promise<XaTransaction> {
    return this.#to.attempt("begin an XA transaction", async () => {
      const session = await this.#connections.take();
      const number = ++this.#number;
      const globalId = this.#names.globalId(this.#writer, number);
      const { connectionId } = session;
      this.#open = session;
      this.#rows = [];
      this.#bytes = 0;
      this.#count = 0;
      await session.run(`xa start ${xidText({ globalId, connectionId })}`);
      return { globalId, connectionId, ...this.#to.entry(this.#writer, number) };
    });
  }

  write(_transaction: XaTransaction, value: T): void | Promise<void> {
    const row = this.#to.statement.rowOf(value);
    this.#rows.push(row);
    this.#count++;
    this.#bytes += row.length;
    if (this.#rows.length >= this.#to.sink.batchRows || this.#bytes >= this.#to.batchBytes) return this.#flush();
  }

  async prepare(begun: XaTransaction): Promise<XaTransaction> {
    await this.#flush();
    const session = this.#running();
    const transaction = { ...begun, rows: this.#count };
    await this.#to.attempt("prepare an XA transaction", async () => {
      await this.#ledger.add(session, transaction); // XAS1
      await session.run(`xa end ${xidText(transaction)}`);
      await session.run(`xa prepare ${xidText(transaction)}`);
    });
    this.#prepared.set(transaction.globalId, session);
    this.#open = null;
    return transaction;
  }

  async commit(transaction: XaTransaction): Promise<CommitOutcome> {
    try {
      const outcome = (await this.#commitOwn(transaction)) ?? (await this.#commitForeign(transaction));
      if (outcome.kind !== "retryLater") this.#to.succeeded();
      return outcome;
    } catch (error) {
      return this.#to.outcomeOf(error);
    }
  }

  abort(): void {
    if (this.#open !== null) this.#connections.end(this.#open);
    this.#open = null;
    this.#rows = [];
  }

  async abortAllExcept(keep: readonly XaTransaction[]): Promise<void> {
    const kept = new Set(keep.map(({ globalId }) => globalId));
    await this.#to.attempt("roll back what earlier attempts left", async () => {
      const session = await this.#to.session();
      for (const branch of await preparedBranches(session)) {
        if (kept.has(branch.globalId) || !this.#names.isOursToAbort(branch)) continue;
        this.#to.context.log.info(
          { transaction: branch.globalId },
          "rolling back an XA transaction that is in no checkpoint",
        );
        const other = this.#names.otherJobOf(branch);
        if (other === null) await rollBack(this.#to, branch);
        // Its connection is gone, or the server would not roll it back.
        else if (!(await settledBranch(session, "rollback", branch)) && (await isPrepared(session, branch)))
          throw this.#connections.inUse(other, branch.connectionId);
      }
    });
  }

  /** What is prepared stays. */
  close(): void {
    this.#connections.close();
    this.#to.close();
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    const session = this.#running();
    try {
      for (const statement of this.#to.statementsOf(rows)) await session.run(statement);
    } catch (error) {
      this.abort(); // XAS2
      throw mysqlError(this.#to, "write rows", error);
    }
  }

  #running(): Session {
    if (this.#open === null) throw mysqlError(this.#to, "write rows", new Error("the transaction was rolled back"));
    return this.#open;
  }

  /** By the connection that prepared it; null when it is not ours, or lost. */
  async #commitOwn(transaction: XaTransaction): Promise<CommitOutcome | null> {
    const session = this.#prepared.get(transaction.globalId);
    if (session === undefined) return null;
    this.#prepared.delete(transaction.globalId);
    if (session.isLost) return null;
    try {
      await session.run(`xa commit ${xidText(transaction)}`);
    } catch (error) {
      // Asked for again, it is found as any other's.
      this.#connections.end(session);
      return { kind: "retryLater", after: this.#to.nextDelayMs(), reason: reasonOf(error) };
    }
    this.#connections.giveBack(session);
    await this.#trim(transaction);
    return { kind: "committed" };
  }

  /** By any connection: after a restore, and after the loss of its own. */
  async #commitForeign(transaction: XaTransaction): Promise<CommitOutcome> {
    const session = await this.#to.session();
    if (await this.#ledger.has(session, transaction)) return { kind: "alreadyCommitted" };
    if (await settledBranch(session, "commit", transaction)) {
      await this.#trim(transaction);
      return { kind: "committed" };
    }
    const later = (reason: string): CommitOutcome => ({ kind: "retryLater", after: this.#to.nextDelayMs(), reason });
    if (await isPrepared(session, transaction)) {
      await killConnection(session, transaction.connectionId); // XA1
      return later(`connection ${transaction.connectionId} of an earlier attempt still held it, and was ended`);
    }
    if (await this.#ledger.has(session, transaction)) return { kind: "alreadyCommitted" };
    const nowMs = this.#to.context.clock.monotonicMs();
    const sinceMs = this.#unknownSince.get(transaction.globalId) ?? nowMs;
    this.#unknownSince.set(transaction.globalId, sinceMs);
    if (nowMs - sinceMs < UNKNOWN_MS_MAX) return later("the server does not list it, and the ledger does not have it");
    return {
      kind: "impossible",
      reason: `the server no longer has the XA transaction ${transaction.globalId} (${transaction.rows} rows), and the ledger says that it was not committed: something else has rolled it back; restore an older checkpoint`,
    };
  }

  /** What is left is removed with the next one. */
  async #trim(transaction: XaTransaction): Promise<void> {
    try {
      await this.#ledger.trim(await this.#to.session(), transaction);
    } catch (error) {
      this.#to.context.log.warn(
        { reason: reasonOf(error) },
        "the ledger could not be trimmed; the next commit does it",
      );
    }
  }
}
