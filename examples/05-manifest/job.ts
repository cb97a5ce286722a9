/**
 * Counts the words of a verse that never ends; a line `word count` for each word, in files.
 *
 *   -- [--rate <verses a second>] [--output <folder>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

const VERSE = "to be or not to be that is the question";
const WordCount = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: { rate: { type: "string", default: "1" }, output: { type: "string", default: "counts" } },
  });
  env
    .fromSource(generatorSource({ generate: () => VERSE, type: t.string, ratePerSecond: Number(values.rate) }), {
      uid: "verses",
    })
    .flatMap((verse) => verse.split(" ").map((word) => ({ word, count: 1 })), { uid: "words", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .map(({ word, count }) => `${word} ${count}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
