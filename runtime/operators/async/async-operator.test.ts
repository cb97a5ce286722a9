import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Log, silentLog } from "../../../base/index.ts";
import type { AsyncCall, AsyncOptions } from "../../ports/index.ts";
import { MAX_WATERMARK, NO_TIMESTAMP, t } from "../../record/index.ts";
import { type HarnessOptions, OperatorHarness } from "../../testkit/index.ts";
import { asyncOperator, recordList, singleRecord } from "./async-operator.ts";
import { asyncPlan } from "./async-options.ts";

type Asked = {
  readonly value: number;
  readonly call: AsyncCall<string>;
  answer(result: number): void;
  fail(error: unknown): void;
};

/** What is outside: it answers when the test says so. */
class Outside {
  readonly asked: Asked[] = [];
  readonly log: string[] = [];

  readonly fn = {
    open: (): string => {
      this.log.push("open");
      return "client";
    },
    invoke: (value: number, call: AsyncCall<string>): Promise<number> =>
      new Promise<number>((answer, fail) => this.asked.push({ value, call, answer, fail })),
    close: (client: string): void => void this.log.push(`close ${client}`),
  };

  get values(): readonly number[] {
    return this.asked.map(({ value }) => value);
  }

  /** The newest call for a record. */
  of(value: number): Asked {
    const found = this.asked.findLast((asked) => asked.value === value);
    assert.ok(found !== undefined, `${value} was not asked for`);
    return found;
  }
}

type PlanParts = { readonly resumesAnew?: boolean; readonly lateRemedy?: string };

async function open(
  outside: Outside,
  options: AsyncOptions<number, number, string> = {},
  { resumesAnew, lateRemedy, ...harness }: HarnessOptions<number> & PlanParts = {},
): Promise<OperatorHarness<number, number>> {
  const factory = asyncOperator<number, number, number, string>({
    name: "mapAsync",
    fn: outside.fn,
    plan: {
      ...asyncPlan<number, number, string>("mapAsync", options),
      ...(resumesAnew === undefined ? {} : { resumesAnew }),
      ...(lateRemedy === undefined ? {} : { lateRemedy }),
    },
    recordsOf: singleRecord("mapAsync"),
    inputType: t.int64,
  });
  const keyed = options.order === "keyed" ? { keySelector: (value: number) => value % 10 } : {};
  return OperatorHarness.open(factory, { ...keyed, ...harness });
}

const logTo = (warned: string[]): Log => {
  const log: Log = { ...silentLog, warn: (_facts, message) => void warned.push(message), child: () => log };
  return log;
};

const texts = (harness: OperatorHarness<number, number>): readonly string[] =>
  harness.events.map((event) => {
    if (event.kind === "record") return String(event.value);
    if (event.kind === "watermark") return event.timestamp === MAX_WATERMARK ? "Wend" : `W${event.timestamp}`;
    return event.kind === "status" ? `idle ${event.idle}` : "side";
  });

describe("an async operator", () => {
  it("AS-1 takes no more than its capacity, each in the queue before it is asked for, and drops none", async () => {
    const outside = new Outside();
    const harness = await open(outside, { capacity: 2 });
    harness.process(1);
    assert.equal(harness.isHeld, false);
    harness.process(2);
    assert.equal(harness.isHeld, true);
    // What an operator before it still emits for its record.
    harness.process(3);
    assert.deepEqual(outside.values, [1, 2]);
    outside.of(2).answer(20);
    await harness.answered();
    assert.deepEqual([harness.values, harness.isHeld], [[], true]);
    outside.of(1).answer(10);
    await harness.answered();
    assert.deepEqual([harness.values, harness.isHeld, outside.values], [[10, 20], false, [1, 2, 3]]);
    outside.of(3).answer(30);
    await harness.answered();
    assert.deepEqual(harness.values, [10, 20, 30]);
  });

  it("AS-2 keeps what was asked in the checkpoint, answered or not, and asks again, in order, before new records", async () => {
    const outside = new Outside();
    const harness = await open(outside);
    harness.process(1, 100);
    harness.process(2, 200);
    harness.watermark(150);
    harness.process(3, 300);
    outside.of(2).answer(20);
    await harness.answered();
    const snapshot = await harness.snapshot(1);
    const again = new Outside();
    const restored = await open(again, {}, { restore: [snapshot], files: harness.files });
    restored.process(4, 400);
    assert.deepEqual(again.values, [1, 2, 3, 4]);
    for (const value of [4, 3, 2, 1]) again.of(value).answer(value * 10);
    await restored.answered();
    assert.deepEqual(texts(restored), ["10", "20", "W150", "30", "40"]);
    assert.deepEqual(
      restored.events.flatMap((event) => (event.kind === "record" ? [event.timestamp] : [])),
      [100, 200, 300, 400],
    );
  });

  it("AS-2 shares out what was asked over another parallelism, each once, and leaves out watermarks then", async () => {
    const outside = new Outside();
    const harness = await open(outside);
    for (const value of [1, 2, 3, 4]) harness.process(value);
    harness.watermark(5);
    const snapshot = await harness.snapshot(1);
    const asked: number[] = [];
    for (const subtask of [0, 1]) {
      const again = new Outside();
      const restored = await open(again, {}, { restore: [snapshot], files: harness.files, subtask, parallelism: 2 });
      asked.push(...again.values);
      for (const value of again.values) again.of(value).answer(value);
      await restored.answered();
      assert.equal(texts(restored).includes("W5"), false);
    }
    assert.deepEqual(
      asked.toSorted((a, b) => a - b),
      [1, 2, 3, 4],
    );
  });

  it("AS-3 with retries a restored record goes on with its attempts and the time it had", async () => {
    const retry = { attempts: 3, delay: 100 };
    const outside = new Outside();
    const harness = await open(outside, { retry, timeout: 1000 });
    harness.process(1);
    outside.of(1).fail(new Error("no"));
    await harness.answered();
    harness.advance(100);
    assert.deepEqual(
      outside.asked.map(({ call }) => call.attempt),
      [1, 2],
    );
    harness.advance(600);
    const snapshot = await harness.snapshot(1);
    const again = new Outside();
    const restored = await open(
      again,
      { retry, timeout: 1000, onTimeout: () => -1 },
      { restore: [snapshot], files: harness.files, clock: harness.clock },
    );
    // The attempt that was under way is made again, and not counted twice.
    assert.deepEqual(
      again.asked.map(({ call }) => call.attempt),
      [2],
    );
    restored.advance(299);
    await restored.answered();
    assert.deepEqual(restored.values, []);
    restored.advance(1);
    await restored.answered();
    assert.deepEqual(restored.values, [-1]);
  });

  it("AS-3 waits for the retry that a restored record waited for, and has one delay left when its time is over", async () => {
    const retry = { attempts: 3, delay: 400 };
    const outside = new Outside();
    const harness = await open(outside, { retry, timeout: 500 });
    harness.process(1);
    outside.of(1).fail(new Error("no"));
    await harness.answered();
    const snapshot = await harness.snapshot(1);
    harness.advance(10_000);
    const again = new Outside();
    const restored = await open(
      again,
      { retry, timeout: 500, onTimeout: () => -1 },
      { restore: [snapshot], files: harness.files, clock: harness.clock },
    );
    assert.deepEqual(
      again.asked.map(({ call }) => call.attempt),
      [2],
    );
    restored.advance(399);
    await restored.answered();
    assert.deepEqual(restored.values, []);
    restored.advance(1);
    await restored.answered();
    assert.deepEqual(restored.values, [-1]);
  });

  it("ACL3 has all of its time and calls again where the plan says so, however long the halt was", async () => {
    const options = { retry: { attempts: 3, delay: 100 }, timeout: 1000 };
    const outside = new Outside();
    const harness = await open(outside, options);
    harness.process(1);
    outside.of(1).fail(new Error("no"));
    await harness.answered();
    harness.advance(100);
    const snapshot = await harness.snapshot(1);
    harness.advance(10_000);
    const again = new Outside();
    const restored = await open(again, options, {
      restore: [snapshot],
      files: harness.files,
      clock: harness.clock,
      resumesAnew: true,
    });
    assert.deepEqual(
      again.asked.map(({ call }) => call.attempt),
      [1],
    );
    restored.advance(999);
    again.of(1).answer(10);
    await restored.answered();
    assert.deepEqual(restored.values, [10]);
  });

  it("AS-4 a call that is not answered in time fails the task and is named", async () => {
    const outside = new Outside();
    const harness = await open(outside, { timeout: "5 s" }, { uid: "ask" });
    harness.process(7);
    assert.equal(harness.askedOutside, 1);
    harness.advance(4999);
    await harness.answered();
    harness.advance(1);
    await assert.rejects(harness.answered(), {
      code: "ASYNC_TIMEOUT",
      message: /mapAsync \(uid ask\): the call for the record 7 has not been answered in 5000 ms \(1 attempt\)/,
    });
    assert.equal(outside.of(7).call.signal.aborted, false); // nobody had asked for it
  });

  it("AS-4 a call that is late says what to do about it where it is made: SQL has no onTimeout", async () => {
    const harness = await open(new Outside(), { timeout: 100 }, { lateRemedy: "raise the option" });
    harness.process(7);
    harness.advance(100);
    await assert.rejects(harness.answered(), { code: "ASYNC_TIMEOUT", message: /\(1 attempt\); raise the option$/ });
  });

  it("AS-4 onTimeout answers instead, the call is told, and a handler that never settles fails the task", async () => {
    const outside = new Outside();
    const onTimeout = (value: number): Promise<number> =>
      value === 1 ? Promise.resolve(-1) : new Promise<number>(() => undefined);
    const harness = await open(outside, { timeout: 100, onTimeout });
    harness.process(1);
    const { signal } = outside.of(1).call;
    harness.advance(100);
    await harness.answered();
    assert.deepEqual([harness.values, signal.aborted, harness.metric("asyncTimeouts")], [[-1], true, 1]);
    harness.process(2);
    harness.advance(100);
    await harness.answered();
    harness.advance(100);
    await assert.rejects(harness.answered(), /onTimeout has not settled either/);
  });

  it("AS-4 without a timeout a call may take for ever", async () => {
    const outside = new Outside();
    const harness = await open(outside, { timeout: 0 });
    harness.process(1);
    harness.advance("10 h");
    await harness.answered();
    outside.of(1).answer(10);
    await harness.answered();
    assert.deepEqual(harness.values, [10]);
  });

  it("AS-5 the first answer counts: one after the time was up, and one of an earlier attempt, is of no account", async () => {
    const outside = new Outside();
    const harness = await open(outside, { timeout: 100, onTimeout: () => -1, retry: { attempts: 2, delay: 10 } });
    harness.process(1);
    const first = outside.of(1);
    harness.advance(100);
    await harness.answered();
    first.answer(10);
    await harness.answered();
    assert.deepEqual(harness.values, [-1]);
  });

  it("AS-5 an array answers with any number of records, with the record's timestamp, and none", async () => {
    const factory = asyncOperator<number, number, readonly number[], undefined>({
      name: "flatMapAsync",
      fn: { invoke: (value) => Promise.resolve(Array.from({ length: value }, () => value)) },
      plan: asyncPlan("flatMapAsync", {}),
      recordsOf: recordList("flatMapAsync"),
      inputType: t.int64,
    });
    const harness = await OperatorHarness.open(factory);
    for (const value of [2, 0, 1]) harness.process(value, value * 100);
    await harness.answered();
    assert.deepEqual(
      harness.events.map((event) => (event.kind === "record" ? [event.value, event.timestamp] : [])),
      [
        [2, 200],
        [2, 200],
        [1, 100],
      ],
    );
  });

  it("AS-6 unordered: answers leave as they come, and none passes a watermark or a change of idleness", async () => {
    const outside = new Outside();
    const harness = await open(outside, { order: "unordered" });
    harness.process(1);
    harness.process(2);
    harness.watermark(10);
    harness.process(3);
    harness.operator.onStatus?.(true);
    for (const value of [3, 2]) outside.of(value).answer(value);
    await harness.answered();
    assert.deepEqual(texts(harness), ["2"]);
    outside.of(1).answer(1);
    await harness.answered();
    assert.deepEqual(texts(harness), ["2", "1", "W10", "3", "idle true"]);
  });

  it("AS-6 keyed: one call at a time for each key, so that the answers of a key are in order", async () => {
    const outside = new Outside();
    const harness = await open(outside, { order: "keyed" });
    for (const value of [1, 11, 2, 12]) harness.process(value);
    assert.deepEqual(outside.values, [1, 2]);
    outside.of(2).answer(2);
    await harness.answered();
    assert.deepEqual([outside.values, harness.values], [[1, 2, 12], [2]]);
    outside.of(1).answer(1);
    await harness.answered();
    outside.of(11).answer(11);
    outside.of(12).answer(12);
    await harness.answered();
    assert.deepEqual(harness.values, [2, 1, 11, 12]);
  });

  it("AS-6 keyed: after a change of parallelism each record is asked for where its key is, in its key's order", async () => {
    const outside = new Outside();
    const harness = await open(outside, { order: "keyed" });
    const values = [1, 11, 21, 2, 12, 3, 13, 4, 14];
    for (const value of values) harness.process(value);
    outside.of(1).answer(1);
    await harness.answered();
    const snapshot = await harness.snapshot(1);
    const asked: number[] = [];
    for (const subtask of [0, 1, 2]) {
      const again = new Outside();
      const place = { subtask, parallelism: 3, restore: [snapshot], files: harness.files };
      const restored = await open(again, { order: "keyed" }, place);
      for (let done = 0; done < again.asked.length; done++) {
        const { value } = again.asked[done] as Asked;
        assert.ok(restored.owns(value));
        asked.push(value);
        again.of(value).answer(value);
        await restored.answered();
      }
    }
    const ofKey = (key: number): readonly number[] => asked.filter((value) => value % 10 === key);
    assert.deepEqual([1, 2, 3, 4].map(ofKey), [
      [11, 21],
      [2, 12],
      [3, 13],
      [4, 14],
    ]);
  });

  it("AS-7 at the end of the data delayed retries run at once, and the end's watermark follows the last answer", async () => {
    const outside = new Outside();
    const harness = await open(outside, { retry: { attempts: 3, delay: "1 h" } });
    harness.process(1);
    harness.process(2);
    outside.of(1).fail(new Error("no"));
    await harness.answered();
    harness.watermark(MAX_WATERMARK);
    const ended = harness.endInput();
    assert.deepEqual(outside.values, [1, 2, 1]);
    outside.of(2).answer(20);
    outside.of(1).answer(10);
    await ended;
    assert.deepEqual(texts(harness), ["10", "20", "Wend"]);
    assert.equal(harness.askedOutside, 0);
  });

  it("AS-8 a function that keeps the thread to itself is told so, once", async () => {
    const warned: string[] = [];
    const outside = new Outside();
    const harness = await open(outside, {}, { log: logTo(warned) });
    const { clock } = harness;
    const slow = outside.fn.invoke;
    Object.assign(outside.fn, {
      invoke: (value: number, call: AsyncCall<string>) => {
        harness.advance(150);
        return slow(value, call);
      },
    });
    harness.process(1);
    harness.process(2);
    assert.equal(clock.monotonicMs(), 300);
    assert.deepEqual(warned, [
      "an async function works before it returns its promise; nothing else of this slot runs meanwhile",
    ]);
  });

  it("retries what the policy says, with growing delays, and fails with the last error", async () => {
    const outside = new Outside();
    const retry = { attempts: 3, delay: 10, multiplier: 3, onError: (error: unknown) => error !== "fatal" };
    const harness = await open(outside, { retry });
    harness.process(1);
    outside.of(1).fail("first");
    await harness.answered();
    harness.advance(10);
    outside.of(1).fail("second");
    await harness.answered();
    harness.advance(29);
    assert.equal(outside.asked.length, 2);
    harness.advance(1);
    assert.deepEqual(
      outside.asked.map(({ call }) => call.attempt),
      [1, 2, 3],
    );
    outside.of(1).answer(10);
    await harness.answered();
    assert.deepEqual([harness.values, harness.metric("asyncRetries")], [[10], 2]);
    harness.process(2);
    outside.of(2).fail("fatal");
    await assert.rejects(harness.answered(), (error) => error === "fatal");
  });

  it("retries an answer that is none, and takes the last one as it is", async () => {
    const outside = new Outside();
    const harness = await open(outside, { retry: { attempts: 2, delay: 10, onResult: (result) => result < 0 } });
    harness.process(1);
    outside.of(1).answer(-1);
    await harness.answered();
    harness.advance(10);
    outside.of(1).answer(-2);
    await harness.answered();
    assert.deepEqual([outside.asked.length, harness.values], [2, [-2]]);
  });

  it("opens a client for the subtask before what was restored is asked for, and closes it once", async () => {
    const outside = new Outside();
    const harness = await open(outside);
    harness.process(1);
    const { resource, timestamp, signal } = outside.of(1).call;
    assert.deepEqual([resource, timestamp], ["client", NO_TIMESTAMP]);
    await harness.close();
    await harness.close();
    assert.deepEqual([outside.log, signal.aborted, harness.askedOutside], [["open", "close client"], true, 0]);
  });

  it("says how many are under way, and how long answers take", async () => {
    const outside = new Outside();
    const harness = await open(outside);
    harness.process(1);
    harness.process(2);
    harness.advance(50);
    outside.of(1).answer(1);
    await harness.answered();
    assert.deepEqual([harness.metric("asyncInFlight"), harness.histogram("asyncLatencyMs").p99], [1, 50]);
  });
});
