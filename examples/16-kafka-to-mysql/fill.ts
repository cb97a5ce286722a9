/**
 * Writes the lines of a text into the topic that job.ts reads.
 *
 *   streamjob run examples/16-kafka-to-mysql/fill.ts -- --brokers localhost:9092 [--topic lines]
 */
import { parseArgs } from "node:util";
import { job } from "streamjob";
import { textFiles } from "streamjob/connectors/files";
import { kafkaSink } from "streamjob/connectors/kafka";

const text = new URL("../13-mysql-word-count/sample.txt", import.meta.url).pathname;

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      brokers: { type: "string", default: "localhost:9092" },
      topic: { type: "string", default: "lines" },
      server: { type: "string" },
    },
  });
  const { brokers, topic } = values;
  env.configure({ name: "fill-lines" });
  env
    .fromSource(textFiles({ path: text }), { uid: "text" })
    .sinkTo(kafkaSink<string>({ brokers, topic, key: (line) => line }), { uid: "lines" });
});
