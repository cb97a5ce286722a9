/** Sources whose watermarks are aligned, in a driven job: its own sources, on a manual clock (WM-4). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  defineSource,
  forMonotonousTimestamps,
  type Job,
  job,
  NO_TIMESTAMP,
  t,
  type WatermarkStrategy,
} from "../api/index.ts";
import { generatorSource, printSink } from "../connectors/basic/index.ts";
import { JobDriver } from "./job-driver.ts";

const RATE = 10;
const DRIFT_MS = 5000;
/** Event time that a fast source gets on in a second. */
const FAST_MS = 10_000;
/** What can be read before the group is asked again: an update, and the watermark before it. */
const SLACK_MS = 1.5 * FAST_MS;

const byTime = (isAligned: boolean): WatermarkStrategy<number> => {
  const strategy = forMonotonousTimestamps((time: number) => time);
  return isAligned ? strategy.withWatermarkAlignment("all", DRIFT_MS) : strategy;
};

/** One source that gets on 10 s of event time a second, and one that gets on 100 ms, up to `slow` records. */
function twoSources(isAligned: boolean, slow: number): Job {
  return job((env) => {
    const fastSource = generatorSource({ generate: (index) => index * 1000, ratePerSecond: RATE, type: t.int64 });
    const slowSource = generatorSource({
      generate: (index) => index * 10,
      count: slow,
      ratePerSecond: RATE,
      type: t.int64,
    });
    env.fromSource(fastSource, { uid: "fast", watermarks: byTime(isAligned) }).sinkTo(printSink(), { uid: "fast-out" });
    env.fromSource(slowSource, { uid: "slow", watermarks: byTime(isAligned) }).sinkTo(printSink(), { uid: "slow-out" });
  });
}

const highest = (driver: JobDriver, uid: string): number => Math.max(...driver.output<number>(uid));

describe("sources of one alignment group", () => {
  for (const parallelism of [1, 2]) {
    it(`wait for the slowest, and go on when it has ended, at parallelism ${parallelism} (WM-4)`, async () => {
      await using driver = await JobDriver.start(twoSources(true, 300), { parallelism });
      await driver.advance("20s");
      const slow = highest(driver, "slow-out");
      assert.ok(slow >= 1900, `the slow one is at ${slow}`);
      assert.ok(
        highest(driver, "fast-out") <= slow + DRIFT_MS + SLACK_MS,
        `the fast one is at ${highest(driver, "fast-out")}`,
      );
      assert.equal(driver.metric("fast:watermarks", "pausedByAlignment"), parallelism);
      assert.ok(driver.metric("fast:watermarks", "watermarkAlignmentDrift") > DRIFT_MS);
      await driver.advance("20s");
      assert.equal(driver.output("slow-out").length, 300);
      const before = highest(driver, "fast-out");
      await driver.advance("20s");
      assert.ok(highest(driver, "fast-out") > before + 5 * FAST_MS, "it goes on alone");
    });
  }

  it("without alignment do not wait, so the test above can fail", async () => {
    await using driver = await JobDriver.start(twoSources(false, 300), { parallelism: 1 });
    await driver.advance("20s");
    assert.ok(highest(driver, "fast-out") > 150_000);
  });

  it("has the splits of a reader wait one by one, where it can pause them (WM-4, ALS1)", async () => {
    const paused: string[][] = [];
    const log = defineSource<{ split: string; time: number }, string>({
      name: "log",
      boundedness: "unbounded",
      type: t.record({ split: t.string, time: t.int64 }),
      discover: () => ["fast", "slow"],
      createReader: (context) => {
        let isPaused: ReadonlySet<string> = new Set();
        const at = new Map(context.splits.map((split) => [split, 0]));
        for (const split of at.keys()) context.openSplit(split);
        let dueMs = context.clock.monotonicMs();
        return {
          poll(output) {
            if (context.clock.monotonicMs() < dueMs) return "idle";
            dueMs = context.clock.monotonicMs() + 100;
            context.wakeAfter(100);
            for (const [split, time] of at) {
              if (isPaused.has(split)) continue;
              context.readSplit(split);
              output.collect({ split, time }, NO_TIMESTAMP);
              at.set(split, time + (split === "fast" ? 1000 : 10));
            }
            return "idle";
          },
          pauseSplits: (ids) => {
            isPaused = ids;
            paused.push([...ids]);
          },
          snapshot: () => context.splits,
        };
      },
    });
    const aligned = job((env) => {
      const watermarks = forMonotonousTimestamps((row: { time: number }) => row.time).withWatermarkAlignment(
        "all",
        DRIFT_MS,
      );
      env.fromSource(log, { uid: "log", watermarks }).sinkTo(printSink(), { uid: "out" });
    });
    await using driver = await JobDriver.start(aligned, { parallelism: 1 });
    await driver.advance("20s");
    const of = (split: string): number =>
      Math.max(
        ...driver
          .output<{ split: string; time: number }>("out")
          .flatMap((row) => (row.split === split ? [row.time] : [])),
      );
    assert.ok(of("slow") >= 1800, `slow at ${of("slow")}`);
    assert.ok(of("fast") <= of("slow") + DRIFT_MS + SLACK_MS, `fast at ${of("fast")}`);
    assert.deepEqual(paused[0], ["fast"]);
    assert.equal(driver.metric("log:watermarks", "pausedSplits"), 1);
  });

  it("are refused where the strategy is not right at the source (TW4)", async () => {
    const late = job((env) => {
      env
        .fromSource(generatorSource({ generate: (index) => index, count: 3, type: t.int64 }), { uid: "numbers" })
        .keyBy((number) => number % 2)
        .reduce((sum, number) => sum + number, { uid: "sum" })
        .assignTimestampsAndWatermarks(byTime(true), { uid: "late" })
        .sinkTo(printSink(), { uid: "out" });
    });
    await assert.rejects(JobDriver.start(late), {
      code: "JOB_GRAPH_INVALID",
      message: /has to be right at the source/,
    });
  });

  it("are refused with a drift, an update or a group that make no sense", () => {
    const strategy = forMonotonousTimestamps((time: number) => time);
    assert.throws(() => strategy.withWatermarkAlignment("", "1s"), /the group is empty/);
    assert.throws(() => strategy.withWatermarkAlignment("a", "often"), /"often" is not a duration/);
    assert.throws(() => strategy.withWatermarkAlignment("a", "1s", 0), /update is 0/);
  });
});
