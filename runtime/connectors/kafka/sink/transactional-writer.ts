/**
 * Owns: the two-phase commit of the Kafka sink: one transaction for each subtask and checkpoint, resumed by its saved identity.
 * Not here: appending (record-sender.ts), ids (transaction-slots.ts), what became of a fenced transaction (transaction-fate.ts).
 *
 * KTW1 Pre-committed is: every record is appended, and (transactional id, producer id, epoch) with the offsets are in the checkpoint. Commit is
 *      the plain request with that identity, from whatever process (EO-8).
 * KTW2 After a restore, in this order (EO-4): what the checkpoint names is committed; what else is open under the prefix, or under one that
 *      the checkpoint names, is aborted; then new ones begin.
 * KTW3 A commit that the broker refuses for good is looked up in the log (KTF1): committed; or aborted, as after its timeout, and then it is
 *      written again (KTF2) or the job fails with the offsets (KTF4).
 * KTW5 Nothing of this begins while another job that lives has the same prefix (KPN1).
 * KTW4 After a restore every id of the subtask is taken over, also one without an open transaction: an earlier attempt that still runs can neither
 *      write nor begin with what it holds. Left open, its transaction would hold back readers until its timeout.
 * KTW6 What is being ended is looked at again after a moment, then once a second, then more and more seldom: each look asks all brokers for all their transactions.
 */
import { StreamError } from "../../../../base/index.ts";
import type { CommitOutcome, SinkContext, TransactionWriter } from "../../../ports/index.ts";
import { KafkaError, kafkaFailure } from "../client/kafka-error.ts";
import { PrefixClaim } from "./prefix-claim.ts";
import type { RecordSender } from "./record-sender.ts";
import { SinkClient } from "./sink-client.ts";
import { addRecord, type KafkaSinkSettings } from "./sink-settings.ts";
import { describeRecords, type KafkaTransaction, TransactionFate } from "./transaction-fate.ts";
import { parseTransactionId } from "./transaction-id.ts";
import { TransactionSlots } from "./transaction-slots.ts";

const MAX_TIMEOUT_SETTING = "transaction.max.timeout.ms";
const ENDING_WAIT_MS = 100;
const ENDING_WAIT_MS_MAX = 10_000;
const RETRY_WAIT_MS = 1000;

/** The identity is no longer the id's current one, or its transaction is in no state to be committed. */
const lost: ReadonlySet<string> = new Set([
  "INVALID_PRODUCER_EPOCH",
  "PRODUCER_FENCED",
  "INVALID_TXN_STATE",
  "INVALID_PRODUCER_ID_MAPPING",
  "UNKNOWN_PRODUCER_ID",
  "TRANSACTIONAL_ID_NOT_FOUND",
  "TRANSACTION_ABORTABLE",
]);

export class TransactionalKafkaWriter<T> implements TransactionWriter<T, KafkaTransaction> {
  readonly #settings: KafkaSinkSettings<T>;
  readonly #context: SinkContext;
  readonly #kafka: SinkClient;
  readonly #prefix: string;
  readonly #slots: TransactionSlots;
  readonly #fate: TransactionFate;
  /** How long was waited last for a transaction to be ended, by id. */
  readonly #endingWaits = new Map<string, number>();
  readonly #claim: PrefixClaim;
  #sender: RecordSender | null = null;

  constructor(settings: KafkaSinkSettings<T>, context: SinkContext) {
    this.#settings = settings;
    this.#context = context;
    this.#kafka = new SinkClient(settings as KafkaSinkSettings<never>, context);
    this.#prefix = settings.transactionalIdPrefix ?? `${context.jobName}-${context.uid}`;
    this.#slots = new TransactionSlots(
      this.#kafka,
      { prefix: this.#prefix, subtask: context.subtask },
      settings.transactionTimeoutMs,
      (id, { producerId, outcome }) =>
        this.#pastCoordinator(id, () => this.#fate.endLeftOpen(settings.topic, new Set([producerId]), outcome)),
    );
    this.#fate = new TransactionFate(this.#kafka.client, this.#kafka.retries);
    this.#claim = new PrefixClaim(this.#kafka, context, { prefix: this.#prefix, topic: settings.topic });
  }

  async open(): Promise<void> {
    this.#sender = await this.#kafka.open();
    await this.#checkTimeout();
    await this.#asked("note whose its transactional ids are", () => this.#claim.take());
  }

  begin(): KafkaTransaction | Promise<KafkaTransaction> {
    this.#claim.assertHeld();
    const identity = this.#slots.take();
    if (!("then" in identity)) return this.#begun(identity);
    return identity.then((each) => this.#begun(each));
  }

  write(_transaction: KafkaTransaction, value: T, timestamp: number): void | Promise<void> {
    const added = addRecord(this.#running(), this.#settings.record, value, { timestamp, clock: this.#context.clock });
    if (added !== undefined) return this.#asked("write", () => added);
  }

  async prepare(transaction: KafkaTransaction): Promise<KafkaTransaction> {
    const sender = this.#running();
    await this.#asked("write", () => sender.flush());
    this.#slots.prepareNext();
    return { ...transaction, partitions: sender.appended() };
  }

  async commit(transaction: KafkaTransaction): Promise<CommitOutcome> {
    try {
      await this.#kafka.client.endTransaction(transaction, "commit");
    } catch (error) {
      return await this.#refused(transaction, error);
    }
    this.#slots.release(transaction, "commit");
    return { kind: "committed" };
  }

  async abort(transaction: KafkaTransaction): Promise<void> {
    const sender = this.#running();
    await sender.discard();
    if (sender.isInTransaction) {
      try {
        // Once: a task that is being cancelled does not wait for a broker that is away.
        await this.#kafka.client.endTransaction(transaction, "abort");
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        // The next attempt aborts it, or the broker when its time is over; until then readers of committed records wait.
        this.#context.log.warn(
          { transactionalId: transaction.transactionalId, reason: error.message },
          "a transaction could not be aborted",
        );
      }
    }
    this.#slots.release(transaction, "abort");
  }

  async abortAllExcept(keep: readonly KafkaTransaction[]): Promise<void> {
    const { client, retries } = this.#kafka;
    for (const each of keep) if (this.#isMine(each.transactionalId)) await this.#endHanging(each, "committed");
    const kept = new Set(keep.map(({ transactionalId }) => transactionalId));
    const prefixes = new Set([
      this.#prefix,
      ...keep.flatMap(({ transactionalId }) => parseTransactionId(transactionalId)?.prefix ?? []),
    ]);
    const producerIds = new Set<number>();
    for (const prefix of prefixes) {
      const known = await this.#asked("list transactions", () => retries.run(() => client.transactions(`${prefix}-`)));
      for (const { transactionalId: id, producerId, state } of known) {
        if (parseTransactionId(id)?.prefix !== prefix || !this.#isMine(id) || kept.has(id)) continue;
        producerIds.add(producerId);
        if (state === "Ongoing")
          this.#context.log.info({ transactionalId: id }, "aborting a transaction that is in no checkpoint");
        // Those without an open one too: whoever holds its identity could begin another (KTW4).
        await this.#asked(`take over the transactional id ${id}`, () =>
          retries.run(() => client.initProducer(id, this.#settings.transactionTimeoutMs)),
        );
      }
    }
    await this.#abortHanging(producerIds);
    await this.#slots.open();
  }

  #isMine(transactionalId: string): boolean {
    const parts = parseTransactionId(transactionalId);
    return parts !== null && parts.subtask % this.#context.parallelism === this.#context.subtask;
  }

  async close(): Promise<void> {
    this.#sender?.close();
    await this.#claim.release();
    await this.#kafka.close();
  }

  #begun(identity: {
    readonly transactionalId: string;
    readonly producerId: number;
    readonly epoch: number;
  }): KafkaTransaction {
    this.#running().begin(identity);
    return { ...identity, partitions: [] };
  }

  async #refused(transaction: KafkaTransaction, error: unknown): Promise<CommitOutcome> {
    if (!(error instanceof KafkaError)) throw error;
    if (error.type === "CONCURRENT_TRANSACTIONS")
      return { kind: "retryLater", after: ENDING_WAIT_MS, reason: error.message };
    if (error.isRetriable)
      return { kind: "retryLater", after: RETRY_WAIT_MS, reason: `${error.message} (${error.type})` };
    if (!lost.has(error.type)) throw kafkaFailure(this.#kafka.place, "commit", error);
    return await this.#asked(`find out what became of the transaction of ${transaction.transactionalId}`, () =>
      this.#settle(transaction, error),
    );
  }

  async #settle(transaction: KafkaTransaction, refusal: KafkaError): Promise<CommitOutcome> {
    const { transactionalId, partitions } = transaction;
    const fate = await this.#fate.find(transaction);
    if (fate.kind === "ending") return await this.#lookLater(transaction, refusal);
    if (fate.kind !== "gone") await this.#endHanging(transaction, fate.kind);
    if (fate.kind === "gone") {
      return {
        kind: "impossible",
        reason: `the transaction of ${transactionalId} was refused (${refusal.type}), and the log no longer says whether it had been committed: ${describeRecords(partitions)} were deleted. Look whether they arrived where they are read; then restore an older checkpoint, or start anew`,
      };
    }
    if (fate.kind === "aborted") {
      const missing = await this.#fate.writeAgain(transaction, this.#settings.transactionTimeoutMs);
      if (missing !== null) {
        return {
          kind: "impossible",
          reason: `the transaction of ${transactionalId} was aborted before it could be committed, and the log has no longer what it wrote: ${missing}. Restore an older checkpoint, and set transactionTimeout (now ${this.#settings.transactionTimeoutMs} ms) and the topic's retention longer than the job may be away`,
        };
      }
      this.#context.log.warn(
        { transactionalId, records: describeRecords(partitions) },
        "an aborted transaction was written again",
      );
    }
    this.#endingWaits.delete(transactionalId);
    this.#slots.release(transaction, "commit");
    return { kind: "alreadyCommitted" };
  }

  /** KTW6 */
  async #lookLater(transaction: KafkaTransaction, refusal: KafkaError): Promise<CommitOutcome> {
    const { transactionalId } = transaction;
    const waited = this.#endingWaits.get(transactionalId);
    if (waited !== undefined) await this.#endHanging(transaction, "ending");
    const after =
      waited === undefined ? ENDING_WAIT_MS : Math.min(ENDING_WAIT_MS_MAX, Math.max(RETRY_WAIT_MS, 2 * waited));
    this.#endingWaits.set(transactionalId, after);
    return { kind: "retryLater", after, reason: `it is being ended; its commit was answered by ${refusal.type}` };
  }

  /** KTF5 */
  async #endHanging(transaction: KafkaTransaction, fate: "committed" | "aborted" | "ending"): Promise<void> {
    await this.#pastCoordinator(transaction.transactionalId, () => this.#fate.endHanging(transaction, fate));
  }

  /** KTF5 */
  async #abortHanging(producerIds: ReadonlySet<number>): Promise<void> {
    if (producerIds.size === 0) return;
    await this.#pastCoordinator(`${this.#prefix}-…`, () =>
      this.#fate.endLeftOpen(this.#settings.topic, producerIds, "abort"),
    );
  }

  async #pastCoordinator(transactionalId: string, end: () => Promise<string[]>): Promise<void> {
    try {
      const partitions = await end();
      if (partitions.length === 0) return;
      this.#context.log.warn(
        { transactionalId, partitions },
        "a transaction that its coordinator had given up was ended in its partitions",
      );
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      if (error.type !== "CLUSTER_AUTHORIZATION_FAILED")
        throw kafkaFailure(this.#kafka.place, "end a transaction that its coordinator has given up", error);
      throw new StreamError(
        "SINK_FAILED",
        `${this.#kafka.place.where}: the transaction of ${transactionalId} is open in partitions of ${this.#settings.topic}, and its coordinator has given it up: readers of committed records wait for good. Ending it needs the right Alter on the cluster: grant it, or have an administrator end it (kafka-transactions.sh find-hanging, and abort)`,
        { cause: error },
      );
    }
  }

  /** EO-7: better now than with the first transaction. */
  async #checkTimeout(): Promise<void> {
    const timeoutMs = this.#settings.transactionTimeoutMs;
    const setting = await this.#asked("read the broker's settings", async () => {
      try {
        return await this.#kafka.client.brokerSetting(MAX_TIMEOUT_SETTING);
      } catch (error) {
        // Not everybody may read them; the first transactional id is refused then.
        if (error instanceof KafkaError && error.type.endsWith("AUTHORIZATION_FAILED")) return null;
        throw error;
      }
    });
    if (setting === null || timeoutMs <= Number(setting)) return;
    throw new StreamError(
      "OPTION_INVALID",
      `${this.#kafka.place.where}: transactionTimeout is ${timeoutMs} ms, but the broker allows ${setting} ms at most. Set transactionTimeout to at most that (it has to be longer than a checkpoint and a restart take together), or raise ${MAX_TIMEOUT_SETTING} of the brokers`,
      { destiny: "terminal" },
    );
  }

  async #asked<R>(doing: string, ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof KafkaError && (error.type === "PRODUCER_FENCED" || error.type === "INVALID_PRODUCER_EPOCH"))
        throw this.#fenced(doing, error);
      throw kafkaFailure(this.#kafka.place, doing, error);
    }
  }

  #fenced(doing: string, cause: KafkaError): StreamError {
    return new StreamError(
      "SINK_FAILED",
      `${this.#kafka.place.where}: cannot ${doing}: another producer has taken over a transactional id with the prefix "${this.#prefix}" (${cause.type}). Either its transaction timed out (transactionTimeout is ${this.#settings.transactionTimeoutMs} ms), or a newer attempt of this job runs, or another job has the same prefix: give each job a transactionalIdPrefix of its own`,
      { cause },
    );
  }

  #running(): RecordSender {
    return this.#sender as RecordSender;
  }
}
