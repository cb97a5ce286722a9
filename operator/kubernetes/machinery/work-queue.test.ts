import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Random, seededRandom, silentLog } from "../../../base/index.ts";
import { ManualClock } from "../../../runtime/testkit/index.ts";
import { pass, settled } from "./scripted-api.test-support.ts";
import { WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

const longest: Random = { next: () => 1, hex: () => "00" };

class Rig {
  readonly clock = new ManualClock();
  /** Keys in the order in which work on them began. */
  readonly begun: string[] = [];
  readonly open = new Map<string, { resolve(): void; reject(error: Error): void }>();
  /** Whether work ends by itself; else by `end`. */
  isQuick = true;
  act: (key: string) => void = () => undefined;
  readonly signals: AbortSignal[] = [];
  readonly queue: WorkQueue;

  constructor(options: Partial<WorkQueueOptions> = {}) {
    this.queue = new WorkQueue({
      clock: this.clock,
      random: longest,
      log: silentLog,
      work: async (key, signal) => {
        this.begun.push(key);
        this.signals.push(signal);
        this.act(key);
        if (this.isQuick) return;
        assert.equal(this.open.has(key), false, "two workers on one key");
        await new Promise<void>((resolve, reject) => this.open.set(key, { resolve, reject }));
      },
      ...options,
    });
  }

  async end(key: string, error?: Error): Promise<void> {
    const work = this.open.get(key);
    assert.ok(work !== undefined, `${key} is not in work`);
    this.open.delete(key);
    if (error === undefined) work.resolve();
    else work.reject(error);
    await settled();
  }
}

test("WQ1 a key waits once, however often it is added, and before the start too", async () => {
  const rig = new Rig();
  for (const key of ["a", "b", "a", "a"]) rig.queue.add(key);
  assert.equal(rig.queue.figures().depth, 2);
  rig.queue.start();
  await settled();
  assert.deepEqual(rig.begun, ["a", "b"]);
});

test("WQ2 a key that is added while in work is worked on again, after it and once", async () => {
  const rig = new Rig();
  rig.isQuick = false;
  rig.queue.start();
  rig.queue.add("a");
  await settled();
  rig.queue.add("a");
  rig.queue.add("a");
  await settled();
  assert.deepEqual(rig.begun, ["a"]);
  await rig.end("a");
  assert.deepEqual(rig.begun, ["a", "a"]);
  await rig.end("a");
  assert.deepEqual(rig.begun, ["a", "a"]);
  assert.equal(rig.queue.figures().inWork, 0);
});

test("as many keys are in work as there are workers, in the order of their adds", async () => {
  const rig = new Rig({ workers: 2 });
  rig.isQuick = false;
  rig.queue.start();
  for (const key of ["a", "b", "c", "d"]) rig.queue.add(key);
  await settled();
  assert.deepEqual(rig.begun, ["a", "b"]);
  rig.clock.advance(5000);
  await rig.end("b");
  assert.deepEqual(rig.begun, ["a", "b", "c"]);
  rig.clock.advance(1000);
  const { depth, inWork, longestRunningMs } = rig.queue.figures();
  assert.deepEqual({ depth, inWork, longestRunningMs }, { depth: 1, inWork: 2, longestRunningMs: 6000 });
});

test("WQ3 the earliest of several delayed adds counts", async () => {
  const rig = new Rig();
  rig.queue.start();
  rig.queue.addAfter("a", 5000);
  rig.queue.addAfter("a", 1000);
  rig.queue.addAfter("a", 9000);
  assert.equal(rig.queue.figures().delayed, 1);
  await pass(rig.clock, 999);
  assert.deepEqual(rig.begun, []);
  await pass(rig.clock, 1);
  assert.deepEqual(rig.begun, ["a"]);
  await pass(rig.clock, 20_000, 1000);
  assert.deepEqual(rig.begun, ["a"]);
});

test("WQ3 an add without delay does not take a delayed one back", async () => {
  const rig = new Rig();
  rig.queue.start();
  rig.queue.addAfter("a", 1000);
  rig.queue.add("a");
  await settled();
  assert.deepEqual(rig.begun, ["a"]);
  await pass(rig.clock, 1000);
  assert.deepEqual(rig.begun, ["a", "a"]);
});

test("WQ5 work that fails is retried from 50 ms up to 60 s, and quickly again after a success", async () => {
  const rig = new Rig();
  rig.act = () => {
    throw new Error("no");
  };
  rig.queue.start();
  rig.queue.add("a");
  await settled();
  const waits: number[] = [];
  let sinceMs = 0;
  for (let retry = 0; retry < 13; retry++) {
    const before = rig.begun.length;
    while (rig.begun.length === before) await pass(rig.clock, 50);
    waits.push(rig.clock.monotonicMs() - sinceMs);
    sinceMs = rig.clock.monotonicMs();
  }
  assert.deepEqual(waits.slice(0, 4), [50, 100, 200, 400]);
  assert.deepEqual(waits.slice(-2), [60_000, 60_000]);
  const { retries, failing } = rig.queue.figures();
  assert.deepEqual({ retries, failing }, { retries: 14, failing: 1 });
  rig.act = () => undefined;
  await pass(rig.clock, 60_000);
  assert.equal(rig.queue.figures().failing, 0);
  assert.equal(rig.queue.retry("a"), 50);
});

test("jitter: the waits of keys that failed together differ, and stay within half and all of the doubled one", () => {
  const { queue } = new Rig({ random: seededRandom(7) });
  const waits = Array.from({ length: 50 }, (_, key) => queue.retry(`${key}`));
  assert.ok(new Set(waits.map(Math.round)).size > 10);
  assert.ok(waits.every((waitMs) => waitMs >= 25 && waitMs <= 50));
});

test("work that calls retry itself and ends well keeps its count; forget clears it", async () => {
  const rig = new Rig();
  const waits: number[] = [];
  rig.act = (key) => void waits.push(rig.queue.retry(key));
  rig.queue.start();
  rig.queue.add("a");
  await pass(rig.clock, 350, 50);
  assert.deepEqual(waits, [50, 100, 200, 400]);
  rig.queue.forget("a");
  rig.queue.add("a");
  await settled();
  assert.equal(waits.at(-1), 50);
});

test("P-33 WQ4 a key that always fails never delays another", async () => {
  const rig = new Rig({ workers: 1 });
  rig.act = (key) => {
    if (key === "poisoned") throw new Error("always");
  };
  rig.queue.start();
  rig.queue.add("poisoned");
  for (let round = 0; round < 20; round++) {
    await pass(rig.clock, 1000, 50);
    const before = rig.begun.length;
    rig.queue.add("poisoned");
    rig.queue.add(`good-${round}`);
    await settled();
    assert.ok(rig.begun.slice(before).includes(`good-${round}`));
  }
});

test("drain works off what is ready, takes nothing more, and drops what is delayed", async () => {
  const rig = new Rig({ workers: 1 });
  rig.isQuick = false;
  rig.queue.start();
  rig.queue.add("a");
  rig.queue.add("b");
  rig.queue.addAfter("c", 1000);
  await settled();
  let isDrained = false;
  const drained = rig.queue.drain().then(() => {
    isDrained = true;
  });
  rig.queue.add("d");
  await rig.end("a");
  assert.equal(isDrained, false);
  await rig.end("b");
  await drained;
  assert.deepEqual(rig.begun, ["a", "b"]);
  assert.equal(rig.clock.armed, 0);
});

test("stop begins nothing more, ends the signal, and waits for what is running", async () => {
  const rig = new Rig({ workers: 1 });
  rig.isQuick = false;
  rig.queue.start();
  rig.queue.add("a");
  rig.queue.add("b");
  await settled();
  rig.queue.add("a");
  let isStopped = false;
  const stopped = rig.queue.stop().then(() => {
    isStopped = true;
  });
  await settled();
  assert.equal(isStopped, false);
  assert.equal(rig.signals[0]?.aborted, true);
  await rig.end("a", new Error("aborted"));
  await stopped;
  rig.queue.add("c");
  rig.queue.addAfter("d", 10);
  await pass(rig.clock, 1000);
  assert.deepEqual(rig.begun, ["a"]);
  assert.equal(rig.clock.armed, 0);
});

test("whatever is added, delayed and failing, no add is lost and no key is worked on twice at a time", async () => {
  const step = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    act: fc.constantFrom("add", "addAfter", "retry", "end", "fail", "pass"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const rig = new Rig({ workers: 2 });
      rig.isQuick = false;
      rig.queue.start();
      /** Adds that no work has begun after. */
      const owed = new Set<string>();
      rig.act = (key) => void owed.delete(key);
      for (const { key, act } of steps) {
        if (act === "add") owed.add(key);
        if (act === "add") rig.queue.add(key);
        if (act === "addAfter") rig.queue.addAfter(key, 500);
        if (act === "retry") rig.queue.retry(key);
        if (act === "end" && rig.open.has(key)) await rig.end(key);
        if (act === "fail" && rig.open.has(key)) await rig.end(key, new Error("no"));
        if (act === "pass") await pass(rig.clock, 200);
        await settled();
      }
      for (let round = 0; round < 10 && (owed.size > 0 || rig.open.size > 0); round++) {
        for (const key of rig.open.keys()) await rig.end(key);
      }
      assert.deepEqual([...owed], []);
      await rig.queue.stop();
      assert.equal(rig.clock.armed, 0);
    }),
    { numRuns: 150 },
  );
});
