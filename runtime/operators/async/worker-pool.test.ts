import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { sleep, StreamError, systemClock } from "../../../base/index.ts";
import type { AsyncOptions } from "../../ports/index.ts";
import { t } from "../../record/index.ts";
import { type HarnessOptions, OperatorHarness } from "../../testkit/index.ts";
import { asyncOperator, singleRecord } from "./async-operator.ts";
import { asyncPlan } from "./async-options.ts";
import { workerPool, type WorkerPoolOptions } from "./worker-pool.ts";

const DEADLINE_MS = 120_000;

type Harness = OperatorHarness<unknown, unknown>;
type Given = Omit<WorkerPoolOptions, "worker"> & AsyncOptions<unknown, unknown, never>;

const moduleOf = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

/** Closed after each test, also one that failed: threads would keep the process. */
const opened: Harness[] = [];
afterEach(async () => {
  for (const harness of opened.splice(0)) await harness.close();
});

/** An operator whose function is this code. */
async function open(code: string | URL, given: Given = {}, more: HarnessOptions<unknown> = {}): Promise<Harness> {
  const { threads = 1, heapMiB = 64, ...options } = given;
  const worker = typeof code === "string" ? moduleOf(`export default ${code}`) : code;
  const harness = await OperatorHarness.open(
    asyncOperator<unknown, unknown, unknown, never>({
      name: "mapAsync",
      fn: workerPool({ worker, threads, heapMiB }) as never,
      plan: asyncPlan("mapAsync", options),
      recordsOf: singleRecord("mapAsync"),
      inputType: t.any,
    }),
    more,
  );
  opened.push(harness);
  return harness;
}

/** Throws as the task would when the operator has failed. */
async function until(harness: Harness, what: string, isSo: () => boolean): Promise<void> {
  for (const endMs = systemClock.monotonicMs() + DEADLINE_MS; ; ) {
    await harness.answered();
    if (isSo()) return;
    assert.ok(systemClock.monotonicMs() < endMs, `waited in vain for ${what}`);
    await sleep(systemClock, 5);
  }
}

const valuesOf = (harness: Harness, count: number): Promise<void> =>
  until(harness, `${count} answers`, () => harness.values.length === count);

const fails = (harness: Harness, code: string, ...texts: readonly RegExp[]): Promise<void> =>
  assert.rejects(valuesOf(harness, Number.POSITIVE_INFINITY), (error) => {
    assert.ok(error instanceof StreamError && error.code === code, String(error));
    for (const text of texts) assert.match(error.message, text);
    return true;
  });

describe("a worker pool", () => {
  it("AS-6, AS-8 computes in its threads, and answers leave in the order of their records", async () => {
    const harness = await open("(value) => { for (let n = 0; n < 1e5 * (9 - value); n++); return value * 10; }", {
      threads: 2,
    });
    for (let value = 0; value < 9; value++) harness.process(value);
    assert.equal(harness.metric("asyncWorkersBusy"), 2);
    await valuesOf(harness, 9);
    assert.deepEqual(harness.values, [0, 10, 20, 30, 40, 50, 60, 70, 80]);
    assert.deepEqual([harness.metric("asyncWorkersBusy"), harness.metric("asyncWorkersReplaced")], [0, 0]);
  });

  it("copies what the structured clone can: both ways", async () => {
    const harness = await open("async (value) => ({ ...value, more: new Map([[1n, value.at]]) })");
    const value = { at: new Date(0), bytes: new Uint8Array([1, 2]), text: "é" };
    harness.process(value);
    await valuesOf(harness, 1);
    assert.deepEqual(harness.values, [{ ...value, more: new Map([[1n, value.at]]) }]);
  });

  it("AS-4 ends the thread of a call that never returns when its time is up, and a new thread takes the next record", async () => {
    const harness = await open("(value) => { while (value === 1); return value * 10; }", {
      timeout: "1s",
      onTimeout: (value) => -Number(value),
    });
    harness.process(1);
    harness.advance(500);
    // Waits for the thread; its time is not up when the first one's is.
    harness.process(2);
    harness.advance(500);
    await valuesOf(harness, 2);
    assert.deepEqual([harness.values, harness.metric("asyncWorkersReplaced")], [[-1, 20], 1]);
  });

  it("AS-4 a record whose time is up while it waits for a thread is not worked on any more", async () => {
    const harness = await open(
      "(value) => { if (value.n === 1) while (Atomics.load(value.seen, 0) === 0); else Atomics.add(value.seen, 1, 1); return value.n; }",
      { timeout: "1s", onTimeout: () => "late" },
    );
    const seen = new Int32Array(new SharedArrayBuffer(8));
    harness.process({ n: 1, seen });
    harness.process({ n: 2, seen });
    harness.advance(1000);
    harness.process({ n: 3, seen });
    await valuesOf(harness, 3);
    assert.deepEqual([harness.values, seen[1]], [["late", "late", 3], 1]);
  });

  const DIES_ONCE =
    "(value) => { if (value.n === 1 && Atomics.add(value.seen, 0, 1) === 0) process.exit(7); return value.n; }";

  it("a thread that dies is replaced, and with `retry` its record is worked on by another; other records notice nothing", async () => {
    const seen = new Int32Array(new SharedArrayBuffer(4));
    const harness = await open(DIES_ONCE, { retry: { attempts: 2, delay: 0 } });
    for (const n of [1, 2, 3]) harness.process({ n, seen });
    await until(harness, "the retry to be due", () => harness.metric("asyncWorkersReplaced") === 1);
    await until(harness, "all answers", () => {
      harness.advance(1);
      return harness.values.length === 3;
    });
    assert.deepEqual([harness.values, harness.metric("asyncRetries")], [[1, 2, 3], 1]);
  });

  it("a thread that dies fails the task without `retry`, with operator, uid and reason", async () => {
    const harness = await open(DIES_ONCE);
    harness.process({ n: 1, seen: new Int32Array(new SharedArrayBuffer(4)) });
    await fails(harness, "ASYNC_WORKER_LOST", /^mapAsync \(uid .*\): .*worked on a record: it ended with code 7/);
  });

  it("a thread whose heap is full is lost alone", async () => {
    const harness = await open("() => { const all = []; for (;;) all.push(new Array(10_000).fill(all.length)); }", {
      heapMiB: 16,
    });
    harness.process(1);
    await fails(harness, "ASYNC_WORKER_LOST", /memory limit/);
  });

  it("what the function throws fails the call with its words, also what cannot be sent", async () => {
    for (const [thrown, words] of [
      ["new TypeError('no such city')", /no such city/],
      ["Object.assign(new Error('no such city'), { cause: () => 1 })", /no such city/],
      ["Object.assign(Object.create(null), { call() {} })", /an object that has no text/],
    ] as const) {
      const harness = await open(`() => { throw ${thrown}; }`);
      harness.process(1);
      await assert.rejects(valuesOf(harness, 1), words);
    }
  });

  it("a record and an answer that cannot be sent fail the call and say so", async () => {
    const harness = await open("(value) => value");
    harness.process(() => 1);
    await fails(harness, "VALUE_NOT_SERIALIZABLE", /cannot be sent to a worker thread/);
    const answering = await open("() => () => 1");
    answering.process(1);
    await assert.rejects(valuesOf(answering, 1), /could not be cloned/);
  });

  it("AS-2 asks a new thread for what was under way at the checkpoint, in order", async () => {
    const harness = await open("() => new Promise(() => undefined)");
    harness.process(1, 100);
    harness.process(2, 200);
    const snapshot = await harness.snapshot(1);
    await harness.close();
    const restored = await open("(value) => value * 10", {}, { restore: [snapshot], files: harness.files });
    restored.process(3, 300);
    await valuesOf(restored, 3);
    assert.deepEqual(restored.values, [10, 20, 30]);
  });

  it("closes while all threads compute and records wait", async () => {
    const harness = await open("() => { for (;;); }", { threads: 2 });
    for (const value of [1, 2, 3]) harness.process(value);
    await harness.close();
    assert.deepEqual([harness.metric("asyncWorkersBusy"), harness.metric("asyncWorkersReplaced")], [0, 0]);
  });

  it("a module that cannot be used refuses the task before a record is taken", async () => {
    for (const [code, reason] of [
      [new URL("./there-is-no-such-module.ts", import.meta.url), /did not start: .*there-is-no-such-module/],
      [moduleOf("export const f = 1;"), /did not start: its default export is undefined; write: export default/],
      [moduleOf("throw new Error('broken');"), /did not start: broken/],
    ] as const)
      await assert.rejects(open(code, { threads: 2 }), (error) => {
        assert.ok(error instanceof StreamError && error.code === "ASYNC_WORKER_LOST", String(error));
        assert.match(error.message, reason);
        return true;
      });
  });

  it("options that cannot be are refused when the job is built", () => {
    const worker = moduleOf("export default () => 1");
    for (const options of [
      { worker: "./x.ts" },
      { worker: new URL("http://x/y.js") },
      { worker, threads: 0 },
      { worker, heapMiB: 1.5 },
    ])
      assert.throws(() => workerPool(options as never), { code: "OPTION_INVALID" });
  });
});
