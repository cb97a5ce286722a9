/**
 * The word count of test/integration/jobs/word-count.ts, at a pace that the test decides: `w7 12` is the 12th w7.
 *
 *   -- --count <records> --rate <records a second> --words <different ones> --output <folder> --hurry <file> [--witness <file>]
 *
 * The witness gets a line for each record when it is processed, and nothing of it is taken back: what is there twice was processed twice.
 */
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink } from "streamjob/connectors/files";
import { wordOf } from "../../integration/jobs/word-count.ts";
import { pacedSource } from "./paced-source.ts";

const WordCount = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "1000" },
      words: { type: "string", default: "50" },
      output: { type: "string", default: "output" },
      hurry: { type: "string", default: "hurry" },
      witness: { type: "string" },
    },
  });
  const { witness } = values;
  const words = Number(values.words);
  env.configure({ name: "counted-words" });
  env
    .fromSource(
      pacedSource({
        generate: (index) => wordOf(index, words),
        type: t.string,
        count: Number(values.count),
        ratePerSecond: Number(values.rate),
        hurryFile: values.hurry,
      }),
      { uid: "words" },
    )
    .map((word) => ({ word, count: 1 }), { uid: "ones", type: WordCount })
    .keyBy("word")
    .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
    .map(
      ({ word, count }) => {
        if (witness !== undefined) appendFileSync(witness, `${word} ${count}\n`);
        return `${word} ${count}`;
      },
      { uid: "lines", type: t.string },
    )
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
