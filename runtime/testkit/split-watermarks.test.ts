/** Watermarks of a reader's splits, in a driven job: the engine's own source, chain and watermarks. */
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
import { printSink } from "../connectors/basic/index.ts";
import { JobDriver } from "./job-driver.ts";

type Split = { readonly name: string; readonly times: readonly number[] };

/** What each split has got by now; a reader reads all of one before the next. */
class Log {
  readonly splits: readonly { readonly name: string; readonly times: number[] }[];
  readonly #wakes: (() => void)[] = [];

  constructor(...names: readonly string[]) {
    this.splits = names.map((name) => ({ name, times: [] }));
  }

  push(name: string, ...times: readonly number[]): void {
    this.splits.find((split) => split.name === name)?.times.push(...times);
    for (const wake of this.#wakes) wake();
  }

  source(tellsSplits: boolean): ReturnType<typeof defineSource<number, Split>> {
    return defineSource<number, Split>({
      name: "log",
      boundedness: "unbounded",
      type: t.int64,
      discover: () => this.splits.map(({ name }) => ({ name, times: [] })),
      createReader: (context) => {
        this.#wakes.push(() => context.wake());
        const own = context.splits.map(({ name }) => this.splits.find((split) => split.name === name));
        if (tellsSplits) for (const split of own) context.openSplit(split?.name ?? "");
        return {
          poll(output) {
            for (const split of own) {
              if (split === undefined || split.times.length === 0) continue;
              if (tellsSplits) context.readSplit(split.name);
              for (const time of split.times.splice(0)) output.collect(time, NO_TIMESTAMP);
            }
            return "idle";
          },
          snapshot: () => context.splits,
        };
      },
    });
  }
}

/** Emits the records that are not late. */
function inTime(log: Log, tellsSplits: boolean, watermarks: WatermarkStrategy<number>): Job {
  return job((env) => {
    env
      .fromSource(log.source(tellsSplits), { uid: "log", watermarks })
      .process(
        {
          process(time, { out, watermark }) {
            if (time > watermark) out.collect(time);
          },
        },
        { uid: "in-time", type: t.int64 },
      )
      .sinkTo(printSink(), { uid: "out" });
  });
}

const byTime = (): WatermarkStrategy<number> => forMonotonousTimestamps((time: number) => time);

describe("a reader that tells its splits", () => {
  it("has the watermark of the slowest: nothing of it is late (WM-8)", async () => {
    for (const tellsSplits of [true, false]) {
      const log = new Log("fast", "slow");
      await using driver = await JobDriver.start(inTime(log, tellsSplits, byTime()), { parallelism: 1 });
      for (let round = 1; round <= 3; round++) {
        log.push("fast", round * 1000);
        log.push("slow", round * 10);
        await driver.advance("1s");
      }
      const slow = tellsSplits ? [10, 20, 30] : [10];
      assert.deepEqual(
        driver.output<number>("out").filter((time) => time < 1000),
        slow,
      );
    }
  });

  it("lets a split that is idle hold back nothing, and counts it again with its next record (WM-3, WM-8)", async () => {
    const log = new Log("fast", "slow");
    await using driver = await JobDriver.start(inTime(log, true, byTime().withIdleness("5s")), { parallelism: 1 });
    log.push("slow", 10);
    for (let second = 1; second <= 7; second++) {
      log.push("fast", second * 1000);
      await driver.advance("1s");
    }
    log.push("slow", 20);
    await driver.advance("1s");
    // The watermark has gone on without it; it does not go back.
    assert.deepEqual(driver.output("out").includes(20), false);
    log.push("slow", 6500);
    log.push("fast", 9000);
    await driver.advance("1s");
    log.push("slow", 8500);
    await driver.advance("1s");
    assert.deepEqual(driver.output<number>("out").slice(-2), [9000, 8500]);
  });

  for (const [what, idleness, isIdle] of [
    ["stays active without a word about idleness", false, false],
    ["becomes idle with it", true, true],
  ] as const) {
    it(`but has none, for there are more readers than splits, ${what} (WM-5)`, async () => {
      const log = new Log("only");
      const strategy = idleness ? byTime().withIdleness("2s") : byTime();
      const merged = job((env) => {
        env
          .fromSource(log.source(true), { uid: "log", watermarks: strategy })
          .keyBy(() => "all")
          .process(
            {
              process: (time, { timers }) => timers.registerEventTime(time),
              onTimer: (time, { out }) => out.collect(time),
            },
            { uid: "timers", type: t.int64 },
          )
          .sinkTo(printSink(), { uid: "out" });
      });
      await using driver = await JobDriver.start(merged, { parallelism: 2 });
      for (let second = 1; second <= 6; second++) {
        log.push("only", second * 1000);
        await driver.advance("1s");
      }
      assert.equal(driver.output("out").length > 0, isIdle);
    });
  }
});
