import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aggregateOperator, keyedProcessOperator, reduceOperator, sumOperator, value } from "../operators/index.ts";
import type { KeyedProcessFunction, KeyedStateSpec, TimerContext, ValueState } from "../ports/index.ts";
import { MIN_WATERMARK, NO_TIMESTAMP, t, type ValueOf } from "../record/index.ts";
import { OperatorHarness } from "./operator-harness.ts";

type Count = { readonly word: string; readonly count: number };
const countType = t.record({ word: t.string, count: t.int64 });
const one = (word: string): Count => ({ word, count: 1 });
const wordOf = (value: Count): string => value.word;
const add = (left: Count, right: Count): Count => ({ word: left.word, count: left.count + right.count });

describe("reduce and aggregate", () => {
  it("reduce emits the first record of a key as it is, then the reduction, each with the record's timestamp (ROP1)", async () => {
    const harness = await OperatorHarness.open(reduceOperator(add, countType), { keySelector: wordOf });
    const first = one("a");
    harness.process(first, 1);
    harness.process(one("b"), 2);
    harness.process(one("a"), 3);
    assert.deepEqual(harness.events, [
      { kind: "record", value: { word: "a", count: 1 }, timestamp: 1 },
      { kind: "record", value: { word: "b", count: 1 }, timestamp: 2 },
      { kind: "record", value: { word: "a", count: 2 }, timestamp: 3 },
    ]);
    assert.equal(harness.values[0], first);
  });

  it("sum adds one field up, with the other fields of the record that came, and changes no record (SUO2)", async () => {
    const type = t.record({ word: t.string, line: t.int64, count: t.int64 });
    const harness = await OperatorHarness.open(sumOperator<ValueOf<typeof type>>("count"), { keySelector: wordOf });
    const records = [
      { word: "a", line: 1, count: 2 },
      { word: "a", line: 7, count: 3 },
      { word: "b", line: 8, count: 4 },
    ];
    for (const record of records) harness.process(record, 5);
    assert.deepEqual(harness.values, [
      { word: "a", line: 1, count: 2 },
      { word: "a", line: 7, count: 5 },
      { word: "b", line: 8, count: 4 },
    ]);
    assert.deepEqual(
      records.map(({ count }) => count),
      [2, 3, 4],
    );
    assert.throws(() => harness.process({ word: "a", line: 9, count: "1" as never }, 5), /the field is 1 \(string\)/);
  });

  it("reduce goes on counting after a restore at another parallelism, each key in one place", async () => {
    const words = Array.from({ length: 50 }, (_, index) => `word-${index}`);
    const before = await OperatorHarness.open(reduceOperator(add, countType), { keySelector: wordOf });
    for (const word of words) before.process(one(word));
    const restore = [await before.snapshot(1)];
    before.process(one("word-0")); // Not in the checkpoint.
    const subtasks = await Promise.all(
      [0, 1, 2].map((subtask) =>
        OperatorHarness.open(reduceOperator(add, countType), {
          keySelector: wordOf,
          subtask,
          parallelism: 3,
          files: before.files,
          restore,
        }),
      ),
    );
    for (const word of words) subtasks.find((subtask) => subtask.owns(one(word)))?.process(one(word));
    const after = subtasks.flatMap((subtask) => subtask.values);
    assert.deepEqual(
      after.map(({ word, count }) => `${word} ${count}`).sort(),
      words.map((word) => `${word} 2`).sort(),
    );
  });

  it("aggregate emits the result after each record; accumulators may be null or changed in place (AG1)", async () => {
    const average = {
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add: (value: Count, accumulator: { sum: number; count: number }) => {
        accumulator.sum += value.count;
        accumulator.count++;
        return accumulator;
      },
      getResult: ({ sum, count }: { sum: number; count: number }) => sum / count,
    };
    const harness = await OperatorHarness.open(aggregateOperator(average), { keySelector: wordOf });
    for (const count of [2, 4, 9]) harness.process({ word: "a", count });
    harness.process({ word: "b", count: 7 });
    assert.deepEqual(harness.values, [2, 3, 5, 7]);

    let created = 0;
    const nothing = {
      createAccumulator: () => (created++, null),
      add: () => null,
      getResult: () => created,
    };
    const nulls = await OperatorHarness.open(aggregateOperator(nothing), { keySelector: wordOf });
    nulls.process(one("a"));
    nulls.process(one("a"));
    assert.deepEqual(nulls.values, [1, 1]);
  });
});

describe("process with keys", () => {
  type Fired = { readonly key: string; readonly at: number; readonly domain: string; readonly watermark: number };

  type CountStates = { readonly count: KeyedStateSpec<ValueState<number>> };

  /** Counts each key; tells the count when a timer comes due. */
  const counting = (fired: Fired[], again = false): KeyedProcessFunction<string, Count, string, CountStates> => {
    return {
      state: { count: value(t.int64) },
      process(one, context) {
        const { out, state } = context;
        state.count.update((state.count.value() ?? 0) + one.count);
        if (context.timestamp !== NO_TIMESTAMP) context.timers.registerEventTime(context.timestamp + 10);
        else context.timers.registerProcessingTime(context.clock.nowMs() + 1000);
        out.collect(`${context.currentKey} in`);
      },
      onTimer(timestamp: number, context: TimerContext<string, string, CountStates>) {
        const { out, state } = context;
        const { currentKey: key, timeDomain: domain, watermark } = context;
        fired.push({ key, at: timestamp, domain, watermark });
        assert.equal(context.timestamp, timestamp);
        out.collect(`${key} ${state.count.value()}`);
        if (again) context.timers.registerEventTime(context.watermark + 1);
      },
    };
  };

  it("fires event-time timers with their key, their time and the risen watermark, before it goes on (KP1, KP2, WM-2)", async () => {
    const fired: Fired[] = [];
    const harness = await OperatorHarness.open(keyedProcessOperator(counting(fired)), { keySelector: wordOf });
    harness.process(one("b"), 5);
    harness.process(one("a"), 1);
    harness.process(one("a"), 1);
    harness.watermark(10);
    harness.watermark(100);
    assert.deepEqual(fired, [
      { key: "a", at: 11, domain: "event", watermark: 100 },
      { key: "b", at: 15, domain: "event", watermark: 100 },
    ]);
    assert.deepEqual(harness.events.slice(3), [
      { kind: "watermark", timestamp: 10 },
      { kind: "record", value: "a 2", timestamp: 11 },
      { kind: "record", value: "b 1", timestamp: 15 },
      { kind: "watermark", timestamp: 100 },
    ]);
  });

  it("fires a timer registered after the watermark only with a later one (KP1)", async () => {
    const fired: Fired[] = [];
    const harness = await OperatorHarness.open(keyedProcessOperator(counting(fired, true)), { keySelector: wordOf });
    harness.process(one("a"), 1);
    harness.watermark(500);
    assert.deepEqual(
      fired.map(({ at }) => at),
      [11],
    );
    harness.watermark(501);
    assert.deepEqual(
      fired.map(({ at }) => at),
      [11, 501],
    );
  });

  it("fires processing-time timers by the clock; what they emit has no timestamp (KP2)", async () => {
    const fired: Fired[] = [];
    const harness = await OperatorHarness.open(keyedProcessOperator(counting(fired)), { keySelector: wordOf });
    harness.process(one("a"));
    harness.process(one("with a time of its own"), 7);
    harness.advance(999);
    assert.deepEqual(fired, []);
    harness.advance(1);
    assert.deepEqual(fired, [{ key: "a", at: 1000, domain: "processing", watermark: MIN_WATERMARK }]);
    assert.deepEqual(harness.events.at(-1), { kind: "record", value: "a 1", timestamp: NO_TIMESTAMP });
  });

  it("has its state and timers back after a restore", async () => {
    const before = await OperatorHarness.open(keyedProcessOperator(counting([])), { keySelector: wordOf });
    before.process(one("a"), 1);
    before.process(one("b"), 2);
    before.process(one("a"), 3);
    const restore = [await before.snapshot(1)];
    const fired: Fired[] = [];
    const options = { keySelector: wordOf, files: before.files, restore };
    const after = await OperatorHarness.open(keyedProcessOperator(counting(fired)), options);
    after.watermark(12);
    assert.deepEqual(after.values, ["a 2", "b 1"]);
    after.watermark(13);
    assert.deepEqual(after.values, ["a 2", "b 1", "a 2"]);
  });
});
