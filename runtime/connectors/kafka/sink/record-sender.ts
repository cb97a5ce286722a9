/**
 * Owns: getting records into a topic in batches: one batch for each partition and request, one request at a time to each broker.
 * Not here: transactions (transactional-writer.ts), what a record is made of (kafka-sink.ts).
 *
 * RSE1 Records of a partition are appended in the order they were added. A request whose answer was lost is sent again with the same
 *     sequence numbers, so the broker appends it once (except where there is no owner).
 * RSE2 What waits and what is under way is bounded: `add` returns a promise while it is more than BUFFER_BYTES_MAX.
 * RSE3 After a failure nothing more is sent: `add` and `flush` reject with it.
 * RSE5 What is under way of a partition belongs to the loop that sent it until it is acknowledged, also when its leader has moved meanwhile: two loops with the
 *     same batch would write it twice, or take the answer to it for one to the next batch, which then were never sent.
 * RSE4 A batch leaves when it is full, after the linger, or for `flush`; while a request is under way the next batches fill.
 */
import type { Clock, Timer } from "../../../../base/index.ts";
import type { KafkaClient, PartitionInfo, ProducerIdentity, TopicPartition } from "../client/kafka-client.ts";
import { KafkaError } from "../client/kafka-error.ts";
import type { Retries } from "../client/retry.ts";
import { BatchBuilder, type Bytes, type Header } from "../wire/batch-builder.ts";
import type { KafkaCompression } from "../wire/packing.ts";

const BUFFER_BYTES_MAX = 16 << 20;
const REQUEST_BYTES_MAX = 8 << 20;

/** What was appended to a partition: offsets of the first and the last record, and how many. */
export type Appended = TopicPartition & { readonly first: number; readonly last: number; readonly records: number };

export type SenderSettings = {
  readonly topic: string;
  readonly acks: -1 | 1;
  readonly compression: KafkaCompression;
  readonly batchBytes: number;
  readonly lingerMs: number;
};

/** Ready to be sent, or on the way. */
type Batch = { readonly records: Buffer; readonly count: number };

class PartitionQueue {
  info: PartitionInfo;
  current: BatchBuilder | null = null;
  readonly full: BatchBuilder[] = [];
  /** Sent and not acknowledged: sent again as it is. */
  underWay: Batch | null = null;
  /** RSE5 */
  isHeld = false;
  sequence = 0;
  isInTransaction = false;
  appended: Appended | null = null;

  constructor(info: PartitionInfo) {
    this.info = info;
  }

  get isEmpty(): boolean {
    return this.current === null && this.full.length === 0 && this.underWay === null;
  }

  get mayBeSent(): boolean {
    return !this.isHeld && !this.isEmpty;
  }

  append(offset: number, count: number): void {
    const { topic, partition } = this.info;
    const { first, records } = this.appended ?? { first: offset, records: 0 };
    this.appended = { topic, partition, first, last: offset + count - 1, records: records + count };
  }
}

export class RecordSender {
  readonly #client: KafkaClient;
  readonly #retries: Retries;
  readonly #clock: Clock;
  readonly #settings: SenderSettings;
  readonly #partitions: PartitionQueue[];
  #owner: ProducerIdentity | null = null;
  /** Bytes added and not acknowledged. */
  #bytes = 0;
  #timer: Timer | null = null;
  /** Nodes that a loop sends to. */
  readonly #sending = new Map<number, Promise<void>>();
  #failure: unknown = null;
  /** What waits is not wanted any more: nothing is tried again. */
  #isDiscarding = false;
  #roomWaiters: (() => void)[] = [];
  #sticky = 0;

  constructor(
    client: KafkaClient,
    partitions: readonly PartitionInfo[],
    settings: SenderSettings,
    parts: { readonly clock: Clock; readonly retries: Retries },
  ) {
    this.#client = client;
    this.#settings = settings;
    this.#clock = parts.clock;
    this.#retries = parts.retries;
    this.#partitions = partitions.map((info) => new PartitionQueue(info));
  }

  get partitionCount(): number {
    return this.#partitions.length;
  }

  /** For records without a key (KPA2). */
  get stickyPartition(): number {
    return this.#sticky;
  }

  /** From here on records are this producer's; nothing may be waiting. */
  begin(owner: ProducerIdentity | null): void {
    this.#owner = owner;
    for (const queue of this.#partitions) {
      queue.sequence = 0;
      queue.isInTransaction = false;
      queue.appended = null;
    }
  }

  add(
    partition: number,
    key: Bytes,
    value: Bytes,
    timestamp: number,
    headers: readonly Header[] | null,
  ): void | Promise<void> {
    const queue = this.#partitions[partition] as PartitionQueue;
    const batch = (queue.current ??= new BatchBuilder());
    const before = batch.length;
    batch.add(key, value, timestamp, headers);
    this.#bytes += batch.length - before;
    if (batch.length >= this.#settings.batchBytes) {
      queue.full.push(batch);
      queue.current = null;
      if (partition === this.#sticky) this.#sticky = (partition + 1) % this.#partitions.length;
      this.#send(queue.info.leader);
    } else if (this.#timer === null && this.#sending.size === 0) {
      this.#timer = this.#clock.after(this.#settings.lingerMs, () => {
        this.#timer = null;
        this.#sendAll();
      });
    }
    if (this.#failure !== null) return Promise.reject(this.#failure as Error);
    if (this.#bytes > BUFFER_BYTES_MAX) return this.#room();
  }

  /** Resolves when everything added so far is appended. */
  async flush(): Promise<void> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#partitions.every((queue) => queue.isEmpty)) return;
      this.#sendAll();
      await Promise.all(this.#sending.values());
    }
  }

  /** What was appended since `begin`. */
  appended(): Appended[] {
    return this.#partitions.flatMap(({ appended }) => (appended === null ? [] : [appended]));
  }

  /** True when the broker knows of the transaction. */
  get isInTransaction(): boolean {
    return this.#partitions.some(({ isInTransaction }) => isInTransaction);
  }

  /** Forgets what is not sent, and waits for the answer to what is under way. */
  async discard(): Promise<void> {
    this.#stopTimer();
    this.#isDiscarding = true;
    for (const queue of this.#partitions) {
      queue.current = null;
      queue.full.length = 0;
    }
    await Promise.all(this.#sending.values());
    for (const queue of this.#partitions) queue.underWay = null;
    this.#bytes = 0;
    this.#isDiscarding = false;
  }

  close(): void {
    this.#stopTimer();
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #room(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#roomWaiters.push(() => (this.#failure === null ? resolve() : reject(this.#failure as Error)));
    });
  }

  #tellRoom(): void {
    if (this.#failure === null && this.#bytes > BUFFER_BYTES_MAX / 2) return;
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const waiter of waiters) waiter();
  }

  #sendAll(): void {
    for (const leader of new Set(this.#partitions.filter((queue) => queue.mayBeSent).map(({ info }) => info.leader)))
      this.#send(leader);
  }

  #send(leader: number): void {
    if (this.#sending.has(leader) || this.#failure !== null) return;
    const sent = this.#sendLoop(leader)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#sending.delete(leader);
        this.#tellRoom();
        // What was added in this moment, or has another leader now.
        this.#sendAll();
      });
    this.#sending.set(leader, sent);
  }

  /** Sends until nothing waits for the leader. */
  async #sendLoop(leader: number): Promise<void> {
    for (;;) {
      // What comes in the same turn goes along.
      await Promise.resolve();
      const queues = this.#partitions.filter((queue) => queue.info.leader === leader && queue.mayBeSent);
      if (queues.length === 0 || this.#failure !== null) return;
      this.#seal(queues);
      const sent = queues.filter(({ underWay }) => underWay !== null);
      for (const queue of sent) queue.isHeld = true;
      try {
        await this.#retries.run(
          async () => {
            await this.#joinTransaction(sent);
            await this.#request(leader, sent);
          },
          (error) => error.isRetriable && !this.#isDiscarding,
        );
      } finally {
        for (const queue of sent) queue.isHeld = false;
      }
      this.#tellRoom();
    }
  }

  /** Makes the batches of the next request. */
  #seal(queues: readonly PartitionQueue[]): void {
    let bytes = 0;
    for (const queue of queues) {
      if (bytes > REQUEST_BYTES_MAX) return;
      if (queue.underWay === null) {
        const builder = queue.full.shift() ?? (queue.current as BatchBuilder);
        if (builder === queue.current) queue.current = null;
        const { count, length } = builder;
        const owner = this.#owner;
        const records = builder.finish(
          owner === null
            ? { producerId: -1, epoch: -1, sequence: -1, isTransactional: false }
            : { ...owner, sequence: queue.sequence, isTransactional: owner.transactionalId !== null },
          this.#settings.compression,
        );
        queue.sequence += count;
        queue.underWay = { records, count };
        this.#bytes -= length - records.length;
      }
      bytes += queue.underWay.records.length;
    }
  }

  async #joinTransaction(queues: readonly PartitionQueue[]): Promise<void> {
    const owner = this.#owner;
    if (owner === null || owner.transactionalId === null) return;
    const joining = queues.filter(({ isInTransaction }) => !isInTransaction);
    if (joining.length === 0) return;
    await this.#client.addPartitions(
      owner,
      joining.map(({ info }) => info),
    );
    for (const queue of joining) queue.isInTransaction = true;
  }

  /** One request; throws a retriable error while a partition is not appended to. */
  async #request(leader: number, queues: readonly PartitionQueue[]): Promise<void> {
    const waiting = queues.filter(({ underWay }) => underWay !== null);
    const moved = waiting.some(({ info }) => info.leader !== leader);
    const byNode = new Map<number, PartitionQueue[]>();
    for (const queue of waiting) byNode.set(queue.info.leader, [...(byNode.get(queue.info.leader) ?? []), queue]);
    for (const [node, some] of moved ? byNode : [[leader, waiting] as const]) await this.#produce(node, some);
  }

  async #produce(node: number, queues: readonly PartitionQueue[]): Promise<void> {
    try {
      const answers = await this.#client.produce({
        node,
        transactionalId: this.#owner?.transactionalId ?? null,
        acks: this.#settings.acks,
        batches: queues.map(({ info, underWay }) => ({
          topic: info.topic,
          partition: info.partition,
          records: (underWay as Batch).records,
        })),
      });
      let failed: KafkaError | null = null;
      for (const answer of answers) {
        const queue = queues.find(({ info }) => info.partition === answer.partition);
        if (queue === undefined) continue;
        if (answer.error === null) this.#acknowledge(queue, answer.offset);
        else failed = produceError(answer.error, answer);
      }
      if (failed !== null) throw failed;
    } catch (error) {
      if (error instanceof KafkaError && error.isRetriable) await this.#findLeaders();
      throw error;
    }
  }

  #acknowledge(queue: PartitionQueue, offset: number): void {
    const { records, count } = queue.underWay as Batch;
    queue.underWay = null;
    queue.append(offset, count);
    this.#bytes -= records.length;
  }

  async #findLeaders(): Promise<void> {
    const infos = await this.#client.partitionsOf(this.#settings.topic);
    for (const queue of this.#partitions)
      queue.info = infos?.find(({ partition }) => partition === queue.info.partition) ?? queue.info;
  }
}

/** Of what a broker answers for one partition: what passes by itself, with a new leader or a little later. */
const passing: ReadonlySet<string> = new Set([
  "NOT_LEADER_OR_FOLLOWER",
  "LEADER_NOT_AVAILABLE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "REQUEST_TIMED_OUT",
  "NETWORK_EXCEPTION",
  "NOT_ENOUGH_REPLICAS",
  "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
  "KAFKA_STORAGE_ERROR",
  "CORRUPT_MESSAGE",
  "CONCURRENT_TRANSACTIONS",
]);

function produceError(error: string, { topic, partition }: TopicPartition): KafkaError {
  return new KafkaError(error, `partition ${partition} of ${topic} refuses records`, {
    isRetriable: passing.has(error),
  });
}
