/**
 * counted-words as somebody broke it: the same graph and arguments, so it takes over the state; it throws at its first record. That
 * comes at once, at no pace: no checkpoint can be completed before it.
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { SPLITS } from "../../promises/jobs/paced-source.ts";

const WordCount = t.record({ word: t.string, count: t.int64 });

function breakOn(word: string): { word: string; count: number } {
  throw new TypeError(`cannot read "length" of undefined, at ${word}`);
}

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string" },
      words: { type: "string" },
      output: { type: "string", default: "output" },
      hurry: { type: "string" },
    },
  });
  env
    .fromSource(
      generatorSource({
        generate: (index) => `w${index}`,
        type: t.string,
        count: Number(values.count),
        splits: SPLITS,
      }),
      { uid: "words" },
    )
    .map(breakOn, { uid: "ones", type: WordCount })
    .keyBy("word")
    .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
    .map(({ word, count }) => `${word} ${count}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
