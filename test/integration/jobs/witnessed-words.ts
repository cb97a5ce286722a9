/**
 * A word count that leaves a witness of every record that it processes, whatever becomes of it: a line in a file for each call of a function at
 * the source, and of one behind the shuffle. Nothing of it is taken back when the job goes back to a checkpoint.
 *
 *   -- --count <records> --rate <records a second> --words <different ones> --output <folder> --witness <file> [--hurry <file>]
 */
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink } from "streamjob/connectors/files";
import { pacedSource } from "../../promises/jobs/paced-source.ts";
import { wordOf } from "./word-count.ts";

const Numbered = t.record({ word: t.string, index: t.int64 });
const Counted = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "1000" },
      words: { type: "string", default: "50" },
      output: { type: "string", default: "output" },
      witness: { type: "string", default: "witness" },
      hurry: { type: "string", default: "hurry" },
    },
  });
  const { witness } = values;
  const see = (where: string, index: number): void => appendFileSync(witness, `${where} ${index}\n`);
  env.configure({ name: "witnessed-words" });
  env
    .fromSource(
      pacedSource({
        generate: (index) => ({ word: wordOf(index, Number(values.words)), index }),
        type: Numbered,
        count: Number(values.count),
        ratePerSecond: Number(values.rate),
        hurryFile: values.hurry,
      }),
      { uid: "words" },
    )
    .map(
      (record) => {
        see("read", record.index);
        return record;
      },
      { uid: "read", type: Numbered },
    )
    .keyBy("word")
    .map(
      (record) => {
        see("keyed", record.index);
        return { word: record.word, count: 1 };
      },
      { uid: "keyed", type: Counted },
    )
    .keyBy("word")
    .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
    .map(({ word, count }) => `${word} ${count}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
