/**
 * Owns: a sink that notes when records reach it: `<epoch ms> <version> <records since the line before>`, at most a line a millisecond
 * and subtask, each line written at once.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { PlainSink } from "streamjob";

export function timingSink(folder: string, version: string): PlainSink<unknown> {
  return {
    kind: "sink",
    name: "timing",
    guarantee: "at-least-once",
    createWriter: ({ subtask }) => {
      const file = openSync(`${folder}/${version}-${subtask}-${process.pid}.times`, "a");
      let lastMs = 0;
      let records = 0;
      return {
        write: () => {
          records += 1;
          const nowMs = Math.floor(performance.timeOrigin + performance.now());
          if (nowMs === lastMs) return;
          lastMs = nowMs;
          writeSync(file, `${nowMs} ${version} ${records}\n`);
          records = 0;
        },
        close: () => closeSync(file),
      };
    },
  };
}
