/**
 * Counts the words of text files, exactly once: a line {"word":…,"count":…} for each word that is read, with its count so far.
 *
 *   streamjob run examples/01-word-count/job.ts -- [--output <folder>] [--lines-per-second <n>] [--split-bytes <n>] [file, folder or glob …]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink, textFiles } from "streamjob/connectors/files";
import { textsOf } from "./texts.ts";
import { wordsOf } from "./words.ts";

/** A declared type: records travel and are kept as columns, and a value that does not fit is an error. */
const WordCount = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const { values, positionals } = parseArgs({
    args: [...env.args],
    allowPositionals: true,
    options: {
      output: { type: "string", default: "word-counts" },
      "lines-per-second": { type: "string" },
      "split-bytes": { type: "string" },
    },
  });
  const { output, "lines-per-second": rate, "split-bytes": splitBytes } = values;

  env.configure({
    name: "word-count",
    checkpoints: { interval: "1s", mode: "exactly-once" },
    restart: { strategy: "fixed-delay", attempts: 10, delay: "200 ms" },
  });

  const lines = env.fromSource(
    textFiles({
      ...textsOf(positionals),
      recursive: true,
      linesPerSecond: rate === undefined ? undefined : Number(rate),
      // A file is read by several subtasks when it is longer than a split.
      ...(splitBytes === undefined ? {} : { splitBytes: Number(splitBytes) }),
    }),
    { uid: "lines" },
  );

  lines
    .flatMap((line) => wordsOf(line).map((word) => ({ word, count: 1 })), { uid: "words", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .sinkTo(filesSink({ directory: output, suffix: ".jsonl" }), { uid: "files" });
});
