/**
 * The job of the process tests over column tables: numbered words, counted by SQL, each result a line of a files sink: `w7 12` is what w7 has come to. The words are
 * long and many, so that their table is not small.
 *
 *   -- --count <records> --rate <records a second> --words <different ones> --output <folder> [--until <file>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { tableEnvironment } from "streamjob/table";
import { heldSource } from "./held-source.ts";

const Word = t.record({ word: t.string });

/** First each word once, then few of them again. */
export function longWordOf(index: number, words: number): string {
  const number = index < words ? index : Math.imul(index, 2_654_435_761) >>> 24;
  return `w${number}`.padEnd(90, "-");
}

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "1000" },
      words: { type: "string", default: "500" },
      output: { type: "string", default: "output" },
      until: { type: "string" },
    },
  });
  const words = Number(values.words);
  env.configure({
    name: "table-counts",
    checkpoints: { interval: "300 ms" },
    restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50 ms" },
  });
  const source = generatorSource({
    generate: (index) => ({ word: longWordOf(index, words) }),
    type: Word,
    count: Number(values.count),
    ratePerSecond: Number(values.rate),
  });
  const tables = tableEnvironment(env);
  tables.table("words", env.fromSource(heldSource(source, values.until), { uid: "words" }));
  tables
    .sql<{ word: string; times: number }>("SELECT word, COUNT(*) AS times FROM words GROUP BY word")
    .toRetractStream({ uid: "changes" })
    .filter(({ isAdded }) => isAdded, { uid: "added" })
    .map(({ row }) => `${row.word} ${row.times}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
