/**
 * Owns: a sink that counts and drops, and writes what it counted, sampled over time, into a file per subtask at its end.
 */
import { writeFileSync } from "node:fs";
import type { PlainSink } from "streamjob";

export type Count = { readonly word: string; readonly count: number };

/** What one subtask of the sink saw. Times in epoch milliseconds. */
export type SinkReport = {
  readonly subtask: number;
  readonly samples: readonly { readonly atMs: number; readonly words: number }[];
  readonly words: number;
  readonly countSum: number;
  readonly firstMs: number;
  readonly endMs: number;
};

const SAMPLE_MS = 500;
/** The clock is read once in so many records. */
const LOOK_EVERY = 1024;

export function measuringSink(folder: string): PlainSink<Count> {
  return {
    kind: "sink",
    name: "measure",
    guarantee: "at-least-once",
    createWriter: ({ subtask }) => {
      const samples: { atMs: number; words: number }[] = [];
      let words = 0;
      let countSum = 0;
      let firstMs = 0;
      let nextSampleMs = 0;
      const look = (): void => {
        const nowMs = Date.now();
        if (firstMs === 0) firstMs = nowMs;
        if (nowMs < nextSampleMs) return;
        nextSampleMs = nowMs + SAMPLE_MS;
        samples.push({ atMs: nowMs, words });
      };
      return {
        write: (value) => {
          if (words % LOOK_EVERY === 0) look();
          words += 1;
          countSum += value.count;
        },
        writeColumns: (columns) => {
          const counts = columns.column("count");
          look();
          words += columns.count;
          for (let row = 0; row < columns.count; row++) countSum += counts[row] as number;
        },
        close: () => {
          const report: SinkReport = { subtask, samples, words, countSum, firstMs, endMs: Date.now() };
          writeFileSync(`${folder}/sink-${subtask}.json`, JSON.stringify(report));
        },
      };
    },
  };
}
