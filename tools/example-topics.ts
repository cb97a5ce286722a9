/** Owns: the topics of an example: made empty, whatever an earlier run has left. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { createTopic } from "../test/environment/kafka-topic.ts";

const GONE_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 50;

/** Topics with their numbers of partitions. */
export async function makeTopics(brokers: string, topics: Readonly<Record<string, number>>): Promise<void> {
  const admin = new Kafka({ clientId: "example", brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const old = (await admin.listTopics()).filter((topic) => Object.hasOwn(topics, topic));
    if (old.length > 0) await admin.deleteTopics({ topics: old });
    await untilGone(admin, old);
    for (const [topic, numPartitions] of Object.entries(topics)) await createTopic(admin, { topic, numPartitions });
  } finally {
    await admin.disconnect();
  }
}

async function untilGone(admin: Admin, topics: readonly string[]): Promise<void> {
  for (const deadlineMs = performance.now() + GONE_WITHIN_MS; ; ) {
    const present = await admin.listTopics();
    if (!topics.some((topic) => present.includes(topic))) return;
    if (performance.now() > deadlineMs) throw new Error(`the broker does not delete the topics ${topics.join(", ")}`);
    await sleep(LOOK_EVERY_MS);
  }
}
