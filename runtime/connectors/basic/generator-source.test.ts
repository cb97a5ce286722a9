import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StreamError } from "../../../base/index.ts";
import { NO_TIMESTAMP } from "../../record/index.ts";
import { ManualClock, SourceHarness, sourceContract } from "../../testkit/index.ts";
import { generatorSource } from "./generator-source.ts";

const identity = (index: number): number => index;
const ascending = (left: number, right: number): number => left - right;

test("at parallelism 1 the order is 0, 1, 2, …", async () => {
  const harness = await SourceHarness.start(generatorSource({ generate: identity, count: 1000 }));
  await harness.read(undefined, 7);
  assert.deepEqual(
    harness.values,
    Array.from({ length: 1000 }, (_, index) => index),
  );
});

test("timestamps come from the value and its number; without timestampOf there are none", async () => {
  const timed = await SourceHarness.start(
    generatorSource({
      generate: (index) => `v${index}`,
      count: 2,
      timestampOf: (value, index) => value.length * 100 + index,
    }),
  );
  await timed.read();
  assert.deepEqual(timed.records, [
    { value: "v0", timestamp: 200, subtask: 0 },
    { value: "v1", timestamp: 201, subtask: 0 },
  ]);
  const plain = await SourceHarness.start(generatorSource({ generate: identity, count: 1 }));
  await plain.read();
  assert.equal(plain.records[0]?.timestamp, NO_TIMESTAMP);
});

test("GS1 every number comes once, whatever is restored when and at whatever parallelism", () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 300 }),
      fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      fc.array(
        fc.record({
          parallelism: fc.integer({ min: 1, max: 6 }),
          polls: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }),
          isSaved: fc.boolean(),
        }),
        { maxLength: 6 },
      ),
      async (count, splitCount, rounds) => {
        const source = generatorSource({ generate: (index) => index, count, splits: splitCount });
        const given: number[] = [];
        let splits: Awaited<ReturnType<NonNullable<typeof source.discover>>> | undefined;
        const restored = (): { splits?: NonNullable<typeof splits> } => (splits === undefined ? {} : { splits });
        for (const { parallelism, polls, isSaved } of rounds) {
          const harness = await SourceHarness.start(source, { parallelism, ...restored() });
          polls.forEach((records, place) => harness.poll(place % parallelism, records));
          if (!isSaved) continue;
          given.push(...harness.values);
          splits = harness.snapshot();
        }
        const last = await SourceHarness.start(source, restored());
        await last.read();
        assert.deepEqual([...last.values], last.values.toSorted(ascending));
        assert.deepEqual(
          [...given, ...last.values].sort(ascending),
          Array.from({ length: count }, (_, index) => index),
        );
      },
    ),
  ));

const hundred = Array.from({ length: 100 }, (_, index) => index);
for (const [what, splits] of [
  ["a generator", undefined],
  ["a generator of three splits", 3],
] as const) {
  const makeSource = () => generatorSource({ generate: identity, count: 100, splits });
  for (const { name, run } of sourceContract(() => ({ makeSource, records: hundred }), { positions: 20 }))
    test(`${what} ${name}`, run);
}

test("without a count it never ends, and a reader without splits waits", async () => {
  const source = generatorSource({ generate: identity, splits: 2 });
  assert.equal(source.boundedness, "unbounded");
  const harness = await SourceHarness.start(source, { parallelism: 3 });
  for (let round = 0; round < 100; round++) assert.equal(harness.poll(0, 50), "more");
  assert.equal(harness.poll(2), "idle");
  assert.equal(harness.records.length, 5000);
});

test("GS3 the rate is that of the whole source at any parallelism, also with uneven shares", async () => {
  for (const parallelism of [1, 2, 5, 12]) {
    for (const splits of [undefined, 16]) {
      const clock = new ManualClock();
      const source = generatorSource({ generate: identity, ratePerSecond: 600, splits });
      const harness = await SourceHarness.start(source, { parallelism, clock });
      for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs++) {
        for (let subtask = 0; subtask < parallelism; subtask++) while (harness.poll(subtask) === "more");
        clock.advance(1);
      }
      const { length } = harness.records;
      assert.ok(Math.abs(length - 6000) <= 12, `${length} in 10 s at parallelism ${parallelism} with ${splits} splits`);
    }
  }
});

/** When each record came, in milliseconds since the start, when all readers are polled each millisecond. */
async function timesOf(harness: SourceHarness<number, unknown>, clock: ManualClock, parallelism: number) {
  const startMs = clock.monotonicMs();
  const times: number[] = [];
  const open = new Set(Array.from({ length: parallelism }, (_, subtask) => subtask));
  for (; open.size > 0; clock.advance(1)) {
    for (const subtask of open) {
      let result = harness.poll(subtask);
      while (result === "more") result = harness.poll(subtask);
      if (result === "end") open.delete(subtask);
    }
    while (times.length < harness.records.length) times.push(clock.monotonicMs() - startMs);
  }
  return times;
}

test("GS3 only the splits that have records share the rate", async () => {
  for (const count of [1, 2, 5, 11, 12, 13, 20]) {
    for (const parallelism of [1, 2, 5, 12]) {
      const clock = new ManualClock();
      const source = generatorSource({ generate: identity, count, ratePerSecond: 2 });
      const times = await timesOf(await SourceHarness.start(source, { parallelism, clock }), clock, parallelism);
      const what = `${count} records at parallelism ${parallelism} came at ${times.join(", ")} ms`;
      assert.equal(times.length, count, what);
      for (const [index, timeMs] of times.entries()) {
        const offMs = timeMs - index * 500;
        // One reader keeps to it exactly; of several, some have a split more than others, and are that much quicker.
        assert.ok(Math.abs(offMs) <= (parallelism === 1 ? 1 : 1000), what);
      }
    }
  }
});

test("GS3 a reader that is alone keeps the whole rate when it is restored near the end", async () => {
  const source = generatorSource({ generate: identity, count: 17, ratePerSecond: 2 });
  const unpaced = await SourceHarness.start(generatorSource({ generate: identity, count: 17 }));
  await unpaced.read(() => unpaced.records.length >= 13, 1);
  const splits = unpaced.snapshot();
  const clock = new ManualClock();
  const times = await timesOf(await SourceHarness.start(source, { splits, clock }), clock, 1);
  assert.deepEqual(
    times.slice(1).map((timeMs, index) => timeMs - (times[index] as number)),
    [500, 500, 500],
  );
});

test("with a rate it wakes the task when a record is due", async () => {
  const harness = await SourceHarness.start(generatorSource({ generate: identity, ratePerSecond: 500, count: 50 }), {
    parallelism: 2,
  });
  await harness.read();
  assert.equal(harness.records.length, 50);
  // How often depends on the machine: what a stall held up is given at once (PA2).
  assert.ok(harness.woken > 0, "woken when one was due");
});

test("a slow generate does not hold the thread for long", async () => {
  const clock = new ManualClock();
  const source = generatorSource({
    generate: (index) => {
      clock.advance(0.01);
      return index;
    },
  });
  const harness = await SourceHarness.start(source, { clock });
  harness.poll(0, 100_000);
  assert.ok(clock.monotonicMs() < 3, `one poll took ${clock.monotonicMs()} ms`);
});

test("wrong options are refused in words", () => {
  for (const [options, words] of [
    [{ count: -1 }, /count is -1/],
    [{ count: 1.5 }, /count is 1.5/],
    [{ ratePerSecond: 0 }, /ratePerSecond is 0/],
    [{ splits: 0 }, /splits is 0/],
  ] as const) {
    assert.throws(
      () => generatorSource({ generate: identity, ...options }),
      (error) => error instanceof StreamError && error.code === "OPTION_INVALID" && words.test(error.message),
    );
  }
});
