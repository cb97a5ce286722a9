/**
 * Every pipeline at parallelism 1, 2 and 3, with checkpoints, a TaskManager that is killed, and a restore in the middle: the
 * result is what was computed directly, line by line, each as often.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { wordsOf } from "../../examples/01-word-count/words.ts";
import { resultThroughCrash } from "./crash-run.ts";
import { expected as expectedAggregation } from "./jobs/aggregation.ts";
import { expected as expectedEventTime } from "./jobs/event-time.ts";
import { COUNT, range } from "./jobs/numbers.ts";
import { expected as expectedListState } from "./jobs/operator-list-state.ts";
import { expected as expectedPartitioning } from "./jobs/partitioning.ts";

type Pipeline = {
  /** Relative to this file. */
  readonly module: string;
  readonly args: readonly string[];
  readonly expected: (parallelism: number) => readonly string[];
  readonly restarts?: number;
};

const folder = mkdtempSync(join(tmpdir(), "streamjob-conformance-text-"));
const text = join(folder, "text.txt");
const LINES = 1200;

before(() => writeFileSync(text, range(LINES).map(lineOf).join("\n")));
after(() => rmSync(folder, { recursive: true, force: true }));

function lineOf(index: number): string {
  return `Line ${index % 50}: the ${index % 7 === 0 ? "QUICK" : "slow"} fox, größer als ${index % 3}!`;
}

/** Each word with its counts 1, 2, …, in the order of the lines. */
function runningCounts(lines: readonly string[], split: (line: string) => readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  return lines.flatMap(split).map((word) => {
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    return [word, count];
  });
}

const verses = ["to be or not to be", "that is the question", "to die to sleep", "to sleep perchance to dream"];

const pipelines: Readonly<Record<string, Pipeline>> = {
  "the word count of example 01": {
    module: "../../examples/01-word-count/job.ts",
    args: ["--lines-per-second", "600", "--split-bytes", "4096", text],
    expected: () =>
      runningCounts(range(LINES).map(lineOf), wordsOf).map(([word, count]) => JSON.stringify({ word, count })),
  },
  "the numbered lines of example 02": {
    module: "../../examples/02-checkpoints/job.ts",
    args: ["--rate", "600", "--lines", String(COUNT)],
    expected: () => range(COUNT).map((index) => `hello ${index + 1}`),
  },
  "the failing source of example 03, with its offset in the state": {
    module: "../../examples/03-restart/job.ts",
    args: ["with-offset", "--delay", "50 ms", "--every", "100", "--numbers", "17"],
    expected: () => range(17).map((index) => `number ${index + 1}`),
    restarts: 3,
  },
  "the endless word count of example 04, with an end": {
    module: "../../examples/04-savepoint/job.ts",
    args: ["--rate", "600", "--lines", String(COUNT)],
    expected: () =>
      runningCounts(
        range(COUNT).map((index) => verses[index % verses.length] as string),
        (line) => line.split(" "),
      ).map(([word, count]) => `${word} ${count}`),
  },
  "union, rebalance, broadcast, filter and flatMap": {
    module: "./jobs/partitioning.ts",
    args: [],
    expected: expectedPartitioning,
  },
  "aggregates, keyed states and processing-time timers": {
    module: "./jobs/aggregation.ts",
    args: [],
    expected: expectedAggregation,
  },
  "event-time timers behind watermarks": { module: "./jobs/event-time.ts", args: [], expected: expectedEventTime },
  "operator list state": { module: "./jobs/operator-list-state.ts", args: [], expected: expectedListState },
};

for (const [name, { module, args, expected, restarts }] of Object.entries(pipelines)) {
  for (const parallelism of [1, 2, 3]) {
    test(`${name}: parallelism ${parallelism}, a crash in the middle, the same result`, async () => {
      const result = await resultThroughCrash({
        module: fileURLToPath(new URL(module, import.meta.url)),
        args,
        parallelism,
        ...(restarts === undefined ? {} : { restarts }),
      });
      assert.deepEqual(result, expected(parallelism).toSorted());
    });
  }
}
