/**
 * Counts the words of a verse but for those in left-out.yaml; a line `word count` for each, in files. Its image brings the file, and the
 * npm package that reads it.
 *
 *   -- [--verses <how many; without end by default>] [--output <folder>]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { parse } from "yaml";

const VERSE = "to be or not to be that is the question";
const WordCount = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: { verses: { type: "string" }, output: { type: "string", default: "/tmp/counts" } },
  });
  const file = readFileSync(new URL("left-out.yaml", import.meta.url), "utf8");
  const { words: leftOut } = parse(file) as { readonly words: readonly string[] };
  const verses = { generate: () => VERSE, type: t.string, ratePerSecond: 20 };
  const count = values.verses === undefined ? {} : { count: Number(values.verses) };
  env
    .fromSource(generatorSource({ ...verses, ...count }), { uid: "verses" })
    .flatMap((verse) => verse.split(" ").filter((word) => !leftOut.includes(word)), { uid: "words", type: t.string })
    .map((word) => ({ word, count: 1 }), { uid: "ones", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .map(({ word, count: n }) => `${word} ${n}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
