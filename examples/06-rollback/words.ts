/** What both versions have in common: the graph with its uids, by which the state is found again. */
import { parseArgs } from "node:util";
import { type StreamEnvironment, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

const VERSE = "to be or not to be that is the question";
const WordCount = t.record({ word: t.string, count: t.int64 });

export function countWords(env: StreamEnvironment, wordsOf: (verse: string) => readonly string[]): void {
  const { values } = parseArgs({
    args: [...env.args],
    options: { rate: { type: "string", default: "1" }, output: { type: "string", default: "counts" } },
  });
  env
    .fromSource(generatorSource({ generate: () => VERSE, type: t.string, ratePerSecond: Number(values.rate) }), {
      uid: "verses",
    })
    .flatMap((verse) => wordsOf(verse).map((word) => ({ word, count: 1 })), { uid: "words", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .map(({ word, count }) => `${word} ${count}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
}
