import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  filterOperator,
  flatMapOperator,
  mapOperator,
  operatorList,
  processOperator,
  timestampsAndWatermarksOperator,
} from "../operators/index.ts";
import { type ProcessContext, type ProcessFunction } from "../ports/index.ts";
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, t } from "../record/index.ts";
import { forBoundedOutOfOrderness, forMonotonousTimestamps, noWatermarks } from "../time/index.ts";
import { type HarnessEvent, OperatorHarness } from "./operator-harness.ts";

const record = <O>(value: O, timestamp: number): HarnessEvent<O> => ({ kind: "record", value, timestamp });

describe("map, filter and flatMap", () => {
  it("map and filter keep the timestamp", async () => {
    const map = await OperatorHarness.open(mapOperator((value: number) => `<${value}>`));
    map.process(1, 10);
    map.process(2);
    assert.deepEqual(map.events, [record("<1>", 10), record("<2>", NO_TIMESTAMP)]);
    const filter = await OperatorHarness.open(filterOperator((value: number) => value % 2 === 0));
    for (const value of [1, 2, 3, 4]) filter.process(value, value * 10);
    assert.deepEqual(filter.events, [record(2, 20), record(4, 40)]);
  });

  it("flatMap emits what is collected, what is returned as an array or iterable, and first what is collected", async () => {
    const flatMap = await OperatorHarness.open(
      flatMapOperator<string, string>((line, out) => {
        if (line === "none") return;
        out.collect(`c:${line}`);
        if (line === "array") return ["a", "b"];
        if (line === "set") return new Set(["s", "t"]);
        if (line === "generator") return pair();
        line.split(" ").forEach(out.collect);
        out.collectAt("later", 77);
        return undefined;
      }),
    );
    ["none", "array", "set", "generator", "two words"].forEach((line, index) => flatMap.process(line, index));
    assert.deepEqual(flatMap.events, [
      record("c:array", 1),
      record("a", 1),
      record("b", 1),
      record("c:set", 2),
      record("s", 2),
      record("t", 2),
      record("c:generator", 3),
      record("left", 3),
      record("right", 3),
      record("c:two words", 4),
      record("two", 4),
      record("words", 4),
      record("later", 77),
    ]);
  });

  it("refuse async functions and what is no function when the job is built, in words", () => {
    const filter = filterOperator as (keeps: unknown) => unknown;
    assert.throws(() => filter(async () => true), /filter: the function is async, but nothing is awaited per record/);
    assert.throws(() => filter(undefined), {
      code: "JOB_GRAPH_INVALID",
      message: /got undefined where a function is needed/,
    });
  });

  it("let what the function throws through: the chain says where", async () => {
    const map = await OperatorHarness.open(
      mapOperator<number, number>(() => {
        throw new RangeError("mine");
      }),
    );
    assert.throws(() => map.process(1), RangeError);
  });
});

function* pair(): Generator<string> {
  yield "left";
  yield "right";
}

describe("process", () => {
  it("shows the record's timestamp and the watermark, and emits with the record's timestamp unless told another", async () => {
    const seen: (readonly [number, number])[] = [];
    const contexts = new Set<ProcessContext<number>>();
    const harness = await OperatorHarness.open(
      processOperator<number, number>({
        process(value, context) {
          const { out } = context;
          contexts.add(context);
          seen.push([context.timestamp, context.watermark]);
          out.collect(value);
          out.collectAt(value + 1, 99);
          [7, 8].forEach(out.collect);
        },
      }),
      { subtask: 1, parallelism: 3 },
    );
    harness.process(1, 5);
    harness.watermark(7);
    harness.process(2);
    assert.deepEqual(seen, [
      [5, MIN_WATERMARK],
      [NO_TIMESTAMP, 7],
    ]);
    assert.deepEqual(harness.events, [
      record(1, 5),
      record(2, 99),
      record(7, 5),
      record(8, 5),
      { kind: "watermark", timestamp: 7 },
      record(2, NO_TIMESTAMP),
      record(3, 99),
      record(7, NO_TIMESTAMP),
      record(8, NO_TIMESTAMP),
    ]);
    assert.equal(contexts.size, 1, "one context for all records (FN2)");
    const [context] = contexts;
    assert.deepEqual([context?.subtask, context?.parallelism], [1, 3]);
  });

  it("awaits open, calls close, and keeps `this`; a factory makes one function per subtask", async () => {
    const log: string[] = [];
    class Named implements ProcessFunction<string, string> {
      opened = false;
      async open(): Promise<void> {
        await Promise.resolve();
        this.opened = true;
      }
      process(value: string, { out }: ProcessContext<string>): void {
        out.collect(`${value} ${this.opened}`);
      }
      close(): void {
        log.push("closed");
      }
    }
    const made: Named[] = [];
    const factory = processOperator<string, string>(() => {
      const instance = new Named();
      made.push(instance);
      return instance;
    });
    const first = await OperatorHarness.open(factory);
    await OperatorHarness.open(factory);
    assert.equal(made.length, 2);
    first.process("x");
    await first.close();
    assert.deepEqual([first.values, log], [["x true"], ["closed"]]);
  });

  it("keeps operator state over a restore at another parallelism", async () => {
    const states = { seen: operatorList(t.int64) };
    const collected = (): ProcessFunction<number, number, typeof states> => ({
      state: states,
      open: ({ state }) => void restored.push(...state.seen.get()),
      process: (value, { state }) => state.seen.add(value),
    });
    const restored: number[] = [];
    const before = await OperatorHarness.open(processOperator(collected));
    for (const value of [1, 2, 3, 4]) before.process(value);
    const { files, snapshot } = { files: before.files, snapshot: await before.snapshot(1) };
    for (const subtask of [0, 1]) {
      await OperatorHarness.open(processOperator(collected), { subtask, parallelism: 2, files, restore: [snapshot] });
    }
    assert.deepEqual(
      restored.sort((left, right) => left - right),
      [1, 2, 3, 4],
    );
  });
});

describe("timestampsAndWatermarks", () => {
  type Reading = { readonly at: number };
  const at = (reading: Reading): number => reading.at;

  it("stamps records, and makes a watermark every interval when it rose (WM-1)", async () => {
    const harness = await OperatorHarness.open(timestampsAndWatermarksOperator(forBoundedOutOfOrderness(10, at), 200));
    harness.process({ at: 100 });
    harness.process({ at: 50 }, 77);
    harness.advance(199);
    assert.deepEqual(harness.events, [record({ at: 100 }, 100), record({ at: 50 }, 50)]);
    harness.advance(1);
    assert.deepEqual(harness.events.at(-1), { kind: "watermark", timestamp: 89 });
    harness.advance(1000);
    assert.equal(harness.events.length, 3);
    harness.process({ at: 200 });
    harness.advance(200);
    assert.deepEqual(harness.events.at(-1), { kind: "watermark", timestamp: 189 });
  });

  it("keeps the records' own timestamps without a timestamp function", async () => {
    const harness = await OperatorHarness.open(timestampsAndWatermarksOperator(forMonotonousTimestamps<string>(), 10));
    harness.process("a", 42);
    harness.advance(10);
    assert.deepEqual(harness.events, [record("a", 42), { kind: "watermark", timestamp: 41 }]);
  });

  it("swallows watermarks that come in, except the last, and makes none after it or after the end (TW1)", async () => {
    for (const end of ["watermark", "endInput", "close"] as const) {
      const harness = await OperatorHarness.open(timestampsAndWatermarksOperator(forMonotonousTimestamps(at), 100));
      harness.watermark(5000);
      assert.deepEqual(harness.events, []);
      harness.process({ at: 1 });
      const expected: HarnessEvent<Reading>[] = [record({ at: 1 }, 1)];
      if (end === "watermark") {
        harness.watermark(MAX_WATERMARK);
        expected.push({ kind: "watermark", timestamp: MAX_WATERMARK });
      } else await harness[end]();
      harness.advance(1000);
      assert.deepEqual(harness.events, expected);
    }
  });

  it("tells idleness after the silence, not counting stalled time, and its end before the record (WM-3)", async () => {
    let stalled = 0;
    const strategy = forMonotonousTimestamps(at).withIdleness(300);
    const harness = await OperatorHarness.open(timestampsAndWatermarksOperator(strategy, 100), {
      stalledMs: () => stalled,
    });
    harness.process({ at: 8 });
    harness.advance(100);
    stalled = 250;
    harness.advance(500);
    assert.deepEqual(harness.events.slice(1), [{ kind: "watermark", timestamp: 7 }]);
    harness.advance(100);
    assert.deepEqual(harness.events.slice(2), [{ kind: "status", idle: true }]);
    harness.process({ at: 9 });
    assert.deepEqual(harness.events.slice(3), [{ kind: "status", idle: false }, record({ at: 9 }, 9)]);
  });

  it("names the operator and the value when the timestamp function returns nonsense", async () => {
    for (const nonsense of [Number.NaN, undefined, "2024-01-01", Number.POSITIVE_INFINITY]) {
      const strategy = noWatermarks<string>(() => nonsense as number);
      const harness = await OperatorHarness.open(timestampsAndWatermarksOperator(strategy, 100), { uid: "readings" });
      assert.throws(() => harness.process("x"), { code: "USER_FUNCTION_FAILED", message: /uid readings.*returned/ });
    }
  });
});
