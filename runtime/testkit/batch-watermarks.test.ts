/** Watermarks from batches of columns right behind a source that gives rows of several splits, in a driven job. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defineSource, type Job, job, NO_TIMESTAMP, t, type ValueOf } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { batchWatermarksOperator } from "../operators/index.ts";
import type { Float64Column } from "../record/index.ts";
import { forOwnWatermarks } from "../time/index.ts";
import { JobDriver } from "./job-driver.ts";

const Row = t.record({ time: t.timestamp });

/** Each poll gives of each split, in turns, what it has got by now. */
function jobOf(splits: Readonly<Record<string, number[]>>, wakes: (() => void)[]): Job {
  const source = defineSource<ValueOf<typeof Row>, string>({
    name: "log",
    boundedness: "unbounded",
    type: Row,
    discover: () => Object.keys(splits),
    createReader: (context) => {
      wakes.push(() => context.wake());
      for (const split of context.splits) context.openSplit(split);
      return {
        poll(output) {
          for (const split of context.splits) {
            for (const time of splits[split]?.splice(0) ?? []) {
              context.readSplit(split);
              output.collect({ time }, NO_TIMESTAMP);
            }
          }
          return "idle";
        },
        snapshot: () => context.splits,
      };
    },
  });
  const watermarks = batchWatermarksOperator(
    forOwnWatermarks(),
    () => (batch, from) => {
      const times = (batch.columns[0] as Float64Column).values;
      return Math.max(...Array.from(batch.rows.subarray(from, batch.count), (row) => times[row] as number)) - 100;
    },
    200,
  );
  return job((env) => {
    env
      .fromSource(source, { uid: "log" })
      .transform(watermarks, { uid: "watermarks", type: Row })
      .process(
        { process: ({ time }, { out, watermark }) => out.collect([time, watermark]) },
        { uid: "in-time", type: t.list(t.int64) },
      )
      .sinkTo(printSink(), { uid: "out" });
  });
}

test("BWM1 the watermark is the highest that records bring, of the split that is furthest behind: records of two splits are in no batch together", async () => {
  const splits: Record<string, number[]> = { fast: [], slow: [] };
  const wakes: (() => void)[] = [];
  await using driver = await JobDriver.start(jobOf(splits, wakes), { parallelism: 1 });
  for (let round = 1; round <= 3; round++) {
    splits["fast"]?.push(round * 1000, round * 1000 - 50);
    splits["slow"]?.push(round * 10);
    for (const wake of wakes) wake();
    await driver.advance("1s");
  }
  const seen = driver.output<[number, number]>("out");
  assert.deepEqual(
    seen.filter(([time]) => time <= 30).map(([time]) => time),
    [10, 20, 30],
  );
  // What the slow one's records brought in the round before.
  assert.deepEqual(
    seen.filter(([time]) => time >= 2000).map(([, watermark]) => watermark),
    [-90, -80, -80],
  );
});
