/**
 * Prints what is committed in the topic.
 *
 *   streamjob run examples/14-socket-to-kafka/show.ts -- --brokers localhost:9092 [--topic shouts]
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
      topic: { type: "string", default: "shouts" },
      socket: { type: "string" },
    },
  });
  const { brokers, topic } = values;
  env.configure({ name: "show-shouts" });
  env
    .fromSource(kafkaSource({ brokers, topics: topic, end: "latest" }), { uid: "topic" })
    .sinkTo(printSink(), { uid: "print" });
});
