/**
 * Counts words that never end, at a rate one can follow: something to take a savepoint of.
 *
 *   streamjob run examples/04-savepoint/job.ts -- [--rate <lines a second>] [--lines <n>] [--output <folder>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource, printSink } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

const VERSES = ["to be or not to be", "that is the question", "to die to sleep", "to sleep perchance to dream"];

const WordCount = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: { rate: { type: "string", default: "1" }, lines: { type: "string" }, output: { type: "string" } },
  });

  env.configure({ name: "endless-word-count", checkpoints: { interval: "1s" } });

  const lines = generatorSource({
    // The line of a number is the same whenever it is asked for: the source's state is only the next number.
    generate: (index) => VERSES[index % VERSES.length] as string,
    type: t.string,
    ratePerSecond: Number(values.rate),
    count: values.lines === undefined ? undefined : Number(values.lines),
  });

  // A savepoint finds the state of each operator by its uid, also in a later version of this job.
  env
    .fromSource(lines, { uid: "lines" })
    .flatMap((line) => line.split(" ").map((word) => ({ word, count: 1 })), { uid: "words", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .map(({ word, count }) => `${word} ${count}`, { uid: "texts", type: t.string })
    .sinkTo(values.output === undefined ? printSink() : filesSink({ directory: values.output }), { uid: "out" });
});
