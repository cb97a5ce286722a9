/**
 * The word count as somebody broke it: the same graph, so it loads and takes over the state, and then it throws at its first line.
 * `npm start` rolls it out to show that it is rolled back.
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink, textFiles } from "streamjob/connectors/files";
import { textsOf } from "../01-word-count/texts.ts";

const WordCount = t.record({ word: t.string, count: t.int64 });

function breakOn(line: string): never {
  throw new TypeError(`cannot read "words" of undefined, in a line of ${line.length} characters`);
}

export default job((env) => {
  const { values, positionals } = parseArgs({
    args: [...env.args],
    allowPositionals: true,
    options: { output: { type: "string", default: "word-counts" }, "split-bytes": { type: "string" } },
    strict: false,
  });
  env
    .fromSource(textFiles({ ...textsOf(positionals), recursive: true, splitBytes: Number(values["split-bytes"]) }), {
      uid: "lines",
    })
    .flatMap(breakOn, { uid: "words", type: WordCount })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .sinkTo(filesSink({ directory: String(values.output), suffix: ".jsonl" }), { uid: "files" });
});
