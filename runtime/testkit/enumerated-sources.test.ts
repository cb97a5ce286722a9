/** A source with an enumerator in a driven job: the engine's own tasks, states and coordinator. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { job, t } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { rangesSource } from "./enumerated-source.test-support.ts";
import { JobDriver } from "./job-driver.ts";

const RANGES = 12;
const PER_RANGE = 50;
const ALL = Array.from({ length: RANGES * PER_RANGE }, (_, number) => number);

const numbers = (look?: (found: number) => number): ReturnType<typeof job> =>
  job((env) => {
    const source = rangesSource({ ranges: RANGES, perRange: PER_RANGE, everyMs: 100, ...(look ? { look } : {}) });
    env
      .fromSource(source, { uid: "ranges" })
      .map((number) => number, { uid: "same", type: t.int64 })
      .sinkTo(printSink(), { uid: "out" });
  });

const inOrder = (read: readonly number[]): number[] => read.toSorted((left, right) => left - right);

describe("a source with an enumerator", () => {
  for (const parallelism of [1, 2, 5]) {
    it(`reads each split once, as it is found, and ends, at parallelism ${parallelism} (SO4)`, async () => {
      await using driver = await JobDriver.start(numbers(), { parallelism });
      await driver.run();
      assert.deepEqual(driver.output("out").length, PER_RANGE);
      await driver.advance(100 * (RANGES + 1));
      assert.equal(driver.isFinished, true);
      assert.deepEqual(inOrder(driver.output<number>("out")), ALL);
    });
  }

  for (const [before, after] of [
    [2, 2],
    [3, 1],
    [1, 4],
  ] as const) {
    it(`goes on from a snapshot taken anywhere, from parallelism ${before} at ${after} (SRC1)`, async () => {
      for (let ranges = 0; ranges <= RANGES; ranges += 3) {
        await using driver = await JobDriver.start(numbers(), { parallelism: before });
        await driver.advance(100 * ranges);
        if (driver.isFinished) break;
        const restore = await driver.snapshot();
        const read = [...driver.output<number>("out")];
        await driver.advance(250);
        await using next = await JobDriver.start(numbers(), { parallelism: after, restore });
        await next.advance(100 * (RANGES + 2));
        assert.equal(next.isFinished, true);
        assert.deepEqual(inOrder([...read, ...next.output<number>("out")]), ALL, `after ${ranges} ranges`);
      }
    });
  }

  it("fails the job when its enumerator does, with its name and what it called", async () => {
    const failing = numbers((found) => {
      if (found === 3) throw new Error("the directory service is away");
      return RANGES;
    });
    const driver = await JobDriver.start(failing, { parallelism: 2 });
    await assert.rejects(driver.advance(1000), {
      code: "SOURCE_FAILED",
      message:
        /the source "ranges" \(uid "ranges"\) cannot find or assign its splits: callAsync: the directory service is away/,
    });
  });

  it("whose state has splits that nobody has read is not restored into one without an enumerator (ASS2)", async () => {
    await using driver = await JobDriver.start(numbers(), { parallelism: 1 });
    const restore = await driver.snapshot();
    const { createEnumerator: _, ...rest } = rangesSource({ ranges: 1, perRange: 1, everyMs: 1 });
    const plain = job((env) => {
      const source = { ...rest, discover: () => [{ from: 0, to: 1 }] };
      env
        .fromSource(source, { uid: "ranges" })
        .map((number) => number, { uid: "same", type: t.int64 })
        .sinkTo(printSink(), { uid: "out" });
    });
    await assert.rejects(JobDriver.start(plain, { restore }), {
      code: "STATE_INCOMPATIBLE",
      message: /found its splits while the job ran/,
    });
  });

  it("that had none before learns from its readers what they have (SPE3)", async () => {
    const { createEnumerator: _, ...rest } = rangesSource({ ranges: 1, perRange: 1, everyMs: 1 });
    const told: unknown[] = [];
    const make = (isEnumerated: boolean): ReturnType<typeof job> =>
      job((env) => {
        const source = isEnumerated
          ? {
              ...rest,
              createEnumerator: ({ restored }: { readonly restored: { readonly kind: string } }) => ({
                addReader: (subtask: number, splits: readonly unknown[]) =>
                  void told.push(restored.kind, subtask, splits),
                addSplitsBack: () => undefined,
                snapshot: () => null,
              }),
            }
          : {
              ...rest,
              discover: () => [
                { from: 0, to: 1000 },
                { from: 1000, to: 2000 },
              ],
            };
        env.fromSource(source, { uid: "ranges" }).sinkTo(printSink(), { uid: "out" });
      });
    await using driver = await JobDriver.start(make(false), { parallelism: 2 });
    const restore = await driver.snapshot();
    await using next = await JobDriver.start(make(true), { parallelism: 1, restore });
    await next.run();
    assert.equal(new Set([...next.output("out"), ...driver.output("out")]).size, 2000);
    assert.deepEqual(told.slice(0, 2), ["readersOnly", 0]);
    assert.equal((told[2] as readonly unknown[]).length, 2);
  });
});
