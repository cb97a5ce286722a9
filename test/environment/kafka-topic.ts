/**
 * Owns: making a topic.
 *
 * KTO1 kafkajs' `waitForLeaders` rejects when the broker has not heard of the new topic yet, as on a busy machine; so leaders are waited
 *      for here, until each of them answers for its partition: one that has just been elected refuses for a moment.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Admin, ITopicConfig } from "kafkajs";

const WAIT_MS = 120_000;
const LOOK_EVERY_MS = 50;

/** The topic is there, and each partition has a leader that serves it, when this resolved. */
export async function createTopic(admin: Admin, topic: ITopicConfig): Promise<void> {
  await admin.createTopics({ topics: [topic], waitForLeaders: false });
  for (const deadlineMs = Date.now() + WAIT_MS; ; ) {
    try {
      await admin.fetchTopicOffsets(topic.topic);
      return;
    } catch (error) {
      const isNotYet = error instanceof Error && error.name === "KafkaJSProtocolError";
      if (!isNotYet || Date.now() > deadlineMs) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
