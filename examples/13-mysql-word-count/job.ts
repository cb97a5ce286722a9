/**
 * Counts the words of a text into a table of MySQL, exactly once.
 *
 *   streamjob run examples/13-mysql-word-count/job.ts -- --server mysql://user:password@localhost:3306/words \
 *     [--sink ledger | xa | course] [--lines-per-second <n>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { textFiles } from "streamjob/connectors/files";
import { mysqlSink } from "streamjob/connectors/mysql";
import { courseSink } from "./course-sink.ts";

const WordCount = t.record({ word: t.string, count: t.int64 });
const text = new URL("sample.txt", import.meta.url).pathname;

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      server: { type: "string", default: "mysql://streamjob:streamjob@localhost:3306/streamjob" },
      sink: { type: "string", default: "ledger" },
      "lines-per-second": { type: "string", default: "5" },
    },
  });
  const { server, sink, "lines-per-second": rate } = values;
  if (!["ledger", "xa", "course"].includes(sink)) throw new Error(`--sink is ${sink}; give ledger, xa or course`);
  env.configure({
    name: "mysql-word-count",
    checkpoints: { interval: "1s", mode: "exactly-once" },
    restart: { strategy: "fixed-delay", attempts: 10, delay: "200 ms" },
  });

  const counts = env
    .fromSource(textFiles({ path: text, linesPerSecond: Number(rate) }), { uid: "lines" })
    .flatMap((line) => line.split(" ").map((word) => ({ word, count: 1 })), { uid: "words", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" });

  if (sink === "course") counts.sinkTo(courseSink(server), { uid: "mysql" });
  else if (sink === "xa")
    counts.sinkTo(mysqlSink({ server, mode: "xa", table: "t_wordcount", type: WordCount, onDuplicate: "update" }), {
      uid: "mysql",
    });
  else
    counts.sinkTo(mysqlSink({ server, table: "t_wordcount", type: WordCount, onDuplicate: "update" }), {
      uid: "mysql",
    });
});
