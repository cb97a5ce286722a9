/**
 * Writes the lines of a file into a topic, in one transaction that stays open: the job goes on until it is stopped, and its next checkpoint is an
 * hour away.
 *
 *   streamjob run examples/15-kafka-read-committed/write.ts -- --brokers localhost:9092 [--topic orders] [--prefix orders]
 */
import { parseArgs } from "node:util";
import { job } from "streamjob";
import { textFiles } from "streamjob/connectors/files";
import { kafkaSink } from "streamjob/connectors/kafka";

const text = new URL("orders.txt", import.meta.url).pathname;

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      brokers: { type: "string", default: "localhost:9092" },
      topic: { type: "string", default: "orders" },
      prefix: { type: "string", default: "orders" },
    },
  });
  const { brokers, topic, prefix } = values;
  env.configure({ name: "write-orders", checkpoints: { interval: "1 h" } });
  env
    .fromSource(textFiles({ path: text, monitorContinuously: "1 min" }), { uid: "lines" })
    .sinkTo(kafkaSink<string>({ brokers, topic, guarantee: "exactly-once", transactionalIdPrefix: prefix }), {
      uid: "kafka",
    });
});
