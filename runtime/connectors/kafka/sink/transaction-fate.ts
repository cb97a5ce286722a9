/**
 * Owns: what became of a transaction that can no longer be committed by its identity, and writing it again: the log itself is the ledger.
 * Called by: transactional-writer.ts, when a commit is answered by "fenced", "unknown" or "in another state" (EO-6).
 *
 * KTF1 A transaction ends with a marker of its producer in each of its partitions. The first such marker behind the transaction's last record
 *     says whether it was committed: a producer's next transaction begins only when that one has ended.
 * KTF2 One that was aborted is written again: its records still lie in the log, between the offsets that the checkpoint names, as
 *     nothing but a reader of uncommitted records sees them. They are appended as they are, in a new transaction of the same id.
 * KTF3 That it was written again is committed in the same transaction, as an offset of a group that is named after it: asked again, also by
 *     another process, it is written once.
 * KTF4 What is no longer in the log cannot be written again: the job fails, with the partitions and offsets. Nothing is dropped (EO-3).
 * KTF5 A broker that is killed while it ends transactions may call one ended and have written no marker into some partitions (seen with Kafka
 *      4.4). It is open there for good and holds back readers. When its coordinator has nothing under way, what is open is ended in the
 *      partitions themselves, as an administrator would: committed if some other partition says so, else aborted.
 *      That is looked for after a restore, and before an id is used again (KTS4): one small request to each leader for each transaction.
 */
import type { KafkaClient, PartitionInfo, ProducerIdentity } from "../client/kafka-client.ts";
import { KafkaError } from "../client/kafka-error.ts";
import type { Retries } from "../client/retry.ts";
import { isUnderWay } from "../client/transaction-state.ts";
import { batchesOf, isCommitMarker, type LogBatch } from "../wire/batch-reader.ts";
import { COUNT_AT, seal } from "../wire/record-batch.ts";
import type { Appended } from "./record-sender.ts";

const FETCH_WAIT_MS = 100;
const FETCH_BYTES_MAX = 4 << 20;

export type KafkaTransaction = ProducerIdentity & {
  readonly transactionalId: string;
  /** Empty until it is prepared. */
  readonly partitions: readonly Appended[];
};

export type Fate =
  | { readonly kind: "committed" }
  | { readonly kind: "aborted" }
  /** No marker yet: it is being ended. */
  | { readonly kind: "ending" }
  /** The log does not reach back to it in any partition. */
  | { readonly kind: "gone" };

/** In words: partitions and offsets of its records. */
export function describeRecords(partitions: readonly Appended[]): string {
  return partitions
    .map(
      ({ topic, partition, first, last, records }) =>
        `${records} records in partition ${partition} of ${topic} between offsets ${first} and ${last}`,
    )
    .join(", ");
}

export class TransactionFate {
  readonly #client: KafkaClient;
  readonly #retries: Retries;

  constructor(client: KafkaClient, retries: Retries) {
    this.#client = client;
    this.#retries = retries;
  }

  async find({ producerId, partitions }: KafkaTransaction): Promise<Fate> {
    let isEnding = false;
    for (const { topic, partition, last } of partitions) {
      const marker = await this.#scan(
        { topic, partition },
        last + 1,
        Number.POSITIVE_INFINITY,
        (batch) => batch.isControl && batch.producerId === producerId,
      );
      if (marker.found !== null) return { kind: isCommitMarker(marker.found) ? "committed" : "aborted" };
      isEnding ||= !marker.isGone;
    }
    return isEnding ? { kind: "ending" } : { kind: "gone" };
  }

  /** KTF5; answers the partitions in which it was ended. `fate`: what is known of it. Errors: KafkaError, without the right to do so. */
  async endHanging(transaction: KafkaTransaction, fate: "committed" | "aborted" | "ending"): Promise<string[]> {
    const { transactionalId, producerId, epoch, partitions } = transaction;
    const known = await this.#retries.run(() => this.#client.transactions(transactionalId));
    const own = known.find((each) => each.transactionalId === transactionalId);
    if (own !== undefined && isUnderWay(own)) return [];
    const ended: string[] = [];
    for (const at of partitions) {
      await this.#retries.run(async () => {
        const leader = await this.#leaderOf(at);
        const open = await this.#client.openInPartitions([leader]);
        const hanging = open.find((each) => each.producerId === producerId && each.epoch === epoch);
        if (hanging === undefined) return;
        await this.#client.endInPartition(hanging, leader.leader, fate === "committed" ? "commit" : "abort");
        ended.push(`${at.topic}-${at.partition}`);
      });
    }
    return ended;
  }

  /** KTF5: of producers that have just been taken over, so that nothing of theirs is under way. Answers the partitions of `topic`. */
  async endLeftOpen(topic: string, producerIds: ReadonlySet<number>, outcome: "commit" | "abort"): Promise<string[]> {
    const infos = (await this.#retries.run(() => this.#client.partitionsOf(topic))) ?? [];
    const open = await this.#retries.run(() => this.#client.openInPartitions(infos));
    const ended: string[] = [];
    for (const each of open) {
      if (!producerIds.has(each.producerId)) continue;
      await this.#retries.run(async () => {
        const { leader } = await this.#leaderOf(each);
        await this.#client.endInPartition(each, leader, outcome);
      });
      ended.push(`${topic}-${each.partition}`);
    }
    return ended;
  }

  /** Writes it again, unless that was done before. Answers what is missing, or null when all of it is committed. */
  async writeAgain(transaction: KafkaTransaction, timeoutMs: number): Promise<string | null> {
    const { transactionalId, producerId, epoch, partitions } = transaction;
    const [first] = partitions;
    if (first === undefined) return null;
    const owner = await this.#retries.run(() => this.#client.initProducer(transactionalId, timeoutMs));
    const group = `${transactionalId}-again-${producerId}-${epoch}`;
    const mark = {
      topic: first.topic,
      partition: first.partition,
      offset: first.first,
      metadata: `${producerId}:${epoch}`,
    };
    const done = await this.#retries.run(() => this.#client.groupOffsets(group, [mark]));
    if (done.length > 0) return null;
    const records: (Appended & { readonly batches: readonly LogBatch[] })[] = [];
    for (const each of partitions) {
      const batches = await this.#recordsOf(each, transaction);
      if (batches === null) return describeRecords([each]);
      records.push({ ...each, batches });
    }
    await this.#retries.run(() => this.#client.addPartitions(owner, partitions));
    for (const { batches, ...each } of records) await this.#append(each, batches, owner);
    await this.#retries.run(() => this.#client.addGroupOffset(owner, group, mark));
    await this.#retries.run(() => this.#client.endTransaction(owner, "commit"));
    return null;
  }

  /** Its batches in one partition; null: not all of them are there. */
  async #recordsOf(appended: Appended, { producerId, epoch }: KafkaTransaction): Promise<LogBatch[] | null> {
    const batches: LogBatch[] = [];
    await this.#scan(appended, appended.first, appended.last, (batch) => {
      if (batch.producerId === producerId && batch.epoch === epoch && !batch.isControl) batches.push(batch);
      return false;
    });
    const records = batches.reduce((sum, { bytes }) => sum + bytes.readInt32BE(COUNT_AT), 0);
    return records === appended.records ? batches : null;
  }

  async #append({ topic, partition }: Appended, batches: readonly LogBatch[], owner: ProducerIdentity): Promise<void> {
    let sequence = 0;
    for (const { bytes } of batches) {
      const records = Buffer.from(bytes);
      seal(records, { ...owner, sequence, isTransactional: true });
      sequence += records.readInt32BE(COUNT_AT);
      await this.#retries.run(async () => {
        const { leader } = await this.#leaderOf({ topic, partition });
        const [answer] = await this.#client.produce({
          node: leader,
          transactionalId: owner.transactionalId,
          acks: -1,
          batches: [{ topic, partition, records }],
        });
        if (answer === undefined || answer.error === null) return;
        throw new KafkaError(answer.error, `partition ${partition} of ${topic} refuses records`, {
          isRetriable: /LEADER|REPLICAS|TIMED_OUT/.test(answer.error),
        });
      });
    }
  }

  /** Goes through the log from `from` to `to`, or its end, until a batch is what is looked for. */
  async #scan(
    at: { readonly topic: string; readonly partition: number },
    from: number,
    to: number,
    isIt: (batch: LogBatch) => boolean,
  ): Promise<{ readonly found: LogBatch | null; readonly isGone: boolean }> {
    for (let offset = from; offset <= to; ) {
      const fetched = await this.#retries.run(async () => {
        const { leader } = await this.#leaderOf(at);
        const [answer] = await this.#client.fetch({
          node: leader,
          partitions: [{ topic: at.topic, partition: at.partition, offset }],
          isolation: "read_uncommitted",
          maxWaitMs: FETCH_WAIT_MS,
          partitionBytesMax: FETCH_BYTES_MAX,
        });
        const error = answer === undefined ? "UNKNOWN_TOPIC_OR_PARTITION" : answer.error;
        if (answer !== undefined && (error === null || error === "OFFSET_OUT_OF_RANGE")) return answer;
        throw new KafkaError(error ?? "UNKNOWN", `partition ${at.partition} of ${at.topic} cannot be read`, {
          isRetriable: true,
        });
      });
      if (fetched.error !== null) return { found: null, isGone: true };
      const batches = batchesOf(fetched.records);
      for (const batch of batches)
        if (batch.lastOffset >= offset && isIt(batch)) return { found: batch, isGone: false };
      const last = batches.at(-1);
      if (last === undefined || last.lastOffset + 1 >= fetched.highWatermark) return { found: null, isGone: false };
      offset = last.lastOffset + 1;
    }
    return { found: null, isGone: false };
  }

  async #leaderOf({
    topic,
    partition,
  }: {
    readonly topic: string;
    readonly partition: number;
  }): Promise<PartitionInfo> {
    const infos = await this.#client.partitionsOf(topic);
    const info = infos?.find((each) => each.partition === partition);
    if (info !== undefined) return info;
    throw new KafkaError("UNKNOWN_TOPIC_OR_PARTITION", `there is no partition ${partition} of ${topic}`, {
      isRetriable: infos === null,
    });
  }
}
