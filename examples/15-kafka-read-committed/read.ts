/**
 * Prints what a reader of this isolation sees in the topic.
 *
 *   streamjob run examples/15-kafka-read-committed/read.ts -- --brokers localhost:9092 [--topic orders] \
 *     [--isolation read_committed | read_uncommitted] [--until <offset>]
 */
import { parseArgs } from "node:util";
import { job } from "streamjob";
import { printSink } from "streamjob/connectors/basic";
import { kafkaSource } from "streamjob/connectors/kafka";

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      brokers: { type: "string", default: "localhost:9092" },
      topic: { type: "string", default: "orders" },
      isolation: { type: "string", default: "read_committed" },
      until: { type: "string" },
    },
  });
  const { brokers, topic, isolation, until } = values;
  if (isolation !== "read_committed" && isolation !== "read_uncommitted")
    throw new Error(`--isolation is ${isolation}; give read_committed or read_uncommitted`);
  env.configure({ name: "read-orders" });
  // With an offset it waits until the topic has come so far; otherwise it reads what is there now.
  const end = until === undefined ? "latest" : { offsets: { [topic]: { 0: Number(until) } } };
  env
    .fromSource(kafkaSource({ brokers, topics: topic, isolation, end }), { uid: "orders" })
    .sinkTo(printSink({ prefix: isolation }), { uid: "print" });
});
