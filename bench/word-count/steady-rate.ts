/**
 * Owns: the steady rate of a StreamJob run from what the subtasks of the measuring sink reported: by the definition of
 * bench/flink/README.md (`steadySeconds`), so that both engines are told by the same figure.
 *
 * STR1 The window begins when 20 % of all words have arrived at the sink, all subtasks together, between two samples by
 *     proportion, and ends when the last subtask ended.
 */
import type { SinkReport } from "./measuring-sink.ts";

/** The part of the words that is left to warm-up. */
export const STEADY_FROM = 0.2;

export type SteadyRate = {
  readonly words: number;
  readonly countSum: number;
  /** First record at any subtask until the end of the last. */
  readonly seconds: number;
  readonly steadySeconds: number;
  readonly steadyWordsPerSecond: number;
};

type Point = { readonly atMs: number; readonly words: number };

/** `reports`: of every subtask that saw a word; at least one. */
export function steadyRate(reports: readonly SinkReport[]): SteadyRate {
  const counting = reports.filter((report) => report.words > 0);
  if (counting.length === 0) throw new Error("no subtask of the sink saw a word");
  const words = sum(counting, (report) => report.words);
  const firstMs = Math.min(...counting.map((report) => report.firstMs));
  const endMs = Math.max(...counting.map((report) => report.endMs));
  const lines = counting.map(lineOf);
  const steadySeconds = (endMs - timeOf(words * STEADY_FROM, lines)) / 1000;
  return {
    words,
    countSum: sum(counting, (report) => report.countSum),
    seconds: (endMs - firstMs) / 1000,
    steadySeconds,
    steadyWordsPerSecond: (words * (1 - STEADY_FROM)) / steadySeconds,
  };
}

/** A subtask's words over time; its end counts as a sample. */
function lineOf({ firstMs, samples, endMs, words }: SinkReport): readonly Point[] {
  return [{ atMs: firstMs, words: 0 }, ...samples, { atMs: endMs, words }];
}

/** When all lines together reached `words`. They are straight between all samples, so it is enough to look there. */
function timeOf(words: number, lines: readonly (readonly Point[])[]): number {
  const times = [...new Set(lines.flatMap((line) => line.map(({ atMs }) => atMs)))].sort((left, right) => left - right);
  let before: Point = { atMs: times[0] as number, words: 0 };
  for (const atMs of times) {
    const here = { atMs, words: sum(lines, (line) => wordsAt(atMs, line)) };
    if (here.words >= words) return between(before, here, words);
    before = here;
  }
  return before.atMs;
}

function wordsAt(atMs: number, line: readonly Point[]): number {
  const after = line.findIndex((point) => point.atMs > atMs);
  if (after === 0) return 0;
  if (after === -1) return (line.at(-1) as Point).words;
  const [left, right] = [line[after - 1] as Point, line[after] as Point];
  return left.words + ((right.words - left.words) * (atMs - left.atMs)) / (right.atMs - left.atMs);
}

function between(before: Point, after: Point, words: number): number {
  if (after.words === before.words) return after.atMs;
  return before.atMs + ((after.atMs - before.atMs) * (words - before.words)) / (after.words - before.words);
}

function sum<V>(values: readonly V[], of: (value: V) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
