/**
 * A Kafka source as it comes of a plain consumer with auto-commit: how far it has read is in the consumer group, and not in the checkpoint. It is
 * here to be seen losing lines; take kafkaSource instead.
 *
 * The group knows that a line was handed over. Whether its count has reached the table, or a checkpoint, nobody asks. After a restart the consumer goes
 * on where the group is, and what was on its way is gone, without an error.
 */
import { type Consumer, Kafka, logLevel } from "kafkajs";
import { defineSource, NO_TIMESTAMP, type ReaderContext, type Source, type SourceReader, t } from "streamjob";

type Split = { readonly topic: string };
type Options = { readonly brokers: string; readonly topic: string; readonly group: string };

/** It ends where the topic ends when the reader is opened. */
export function autoCommitSource(options: Options): Source<string, Split> {
  return defineSource<string, Split>({
    name: "auto-commit",
    boundedness: "bounded",
    type: t.string,
    discover: () => [{ topic: options.topic }],
    createReader: (context) => autoCommitReader(options, context),
  });
}

function autoCommitReader(
  { brokers, topic, group }: Options,
  context: ReaderContext<Split>,
): SourceReader<string, Split> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const lines: string[] = [];
  /** Where each partition is to be read to, until it is. */
  const left = new Map<number, number>();
  let consumer: Consumer | null = null;
  return {
    async open() {
      const admin = kafka.admin();
      await admin.connect();
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) left.set(partition, Number(high));
      for (const { partitions } of await admin.fetchOffsets({ groupId: group, topics: [topic] }))
        for (const { partition, offset } of partitions)
          if (Number(offset) >= (left.get(partition) ?? 0)) left.delete(partition);
      await admin.disconnect();
      if (left.size === 0) return;
      consumer = kafka.consumer({ groupId: group, sessionTimeout: 6000 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: true,
        autoCommitThreshold: 1,
        eachMessage: ({ partition, message }) => {
          lines.push(String(message.value));
          if (Number(message.offset) + 1 >= (left.get(partition) ?? 0)) left.delete(partition);
          context.wake();
          return Promise.resolve();
        },
      });
    },
    poll(output) {
      for (const line of lines.splice(0)) output.collect(line, NO_TIMESTAMP);
      return left.size === 0 ? "end" : "idle";
    },
    // The position is not here, which is the fault.
    snapshot: () => [{ topic }],
    async close() {
      await consumer?.disconnect();
    },
  };
}
