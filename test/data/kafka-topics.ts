/** Owns: topics of one test file on the real Kafka: made, written, and read by plain kafkajs, so that what we check with is not ours. */
import { randomUUID } from "node:crypto";
import { Kafka, logLevel, type Message } from "kafkajs";
import { kafkaPart, testPart } from "../environment/index.ts";

export type ReadMessage = {
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: string;
  readonly headers: Readonly<Record<string, string>>;
};

export class KafkaTopics {
  readonly bootstrap: string;
  readonly #kafka: Kafka;

  constructor(bootstrap: string) {
    this.bootstrap = bootstrap;
    this.#kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  }

  /** A topic that is there when this resolved; its name is new. */
  async create(name: string, partitions = 1, settings: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = `${name}-${randomUUID().slice(0, 8)}`;
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true });
    } finally {
      await admin.disconnect();
    }
    return topic;
  }

  async write(topic: string, messages: readonly Message[]): Promise<void> {
    const producer = this.#kafka.producer({ createPartitioner: () => ({ message }) => Number(message.partition ?? 0) });
    await producer.connect();
    try {
      await producer.send({ topic, messages: [...messages] });
    } finally {
      await producer.disconnect();
    }
  }

  /** All messages that a reader of committed records sees up to the end of the topic, which has to come. */
  async read(topic: string, isolation: "read_committed" | "read_uncommitted" = "read_committed"): Promise<ReadMessage[]> {
    const admin = this.#kafka.admin();
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    const left = new Map(ends.filter(({ high, low }) => high !== low).map(({ partition, high }) => [partition, Number(high)]));
    const messages: ReadMessage[] = [];
    if (left.size === 0) return messages;
    const consumer = this.#kafka.consumer({ groupId: randomUUID(), readUncommitted: isolation === "read_uncommitted", maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      // A batch may be empty: of markers, or of records that were aborted.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
        const end = left.get(payload.partition);
        if (end !== undefined && Number(payload.lastOffset) + 1 >= end) left.delete(payload.partition);
        if (left.size === 0) resolve();
      });
      void consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          for (const { offset, key, value, timestamp, headers = {} } of batch.messages) {
            messages.push({
              partition: batch.partition,
              offset,
              key: key?.toString() ?? null,
              value: value?.toString() ?? null,
              timestamp,
              headers: Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, String(each)])),
            });
          }
        },
      });
    });
    await consumer.disconnect();
    return messages;
  }
}

/** The broker of this group; topics only where it is not skipped. */
export async function testKafka(): Promise<{ readonly skip: false | string; readonly topics: () => KafkaTopics }> {
  const part = await testPart(kafkaPart);
  if (part.skip !== false) return { skip: part.skip, topics: () => part.gives() as never };
  const topics = new KafkaTopics(part.gives().bootstrap);
  return { skip: false, topics: () => topics };
}
