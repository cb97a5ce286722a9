/** counted-words as somebody broke it: the same graph and arguments, so it takes over the state; it throws at its first record. */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink } from "streamjob/connectors";
import { pacedSource } from "../../promises/jobs/paced-source.ts";

const WordCount = t.record({ word: t.string, count: t.int64 });

function breakOn(word: string): { word: string; count: number } {
  throw new TypeError(`cannot read "length" of undefined, at ${word}`);
}

export default job((env) => {
  const { values } = parseArgs({ args: [...env.args], strict: false });
  const text = (name: string): string => String(values[name]);
  env
    .fromSource(
      pacedSource({
        generate: (index) => `w${index}`,
        type: t.string,
        count: Number(text("count")),
        ratePerSecond: Number(text("rate")),
        hurryFile: text("hurry"),
      }),
      { uid: "words" },
    )
    .map(breakOn, { uid: "ones", type: WordCount })
    .keyBy("word")
    .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
    .map(({ word, count }) => `${word} ${count}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: text("output") }), { uid: "files" });
});
