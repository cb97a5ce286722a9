import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamError } from "../../base/index.ts";
import { type CommitOutcome, type PlainSink, type TwoPhaseCommitSink } from "../ports/index.ts";
import { sinkOperator } from "../operators/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { type HarnessSnapshot, OperatorHarness } from "./operator-harness.ts";

/** Lets everything that waits for nothing but promises go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a plain sink", () => {
  /** Every third write waits until `release` is called. */
  const slowSink = (log: string[]): { sink: PlainSink<number>; release: () => void; fail: (error: Error) => void } => {
    let waiting: PromiseWithResolvers<void> | undefined;
    const sink: PlainSink<number> = {
      kind: "sink",
      name: "slow",
      guarantee: "at-least-once",
      createWriter: () => ({
        write(value) {
          log.push(`start ${value}`);
          if (value % 3 !== 0) return undefined;
          waiting = Promise.withResolvers<void>();
          return waiting.promise.then(() => void log.push(`end ${value}`));
        },
        flush: () => void log.push("flush"),
        close: () => void log.push("close"),
      }),
    };
    return { sink, release: () => waiting?.resolve(), fail: (error) => waiting?.reject(error) };
  };

  it("blocks the task while a write waits, and writes what came in the same turn in order after it (OW1, OW2)", async () => {
    const log: string[] = [];
    const { sink, release } = slowSink(log);
    const harness = await OperatorHarness.open(sinkOperator(sink));
    for (const value of [1, 2, 3, 4, 5]) harness.process(value);
    assert.equal(harness.isBlocked, true);
    assert.deepEqual(log, ["start 1", "start 2", "start 3"]);
    release();
    await harness.settled();
    assert.deepEqual(log.slice(3), ["end 3", "start 4", "start 5"]);
    harness.process(7);
    assert.equal(harness.isBlocked, false);
  });

  it("flushes before the snapshot and at the end of its input, after all writes (SK1)", async () => {
    const log: string[] = [];
    const { sink, release } = slowSink(log);
    const harness = await OperatorHarness.open(sinkOperator(sink));
    harness.process(3);
    release();
    await harness.settled();
    await harness.snapshot(1);
    await harness.endInput();
    await harness.close();
    assert.deepEqual(log, ["start 3", "end 3", "flush", "flush", "close"]);
  });

  it("fails the task with what a write was rejected with, and writes nothing after it (OW3)", async () => {
    const log: string[] = [];
    const { sink, fail } = slowSink(log);
    const harness = await OperatorHarness.open(sinkOperator(sink));
    for (const value of [3, 4]) harness.process(value);
    fail(new StreamError("SINK_FAILED", "the disk is full"));
    await assert.rejects(harness.settled(), /the disk is full/);
    assert.deepEqual(log, ["start 3"]);
  });
});

describe("the two-phase commit operator", () => {
  type Scripted = {
    readonly log: string[];
    /** What commits answer, in order; `committed` after the last. */
    readonly outcomes: CommitOutcome[];
    readonly sink: TwoPhaseCommitSink<string, string>;
  };
  const scripted = (outcomes: CommitOutcome[] = []): Scripted => {
    const log: string[] = [];
    let begun = 0;
    const answer = async (hook: string, transaction: string): Promise<CommitOutcome> => {
      log.push(`${hook} ${transaction}`);
      return outcomes.shift() ?? { kind: "committed" };
    };
    const sink: TwoPhaseCommitSink<string, string> = {
      kind: "sink",
      name: "scripted",
      guarantee: "exactly-once",
      createWriter: ({ subtask }) => ({
        begin: async () => `t${subtask}.${++begun}`,
        write: (transaction, value) => void log.push(`${transaction} ${value}`),
        prepare: (transaction) => (log.push(`prepare ${transaction}`), `${transaction}!`),
        commit: (transaction) => answer("commit", transaction),
        abort: (transaction) => void log.push(`abort ${transaction}`),
        abortAllExcept: (keep) => void log.push(`abortAllExcept ${keep.join(",")}`),
        close: () => void log.push("close"),
      }),
    };
    return { log, outcomes, sink };
  };

  it("begins with the first record, keeps the order over an asynchronous begin, and commits what prepare returned", async () => {
    const { log, sink } = scripted();
    const harness = await OperatorHarness.open(sinkOperator(sink));
    assert.equal((await harness.snapshot(1)).committables, 0);
    for (const value of ["a", "b", "c"]) harness.process(value);
    await harness.settled();
    assert.equal((await harness.snapshot(2)).committables, 1);
    await harness.complete(2);
    assert.deepEqual(log, ["abortAllExcept ", "t0.1 a", "t0.1 b", "t0.1 c", "prepare t0.1", "commit t0.1!"]);
  });

  it("commits an aborted checkpoint's transaction with the next one, and none that is younger than the checkpoint (TP3)", async () => {
    const { log, sink } = scripted();
    const harness = await OperatorHarness.open(sinkOperator(sink));
    for (const checkpointId of [1, 2, 3]) {
      await harness.processAll(["x"]);
      assert.equal((await harness.snapshot(checkpointId)).committables, checkpointId);
    }
    await harness.complete(2);
    assert.deepEqual(
      log.filter((line) => line.startsWith("commit")),
      ["commit t0.1!", "commit t0.2!"],
    );
    await harness.complete(3);
    assert.equal(log.at(-1), "commit t0.3!");
    const { operator, committables } = await harness.snapshot(4);
    assert.deepEqual([operator.map(({ count }) => count).filter((count) => count > 0), committables], [[], 0]);
  });

  it("restores: commits its share of all transactions, then aborts the rest, then takes records (TP4)", async () => {
    const before = scripted();
    const files = (await OperatorHarness.open(sinkOperator(before.sink))).files;
    const restore: HarnessSnapshot[] = [];
    for (const subtask of [0, 1, 2]) {
      const harness = await OperatorHarness.open(sinkOperator(before.sink), { subtask, parallelism: 3, files });
      await harness.processAll(["x"]);
      restore.push(await harness.snapshot(1));
    }
    const all = "t0.1!,t1.2!,t2.3!";
    for (const [subtask, share] of [["t0.1!", "t2.3!"], ["t1.2!"]].entries()) {
      const { log, sink } = scripted([{ kind: "alreadyCommitted" }]);
      const harness = await OperatorHarness.open(sinkOperator(sink), { subtask, parallelism: 2, files, restore });
      assert.deepEqual(log, [...share.map((each) => `commit ${each}`), `abortAllExcept ${all}`]);
      assert.equal((await harness.snapshot(2)).committables, 0);
    }
  });

  it("asks again later as long as the sink says so; the transaction stays in the state meanwhile (EO-3)", async () => {
    const later: CommitOutcome = { kind: "retryLater", after: 500, reason: "the broker is moving" };
    const { log, sink } = scripted([later, later]);
    const harness = await OperatorHarness.open(sinkOperator(sink));
    await harness.processAll(["x"]);
    await harness.snapshot(1);
    const completed = harness.complete(1);
    await turn();
    assert.equal((await harness.snapshot(2)).committables, 1);
    for (const byMs of [500, 499]) {
      harness.advance(byMs);
      await turn();
    }
    assert.equal(log.filter((line) => line === "commit t0.1!").length, 2);
    harness.advance(1);
    await completed;
    assert.equal((await harness.snapshot(3)).committables, 0);
  });

  it("fails after two minutes of waiting, to be tried again after a restore", async () => {
    const later: CommitOutcome = { kind: "retryLater", after: "20s", reason: "the broker is away" };
    const { sink } = scripted(Array.from({ length: 20 }, () => later));
    const harness = await OperatorHarness.open(sinkOperator(sink), { uid: "out" });
    await harness.processAll(["x"]);
    await harness.snapshot(1);
    const completed = assert.rejects(harness.complete(1), {
      code: "SINK_FAILED",
      destiny: "retry",
      message:
        /uid out, subtask 0\): the transaction of checkpoint 1 could not be committed for 120000 ms.*the broker is away/,
    });
    for (let minute = 0; minute < 10; minute++) {
      await turn();
      harness.advance(20_000);
    }
    await completed;
  });

  it("fails the job for good, with the reason, when a transaction can no longer be committed (EO-3)", async () => {
    const { sink } = scripted([{ kind: "impossible", reason: "the transaction has expired" }]);
    const harness = await OperatorHarness.open(sinkOperator(sink));
    await harness.processAll(["x"]);
    await harness.snapshot(7);
    await assert.rejects(harness.complete(7), {
      code: "SINK_FAILED",
      destiny: "terminal",
      message: /checkpoint 7 can no longer be committed.*the transaction has expired/,
    });
  });

  it("aborts the open transaction when it is closed, leaves pre-committed ones, and ends a waiting commit as not done (COA2)", async () => {
    const clock = new ManualClock();
    const { log, sink } = scripted([{ kind: "retryLater", after: 500, reason: "not yet" }]);
    const harness = await OperatorHarness.open(sinkOperator(sink), { clock });
    await harness.processAll(["x"]);
    await harness.snapshot(1);
    const completed = harness.complete(1);
    await harness.processAll(["y"]);
    await turn();
    const rejected = assert.rejects(completed, /closed while a commit was waiting/);
    await harness.close();
    await rejected;
    assert.deepEqual(log.slice(-2), ["abort t0.2", "close"]);
    assert.equal(clock.armed, 0);
  });

  it("commits everything at the end without checkpoints, as the task calls it with 0 (TP5)", async () => {
    const { log, sink } = scripted();
    const harness = await OperatorHarness.open(sinkOperator(sink));
    await harness.processAll(["x"]);
    await harness.snapshot(5); // A savepoint that failed.
    await harness.processAll(["y"]);
    await harness.endInput();
    await harness.snapshot(0);
    await harness.complete(0);
    assert.deepEqual(
      log.filter((line) => line.startsWith("commit")),
      ["commit t0.1!", "commit t0.2!"],
    );
  });
});
