/**
 * Counts the words of a topic's lines into a table of MySQL, exactly once from end to end.
 *
 *   streamjob run examples/16-kafka-to-mysql/job.ts -- --brokers localhost:9092 --server mysql://user:password@localhost:3306/words \
 *     [--topic lines] [--source kafka | auto-commit] [--sink ledger | xa | invoke | pre-commit] [--checkpoint-interval 1s]
 */
import { parseArgs } from "node:util";
import { type Duration, job, t } from "streamjob";
import { kafkaSource } from "streamjob/connectors/kafka";
import { mysqlSink } from "streamjob/connectors/mysql";
import { invokeSink, preCommitSink } from "./course-sinks.ts";
import { autoCommitSource } from "./course-source.ts";
import { sql, valuesOf, type WordCount } from "./word-count.ts";

const Word = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      brokers: { type: "string", default: "localhost:9092" },
      server: { type: "string", default: "mysql://streamjob:streamjob@localhost:3306/streamjob" },
      topic: { type: "string", default: "lines" },
      source: { type: "string", default: "kafka" },
      sink: { type: "string", default: "ledger" },
      "checkpoint-interval": { type: "string", default: "1s" },
    },
  });
  const { brokers, server, topic, source, sink, "checkpoint-interval": interval } = values;
  env.configure({
    name: "kafka-to-mysql",
    checkpoints: { interval: interval as Duration, mode: "exactly-once" },
    restart: { strategy: "fixed-delay", attempts: 10, delay: "200 ms" },
  });

  const lines =
    source === "auto-commit"
      ? env.fromSource(autoCommitSource({ brokers, topic, group: `auto-commit-${topic}` }), { uid: "lines" })
      : env.fromSource(kafkaSource({ brokers, topics: topic, end: "latest" }), { uid: "lines" });
  const counts = lines
    .flatMap((line) => line.split(" ").map((word) => ({ word, count: 1 })), { uid: "words", type: Word })
    .keyBy("word")
    .sum("count", { uid: "counts" });

  const statement = { server, sql, values: valuesOf };
  const uid = { uid: "mysql" };
  if (sink === "ledger") counts.sinkTo(mysqlSink<WordCount>(statement), uid);
  else if (sink === "xa") counts.sinkTo(mysqlSink<WordCount>({ ...statement, mode: "xa" }), uid);
  else if (sink === "invoke") counts.sinkTo(invokeSink(server), uid);
  else if (sink === "pre-commit") counts.sinkTo(preCommitSink(server), uid);
  else throw new Error(`--sink is ${sink}; give ledger, xa, invoke or pre-commit`);
});
