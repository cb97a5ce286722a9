/** Owns: the topics of the Kafka bench. Times of the results are the broker's (LogAppendTime), for both engines alike. */
import { Kafka, logLevel } from "kafkajs";
import { createTopic } from "../../test/environment/index.ts";

export type Topics = {
  create(name: string, partitions: number): Promise<void>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
};

export async function openTopics(bootstrap: string): Promise<Topics> {
  const admin = new Kafka({ clientId: "bench", brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const configEntries = [{ name: "message.timestamp.type", value: "LogAppendTime" }];
  return {
    create: (topic, numPartitions) => createTopic(admin, { topic, numPartitions, replicationFactor: 1, configEntries }),
    remove: (name) => admin.deleteTopics({ topics: [name] }),
    close: () => admin.disconnect(),
  };
}
