/**
 * The job of the process tests: numbered words, counted by key, each count a line of a files sink: `w7 12` is the 12th w7.
 *
 *   -- --count <records> --rate <records a second> --words <different ones> --output <folder> [--until <file>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { heldSource } from "./held-source.ts";

const WordCount = t.record({ word: t.string, count: t.int64 });

/** The word of a record's number. */
export function wordOf(index: number, words: number): string {
  return `w${(Math.imul(index, 2_654_435_761) >>> 8) % words}`;
}

/** What the sink has to hold in the end, made without the engine. */
export function expectedLines(count: number, words: number): string[] {
  return countedLines(Array.from({ length: count }, (_, index) => wordOf(index, words)));
}

/** For each word, how often it has come so far. */
export function countedLines(words: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const lines: string[] = [];
  for (const word of words) {
    const n = (counts.get(word) ?? 0) + 1;
    counts.set(word, n);
    lines.push(`${word} ${n}`);
  }
  return lines;
}

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "1000" },
      words: { type: "string", default: "50" },
      output: { type: "string", default: "output" },
      until: { type: "string" },
    },
  });
  const words = Number(values.words);
  env.configure({
    name: "word-count",
    checkpoints: { interval: "300 ms" },
    restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50 ms" },
  });
  env
    .fromSource(
      heldSource(
        generatorSource({
          generate: (index) => wordOf(index, words),
          type: t.string,
          count: Number(values.count),
          ratePerSecond: Number(values.rate),
        }),
        values.until,
      ),
      { uid: "words" },
    )
    .map((word) => ({ word, count: 1 }), { uid: "ones", type: WordCount })
    .keyBy("word")
    .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
    .map(({ word, count }) => `${word} ${count}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
