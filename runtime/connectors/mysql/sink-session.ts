/**
 * Owns: the way of a writer to its server: a session that is opened again when it was lost, checked before the first row, and pauses between
 * attempts.
 *
 * MSS1 `open` finds out everything that can be wrong before a row is taken: address, password, table, columns, keys, the ledger.
 */
import type { CommitOutcome, SinkContext } from "../../ports/index.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { mysqlError, reasonOf, troubleOf } from "./mysql-error.ts";
import type { CheckedSink } from "./options.ts";
import { RowStatement } from "./row-statement.ts";
import { Session } from "./session.ts";
import { checkStatement, checkTable } from "./table-check.ts";

const BATCH_BYTES = 1 << 20;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 5000;

/** What all writers of this room have. */
export class SinkSession<T> {
  readonly sink: CheckedSink<T>;
  readonly statement: RowStatement<T>;
  readonly context: SinkContext;
  /** In words, for messages. */
  readonly who: string;
  #session: Session | null = null;
  #batchBytes = BATCH_BYTES;
  #failures = 0;

  constructor(sink: CheckedSink<T>, context: SinkContext) {
    this.sink = sink;
    this.context = context;
    this.who = `sink ${context.name} (uid ${context.uid}, subtask ${context.subtask})`;
    this.statement = new RowStatement(`sink ${sink.name}`, sink.statement);
  }

  /** MSS1. Errors: SINK_FAILED. */
  async open(ledger: Ledger | null): Promise<void> {
    const session = await this.attempt("connect", () => this.session());
    await checkStatement(session, this, this.statement.checkText);
    await this.attempt("look at the table", async () => {
      await checkTable(session, this, this.sink);
      const [packet] = await session.rows("select @@max_allowed_packet as bytes");
      this.#batchBytes = Math.min(BATCH_BYTES, Math.floor(Number(packet?.["bytes"]) / 2));
    });
    if (ledger !== null)
      await this.attempt(`find or make the ledger (${ledger.definition()})`, () => ledger.create(session));
  }

  get server(): CheckedSink<T>["server"] {
    return this.sink.server;
  }

  /** The session, or a new one. Errors: the client's. */
  async session(): Promise<Session> {
    if (this.#session === null || this.#session.isLost) this.#session = await Session.open(this.sink.server);
    return this.#session;
  }

  /** The ledger's entry of a transaction that begins. */
  entry(writer: string, number: number): Entry {
    const { jobId, uid, subtask } = this.context;
    return { job: jobId, sink: uid, subtask, writer, number, rows: 0 };
  }

  statementsOf(rows: readonly string[]): string[] {
    return this.statement.statementsOf(rows, this.sink.batchRows, this.#batchBytes);
  }

  get batchBytes(): number {
    return this.#batchBytes;
  }

  /** Runs something; its errors become SINK_FAILED. */
  async attempt<R>(doing: string, body: () => Promise<R>): Promise<R> {
    try {
      return await body();
    } catch (error) {
      throw mysqlError(this, doing, error);
    }
  }

  /** Longer with each failure; different for each subtask, so that two that met do not meet again. */
  nextDelayMs(): number {
    const { subtask, parallelism } = this.context;
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures++, 10));
    return Math.round(delayMs * (1 + subtask / parallelism));
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** What a commit that has failed comes to: nothing is dropped (EO-3). Errors: what a restart or a person has to mend first. */
  outcomeOf(error: unknown): CommitOutcome {
    const trouble = troubleOf(error);
    if (trouble === "away" || trouble === "busy")
      return { kind: "retryLater", after: this.nextDelayMs(), reason: reasonOf(error) };
    if (trouble === "wrong")
      return { kind: "impossible", reason: `${reasonOf(error)}; mend the table, and restore the last checkpoint` };
    throw mysqlError(this, "commit", error);
  }

  close(): void {
    this.#session?.destroy();
  }
}
