/** Owns: topics of one test file on the real Kafka: made and written by plain kafkajs, and read. */
import { randomUUID } from "node:crypto";
import { type Admin, Kafka, logLevel, type Message } from "kafkajs";
import { silentLog, sleep, systemClock } from "../../base/index.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import type { Isolation, KafkaClient, PartitionInfo } from "../../runtime/connectors/kafka/client/kafka-client.ts";
import { Retries } from "../../runtime/connectors/kafka/client/retry.ts";
import { isUnderWay } from "../../runtime/connectors/kafka/client/transaction-state.ts";
import { KafkajsClient } from "../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
import { visibleBatches } from "../../runtime/connectors/kafka/source/aborted-records.ts";
import { RecordCursor } from "../../runtime/connectors/kafka/wire/batch-reader.ts";
import { createTopic, kafkaPart, testPart } from "../environment/index.ts";

/** Of the brokers' own; it is there once there was a transaction. */
const TRANSACTION_TOPIC = "__transaction_state";
/** The protocol's number. */
const BROKER_RESOURCE = 4;
const ANSWER_WITHIN_MS = 120_000;

export type ReadMessage = {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, string>>;
};

export class KafkaTopics {
  readonly bootstrap: string;
  readonly #kafka: Kafka;

  constructor(bootstrap: string) {
    this.bootstrap = bootstrap;
    this.#kafka = new Kafka({ brokers: bootstrap.split(","), logLevel: logLevel.NOTHING });
  }

  /** A broker that has just been started has no ids for producers for a moment. Contracts wait by a clock of their own, which stands still. */
  async whenReady(brokers = 1): Promise<void> {
    await this.asked((client) => client.initProducer(null, 1000));
    await this.#asAdmin(async (admin) => {
      for (const until = Date.now() + ANSWER_WITHIN_MS; ; ) {
        const there = (await admin.describeCluster()).brokers.length;
        if (there >= brokers) return;
        if (Date.now() > until) throw new Error(`${there} of ${brokers} brokers are there`);
        await sleep(systemClock, 50);
      }
    });
    await this.asked((client) => client.transactions(""));
  }

  /** By a client of its own, which is asked again after an error that passes. */
  async asked<R>(ask: (client: KafkaClient) => Promise<R>): Promise<R> {
    const client = new KafkajsClient(readConnection("test", { brokers: this.bootstrap }), silentLog);
    const retries = new Retries(systemClock, ANSWER_WITHIN_MS);
    try {
      await retries.run(() => client.connect());
      return await retries.run(() => ask(client));
    } finally {
      await client.close();
    }
  }

  /** A topic that is there when this resolved; its name is new. */
  async create(name: string, partitions = 1, settings: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = `${name}-${randomUUID().slice(0, 8)}`;
    const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
    await this.#asAdmin((admin) => createTopic(admin, { topic, numPartitions: partitions, configEntries }));
    return topic;
  }

  /** Whether every replica of every partition is in sync, of these topics and of the log of transactions. False while that cannot be told. */
  async isInSync(topics: readonly string[]): Promise<boolean> {
    try {
      return await this.#asAdmin(async (admin) => {
        const found = await admin.fetchTopicMetadata({ topics: [...topics, TRANSACTION_TOPIC] });
        const partitions = found.topics.flatMap((topic) => topic.partitions);
        return partitions.every(({ isr, replicas }) => isr.length === replicas.length);
      });
    } catch (error) {
      // One that has just been started does not know its topics yet.
      if (error instanceof Error && "retriable" in error && error.retriable === true) return false;
      throw error;
    }
  }

  /** Until the topic has `count` of them. */
  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#asAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
  }

  /** As retention does it: nothing that was written is there any more. */
  deleteRecords(topic: string): Promise<void> {
    return this.#asAdmin(async (admin) => {
      const ends = await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({
        topic,
        partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
      });
    });
  }

  /** Whether brokers ask the coordinator if a transaction that comes to a partition has begun there (as they do unless told otherwise). */
  verifyTransactions(verifies: boolean): Promise<void> {
    return this.#asAdmin(async (admin) => {
      const configEntries = [{ name: "transaction.partition.verification.enable", value: String(verifies) }];
      const { brokers } = await admin.describeCluster();
      const resources = brokers.map(({ nodeId }) => ({ type: BROKER_RESOURCE, name: String(nodeId), configEntries }));
      await admin.alterConfigs({ validateOnly: false, resources });
    });
  }

  /** Sorted ids of the transactions with this prefix that hold back readers of committed records. */
  async openTransactions(prefix: string): Promise<string[]> {
    const known = await this.asked((client) => client.transactions(prefix));
    return known
      .filter(isUnderWay)
      .map(({ transactionalId }) => transactionalId)
      .sort();
  }

  /** A commit is answered before the broker has told all partitions of it. */
  async whenSettled(prefix: string): Promise<void> {
    for (const until = Date.now() + ANSWER_WITHIN_MS; ; await sleep(systemClock, 50)) {
      const open = await this.openTransactions(prefix);
      if (open.length === 0) return;
      if (Date.now() > until) throw new Error(`transactions stay open: ${open.join(", ")}`);
    }
  }

  /** To where readers of committed records get in each partition, and where it ends. */
  ends(topic: string): Promise<{ readonly stable: readonly number[]; readonly ends: readonly number[] }> {
    return this.asked(async (client) => {
      const partitions = (await client.partitionsOf(topic)) ?? [];
      const stable = await client.listOffsets(partitions, "latest", "read_committed");
      return { stable, ends: await client.listOffsets(partitions, "latest", "read_uncommitted") };
    });
  }

  async write(topic: string, messages: readonly Message[]): Promise<void> {
    const producer = this.#kafka.producer({
      // It sends a request again when one partition of it is not ready yet, which would double the records of the others.
      idempotent: true,

      createPartitioner:
        () =>
        ({ message }) =>
          Number(message.partition ?? 0),
    });
    await producer.connect();
    try {
      await producer.send({ topic, messages: [...messages] });
    } finally {
      await producer.disconnect();
    }
  }

  /**
   * All records up to the end of the topic, as a reader of committed or of all records sees them. Not by kafkajs: its consumer takes the broker's list of
   * aborted transactions for sorted, and shows records of some.
   */
  read(topic: string, isolation: Isolation = "read_committed"): Promise<ReadMessage[]> {
    return this.asked(async (client) => {
      const infos = (await client.partitionsOf(topic)) ?? [];
      const ends = await client.listOffsets(infos, "latest", isolation);
      const messages: ReadMessage[] = [];
      for (const [index, info] of infos.entries())
        messages.push(...(await readPartition(client, info, ends[index] as number, isolation)));
      return messages;
    });
  }

  async #asAdmin<R>(use: (admin: Admin) => Promise<R>): Promise<R> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return await use(admin);
    } finally {
      await admin.disconnect();
    }
  }
}

async function readPartition(
  client: KafkaClient,
  at: PartitionInfo,
  end: number,
  isolation: Isolation,
): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  const [start = 0] = await client.listOffsets([at], "earliest", isolation);
  for (let offset = start; offset < end; ) {
    const [fetched] = await client.fetch({
      node: at.leader,
      partitions: [{ ...at, offset }],
      isolation,
      maxWaitMs: 100,
      partitionBytesMax: 1 << 20,
    });
    if (fetched === undefined || fetched.error !== null)
      throw new Error(`${at.topic}-${at.partition} at ${offset}: ${fetched?.error}`);
    const { batches, nextOffset } = visibleBatches(fetched, offset);
    for (const batch of batches) {
      for (const cursor = new RecordCursor(batch); cursor.next(); ) {
        if (cursor.offset < offset) continue;
        messages.push({
          partition: at.partition,
          offset: cursor.offset,
          key: cursor.key()?.toString() ?? null,
          value: cursor.value()?.toString() ?? null,
          timestamp: cursor.timestamp,
          headers: Object.fromEntries(cursor.headers().map(([name, value]) => [name, String(value)])),
        });
      }
    }
    offset = nextOffset ?? offset;
  }
  return messages;
}

/** The broker of this group; topics only where it is not skipped. */
export async function testKafka(): Promise<{ readonly skip: false | string; readonly topics: () => KafkaTopics }> {
  const part = await testPart(kafkaPart);
  if (part.skip !== false) return { skip: part.skip, topics: () => part.gives() as never };
  const topics = new KafkaTopics(part.gives().bootstrap);
  await topics.whenReady();
  return { skip: false, topics: () => topics };
}
