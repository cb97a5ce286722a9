/**
 * Counts words, exactly once: `streamjob run job.ts`. Kill any of its processes; no word is lost, and none is counted twice.
 */
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { wordsOf } from "./words.ts";

const VERSE = ["to be or not to be", "that is the question"];

/** A declared type: records travel and are kept as columns, and a value that does not fit is an error. */
const WordCount = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  env.configure({ name: "word-count", checkpoints: { interval: "1s" } });
  env
    .fromSource(
      generatorSource({ generate: (index) => VERSE[index % VERSE.length] ?? "", type: t.string, ratePerSecond: 10 }),
      { uid: "verses" },
    )
    .flatMap((verse) => wordsOf(verse).map((word) => ({ word, count: 1 })), { uid: "words", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .sinkTo(filesSink({ directory: "counts", suffix: ".jsonl" }), { uid: "files" });
});
