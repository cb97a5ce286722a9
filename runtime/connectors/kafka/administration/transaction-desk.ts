/**
 * Owns: what transactions there are under a prefix, whose they are, and ending one by hand.
 * Called by: `streamjob txns`. Not here: asking the person, what a checkpoint says of them.
 *
 * KTD1 An abort takes the id over: whoever still holds it can write no more with it. A commit is the plain request with the identity that the
 *      transaction has now, and changes nothing else.
 * KTD2 Whether the job lives that has noted the prefix is watched (KPN1) when it is asked for, not when transactions are listed.
 */
import type { Clock, Log } from "../../../../base/index.ts";
import { type KafkaConnectionOptions, readConnection } from "../client/connection-options.ts";
import type { DescribedTransaction, KafkaClient, ProducerIdentity } from "../client/kafka-client.ts";
import { kafkaFailure, type KafkaPlace } from "../client/kafka-error.ts";
import { Retries } from "../client/retry.ts";
import { isUnderWay } from "../client/transaction-state.ts";
import { createKafkaClient } from "../create-client.ts";
import { isRenewed, type PrefixNote, readPrefixNote } from "../sink/prefix-claim.ts";
import { parseTransactionId } from "../sink/transaction-id.ts";

/** Of an operation by hand. */
const DEADLINE_MS = 30_000;
/** Of the producer that takes an id over; it begins nothing. */
const TIMEOUT_MS = 60_000;

/** `isOpen`: it holds back readers of committed records. `owner`: the job that has noted its prefix; null: none, or the id is none of ours. */
export type LeftTransaction = DescribedTransaction & {
  readonly isOpen: boolean;
  readonly prefix: string | null;
  readonly owner: PrefixNote | null;
};

type Ports = { readonly clock: Clock; readonly log: Log };

export class TransactionDesk {
  readonly #client: KafkaClient;
  readonly #retries: Retries;
  readonly #place: KafkaPlace;
  readonly #clock: Clock;

  private constructor(client: KafkaClient, place: KafkaPlace, clock: Clock) {
    this.#client = client;
    this.#place = place;
    this.#clock = clock;
    this.#retries = new Retries(clock, DEADLINE_MS);
  }

  /** Errors: OPTION_INVALID; KAFKA_FAILED: no broker, wrong credentials. */
  static async open(options: KafkaConnectionOptions, { clock, log }: Ports): Promise<TransactionDesk> {
    const connection = readConnection("kafka", options);
    const client = createKafkaClient(connection, log);
    const desk = new TransactionDesk(client, { code: "KAFKA_FAILED", where: connection.brokers.join(", ") }, clock);
    await desk.#asked("connect", () => client.connect());
    return desk;
  }

  /** Those whose ids begin with `prefix`; sorted by id. `isAll`: also those that are over. */
  async list(prefix: string, isAll: boolean): Promise<readonly LeftTransaction[]> {
    const known = await this.#asked("list transactions", () => this.#client.transactions(prefix));
    const found: LeftTransaction[] = [];
    for (const each of known.toSorted((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1))) {
      if (!isAll && !isUnderWay(each)) continue;
      const described = await this.find(each.transactionalId);
      if (described !== null && (isAll || described.isOpen)) found.push(described);
    }
    return found;
  }

  /** null: there is none of this id. */
  async find(transactionalId: string): Promise<LeftTransaction | null> {
    const described = await this.#asked(`look at ${transactionalId}`, () =>
      this.#client.describeTransaction(transactionalId),
    );
    if (described === null) return null;
    const prefix = parseTransactionId(transactionalId)?.prefix ?? null;
    const of = claimed(prefix, described);
    const owner = of === null ? null : await this.#asked("look whose it is", () => readPrefixNote(this.#asking, of));
    return { ...described, isOpen: isUnderWay(described), prefix, owner };
  }

  /** KTD2: the job that holds it and lives; null: nobody does. Takes up to 20 s where a job has died. */
  async livingOwner(transaction: LeftTransaction): Promise<PrefixNote | null> {
    const { prefix, owner } = transaction;
    const of = claimed(prefix, transaction);
    if (of === null || owner === null) return null;
    const isLiving = await this.#asked("look whether its job lives", () =>
      isRenewed(this.#asking, of, owner, this.#clock),
    );
    return isLiving ? owner : null;
  }

  /** KTD1. Errors: KAFKA_FAILED, also when it is no longer this one, or was ended. */
  async end(identity: ProducerIdentity, outcome: "commit" | "abort"): Promise<void> {
    const { transactionalId } = identity;
    await this.#asked(`${outcome} the transaction of ${transactionalId}`, async () => {
      if (outcome === "commit") await this.#client.endTransaction(identity, "commit");
      else await this.#client.initProducer(transactionalId, TIMEOUT_MS);
    });
  }

  async close(): Promise<void> {
    this.#retries.close();
    await this.#client.close();
  }

  get #asking(): { readonly client: KafkaClient; readonly retries: Retries } {
    return { client: this.#client, retries: this.#retries };
  }

  async #asked<R>(doing: string, ask: () => Promise<R>): Promise<R> {
    try {
      return await this.#retries.run(ask);
    } catch (error) {
      throw kafkaFailure(this.#place, doing, error);
    }
  }
}

/** The note of a prefix is an offset of the sink's topic, which is where its open transaction writes. */
function claimed(
  prefix: string | null,
  { partitions }: Pick<DescribedTransaction, "partitions">,
): { readonly prefix: string; readonly topic: string } | null {
  const topic = partitions.find((each) => !each.topic.startsWith("__"))?.topic;
  return prefix === null || topic === undefined ? null : { prefix, topic };
}
