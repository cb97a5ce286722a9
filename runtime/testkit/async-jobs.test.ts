import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AsyncOptions, type Job, job, noWatermarks, t } from "../api/index.ts";
import { JobDriver } from "./job-driver.ts";

type Waiting = { readonly value: number; answer(result: number): void; fail(error: Error): void };

/** What is outside of a job: it answers at once, or keeps what it was asked until the test says what becomes of it. */
class Outside {
  readonly waiting: Waiting[] = [];
  readonly asked: number[] = [];
  isPatient = false;

  readonly ask = (value: number): Promise<number> => {
    this.asked.push(value);
    if (!this.isPatient) return Promise.resolve(value * 10);
    return new Promise<number>((answer, fail) => this.waiting.push({ value, answer, fail }));
  };

  answerAll(): void {
    for (const { value, answer } of this.waiting.splice(0)) answer(value * 10);
  }
}

const never = (): never => assert.fail("the job's own source is used");
const numbers = {
  kind: "source",
  name: "numbers",
  boundedness: "unbounded",
  type: t.int64,
  discover: never,
  createReader: never,
} as const;

/** Each number is split into itself and its successors before it is asked for, all in one chain. */
const asking = (
  outside: Pick<Outside, "ask">,
  options: AsyncOptions<number, number> & { readonly copies?: number } = {},
): Job =>
  job((env) => {
    const { copies = 1, ...others } = options;
    env
      .fromSource(numbers, { uid: "numbers", watermarks: noWatermarks() })
      .flatMap((value) => Array.from({ length: copies }, (_none, index) => value + index), {
        uid: "copies",
        type: t.int64,
      })
      .mapAsync(outside.ask, { uid: "ask", type: t.int64, ...others })
      .map((value) => value + 1, { uid: "plus", type: t.int64 })
      .sinkTo({ kind: "sink", name: "out", guarantee: "at-least-once", createWriter: never }, { uid: "out" });
  });

const start = (job: Job, options: Parameters<typeof JobDriver.start>[1] = {}): Promise<JobDriver> =>
  JobDriver.start(job, { sources: { numbers: [] }, ...options });

describe("async I/O in a job", () => {
  it("answers go on in order, to what is chained after it, and the job finishes after the last one", async () => {
    await using driver = await start(asking(new Outside()), { sources: { numbers: [1, 2, 3] } });
    driver.end();
    await driver.run();
    assert.deepEqual([driver.output("out"), driver.isFinished], [[11, 21, 31], true]);
  });

  it("AS-1 a full operator holds its input up, and neither checkpoints nor answers", async () => {
    const outside = new Outside();
    outside.isPatient = true;
    await using driver = await start(asking(outside, { capacity: 2 }), { sources: { numbers: [1, 2, 3, 4, 5] } });
    await driver.run({ until: () => outside.asked.length === 2 });
    const snapshot = await driver.snapshot();
    assert.deepEqual([outside.asked, driver.metric("ask", "asyncInFlight")], [[1, 2], 2]);
    outside.isPatient = false;
    outside.answerAll();
    await driver.run();
    assert.deepEqual(driver.output("out"), [11, 21, 31, 41, 51]);
    const again = new Outside();
    await using restored = await JobDriver.start(asking(again, { capacity: 2 }), { restore: snapshot });
    await restored.run();
    assert.deepEqual(
      [again.asked, restored.output("out")],
      [
        [1, 2, 3, 4, 5],
        [11, 21, 31, 41, 51],
      ],
    );
  });

  it("AS-1 one record that becomes many before it waits with them, whatever room there is", async () => {
    const outside = new Outside();
    let [now, most] = [0, 0];
    const { ask } = outside;
    const counting = async (value: number): Promise<number> => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now -= 1;
      return ask(value);
    };
    await using driver = await start(asking({ ask: counting }, { capacity: 3, copies: 1000 }), {
      sources: { numbers: [0, 1000] },
    });
    driver.end();
    await driver.run();
    assert.deepEqual(
      driver.output("out"),
      Array.from({ length: 2000 }, (_none, index) => index * 10 + 1),
    );
    assert.equal(most, 3);
  });

  it("AS-2 keeps what is under way through a crash, at another parallelism, and loses and doubles nothing", async () => {
    const outside = new Outside();
    outside.isPatient = true;
    const values = Array.from({ length: 40 }, (_none, index) => index);
    await using driver = await start(asking(outside), { sources: { numbers: values } });
    await driver.run({ until: () => outside.asked.length === 40 });
    for (const { value, answer } of outside.waiting) if (value % 3 === 0) answer(value * 10);
    const snapshot = await driver.snapshot();
    await using restored = await JobDriver.start(asking(new Outside()), { restore: snapshot, parallelism: 3 });
    await restored.run();
    assert.deepEqual(
      [...driver.output<number>("out"), ...restored.output<number>("out")].toSorted((a, b) => a - b),
      values.map((value) => value * 10 + 1),
    );
  });

  it("AS-4 time passes without an answer, and the failure names operator, uid and record", async () => {
    const outside = new Outside();
    outside.isPatient = true;
    await using driver = await start(asking(outside, { timeout: "3 s" }), { sources: { numbers: [7] } });
    await driver.advance("2 s");
    await assert.rejects(driver.advance("1 s"), {
      code: "ASYNC_TIMEOUT",
      message: /mapAsync \(uid ask\): the call for the record 7 has not been answered in 3000 ms/,
    });
  });

  it("a failed call fails the job, in the name of its operator", async () => {
    const outside = new Outside();
    outside.isPatient = true;
    await using driver = await start(asking(outside), { sources: { numbers: [1] } });
    await driver.run({ until: () => outside.waiting.length === 1 });
    outside.waiting[0]?.fail(new Error("the other side is down"));
    await assert.rejects(driver.run(), {
      code: "USER_FUNCTION_FAILED",
      message: /mapAsync \(uid ask\): .*the other side is down/s,
    });
  });

  it("keyed: order is kept for each key at any parallelism", async () => {
    const answered: number[] = [];
    const slowFirst = async (value: number): Promise<number> => {
      for (let turns = value % 7; turns > 0; turns--) await new Promise(setImmediate);
      answered.push(value);
      return value;
    };
    const keyed = job((env) => {
      env
        .fromSource(numbers, { uid: "numbers" })
        .keyBy((value) => value % 5)
        .mapAsync(slowFirst, { uid: "ask", order: "keyed", type: t.int64, parallelism: 2 })
        .sinkTo({ kind: "sink", name: "out", guarantee: "at-least-once", createWriter: never }, { uid: "out" });
    });
    const values = Array.from({ length: 100 }, (_none, index) => index);
    await using driver = await start(keyed, { sources: { numbers: values } });
    driver.end();
    await driver.run();
    const output = driver.output<number>("out");
    for (let key = 0; key < 5; key++) {
      const ofKey = (all: readonly number[]): readonly number[] => all.filter((value) => value % 5 === key);
      assert.deepEqual(ofKey(output), ofKey(values));
    }
    assert.notDeepEqual(answered, values);
  });

  it("what cannot be is refused when the job is built", async () => {
    const build = (options: object, fn: unknown = () => 1) =>
      JobDriver.start(
        job((env) => {
          const stream = env.fromSource(numbers, { uid: "numbers" });
          stream.mapAsync(fn as never, options as never).print();
        }),
        { sources: { numbers: [] } },
      );
    const refused = (options: object, message: RegExp, fn?: unknown) => assert.rejects(build(options, fn), { message });
    await Promise.all([
      refused({ order: "keyed" }, /order "keyed" .*use keyBy/),
      refused({ order: "random" }, /order is random; use ordered, unordered, keyed/),
      refused({ capacity: 0 }, /capacity is 0; give the number of records, 1 or more/),
      refused({ timeout: "soon" }, /mapAsync: timeout: "soon" is not a duration/),
      refused({ retry: { attempts: 1, delay: 10 } }, /retry.attempts is 1; .*2 or more/),
      refused({ retry: { attempts: 2, delay: 10, wait: 1 } }, /there is no wait; there are attempts/),
      refused({ concurrency: 5 }, /concurrency/),
      refused({}, /invoke is undefined; give mapAsync a function/, {}),
      refused({}, /open is 5; /, { invoke: () => 1, open: 5 }),
    ]);
  });
});
