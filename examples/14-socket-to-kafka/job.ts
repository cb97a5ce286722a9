/**
 * Writes the lines of a TCP server in upper case into a topic.
 *
 *   streamjob run examples/14-socket-to-kafka/job.ts -- --socket localhost:9999 --brokers localhost:9092 \
 *     [--topic shouts] [--checkpoint-interval 1s]
 */
import { parseArgs } from "node:util";
import { type Duration, job, t } from "streamjob";
import { kafkaSink } from "streamjob/connectors/kafka";
import { socketTextSource } from "streamjob/connectors/socket";

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      socket: { type: "string", default: "localhost:9999" },
      brokers: { type: "string", default: "localhost:9092" },
      topic: { type: "string", default: "shouts" },
      "checkpoint-interval": { type: "string", default: "1s" },
    },
  });
  const { socket, brokers, topic, "checkpoint-interval": interval } = values;
  const [host = "", port = ""] = socket.split(":");
  env.configure({
    name: "socket-to-kafka",
    checkpoints: { interval: interval as Duration, mode: "exactly-once" },
    restart: { strategy: "fixed-delay", attempts: 10, delay: "200 ms" },
  });

  env
    // Bounded: the job ends when the server closes the connection.
    .fromSource(socketTextSource({ host, port: Number(port), whenClosed: "end" }), { uid: "lines" })
    .map((line) => line.toUpperCase(), { uid: "upper-case", type: t.string })
    .sinkTo(kafkaSink<string>({ brokers, topic, guarantee: "exactly-once" }), { uid: "kafka" });
});
