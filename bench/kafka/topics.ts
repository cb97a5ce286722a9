/** Owns: the topics of the Kafka bench. Times of the results are the broker's (LogAppendTime), for both engines alike. */
import { Kafka, logLevel } from "kafkajs";

export type Topics = {
  create(name: string, partitions: number): Promise<void>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
};

export async function openTopics(bootstrap: string): Promise<Topics> {
  const admin = new Kafka({ clientId: "bench", brokers: [bootstrap], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  return {
    create: async (name, partitions) => {
      const configEntries = [{ name: "message.timestamp.type", value: "LogAppendTime" }];
      await admin.createTopics({
        topics: [{ topic: name, numPartitions: partitions, replicationFactor: 1, configEntries }],
        waitForLeaders: true,
      });
    },
    remove: (name) => admin.deleteTopics({ topics: [name] }),
    close: () => admin.disconnect(),
  };
}
