/**
 * Words from a topic, counted by key, each count a record of another topic, exactly once: `w7 12` is the 12th w7.
 *
 *   -- --brokers <host:port> --from <topic> --to <topic> [--end <offset of each partition>] [--timeout <transaction timeout>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { kafkaSink, kafkaSource } from "streamjob/connectors/kafka";

const WordCount = t.record({ word: t.string, count: t.int64 });
const PARTITIONS = 2;

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      brokers: { type: "string", default: "localhost:9092" },
      from: { type: "string", default: "words" },
      to: { type: "string", default: "counts" },
      end: { type: "string" },
      timeout: { type: "string", default: "1 min" },
    },
  });
  const { brokers, from, to } = values;
  const ends = Object.fromEntries(
    Array.from({ length: PARTITIONS }, (_, partition) => [partition, Number(values.end)]),
  );
  // Without an end, partitions that are added are read too.
  const extent = values.end === undefined ? { partitionDiscovery: 200 } : { end: { offsets: { [from]: ends } } };
  env.configure({
    name: "kafka-count",
    checkpoints: { interval: "300 ms" },
    restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50 ms" },
  });
  env
    .fromSource(kafkaSource({ brokers, topics: from, ...extent }), { uid: "words" })
    .map((word) => ({ word, count: 1 }), { uid: "ones", type: WordCount })
    .keyBy("word")
    .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
    .sinkTo(
      kafkaSink<{ word: string; count: number }>({
        brokers,
        topic: to,
        key: ({ word }) => word,
        value: ({ word, count }) => `${word} ${count}`,
        guarantee: "exactly-once",
        transactionalIdPrefix: to,
        transactionTimeout: values.timeout as "1 min",
      }),
      { uid: "out" },
    );
});
