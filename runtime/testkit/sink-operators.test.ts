import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamError } from "../../base/index.ts";
import { type CommitOutcome, type PlainSink, type TwoPhaseCommitSink } from "../ports/index.ts";
import { ColumnBatch, ColumnBuilder, rowKinds, t, type ValueType } from "../record/index.ts";
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

describe("a plain sink of columns", () => {
  const Count = t.record({ word: t.string, n: t.int64 });
  type Count = { readonly word: string; readonly n: number };
  const batchOf = (counts: readonly Count[], from = 0): ColumnBatch => {
    const builder = new ColumnBuilder(Count as ValueType<unknown>);
    for (const count of counts) builder.appendRow(count, from + count.n);
    return builder.take();
  };
  /** A write of columns with a number above 100 waits until `release` is called. */
  const columnsSink = (log: unknown[]): { sink: PlainSink<Count>; release: () => void } => {
    let waiting: PromiseWithResolvers<void> | undefined;
    const sink: PlainSink<Count> = {
      kind: "sink",
      name: "columns",
      guarantee: "at-least-once",
      createWriter: () => ({
        write: ({ n }, timestamp) => void log.push([n, timestamp]),
        writeColumns(columns) {
          const numbers = columns.column("n");
          assert.ok(numbers instanceof Float64Array && numbers.length === columns.count);
          log.push([
            Array.from(columns.column("word")).join(),
            [...numbers],
            [...(columns.timestamps() ?? [])],
            columns.rows().length,
          ]);
          if (!numbers.some((n) => n > 100)) return undefined;
          waiting = Promise.withResolvers<void>();
          return waiting.promise;
        },
      }),
    };
    return { sink, release: () => waiting?.resolve() };
  };

  it("gets whole columns, and of a selection what it selects; rows come as rows (SK2)", async () => {
    const log: unknown[] = [];
    const harness = await OperatorHarness.open(sinkOperator(columnsSink(log).sink));
    const batch = batchOf(
      [
        { word: "a", n: 1 },
        { word: "b", n: 2 },
        { word: "c", n: 3 },
      ],
      10,
    );
    harness.processBatch(batch);
    harness.processBatch(batch.select(Int32Array.of(2, 0), 2));
    harness.process({ word: "d", n: 4 }, 5);
    assert.deepEqual(log, [
      ["a,b,c", [1, 2, 3], [11, 12, 13], 3],
      ["c,a", [3, 1], [13, 11], 2],
      [4, 5],
    ]);
  });

  it("holds the task while it waits, and is given what came in the same turn in order after that (OW1, OW2)", async () => {
    const log: unknown[] = [];
    const { sink, release } = columnsSink(log);
    const harness = await OperatorHarness.open(sinkOperator(sink));
    harness.processBatch(batchOf([{ word: "a", n: 101 }]));
    assert.equal(harness.isBlocked, true);
    harness.process({ word: "b", n: 2 }, 2);
    harness.processBatch(batchOf([{ word: "c", n: 3 }]));
    assert.equal(log.length, 1);
    release();
    await harness.settled();
    assert.deepEqual(log.slice(1), [
      [2, 2],
      [3, 3],
    ]);
    harness.processBatch(batchOf([{ word: "d", n: 4 }]));
    assert.equal(log.length, 4);
  });

  it("refuses a field that is not there, and records that take others back", async () => {
    const sink: PlainSink<Count> = {
      kind: "sink",
      name: "wrong",
      guarantee: "at-least-once",
      createWriter: () => ({ write: () => undefined, writeColumns: (columns) => void columns.column("total" as "n") }),
    };
    const harness = await OperatorHarness.open(sinkOperator(sink));
    assert.throws(() => harness.processBatch(batchOf([{ word: "a", n: 1 }])), {
      code: "USER_FUNCTION_FAILED",
      message: /column\("total"\): the records have no such field; they have word, n/,
    });
    const builder = new ColumnBuilder(Count as ValueType<unknown>);
    builder.rowKinds()[0] = rowKinds.delete;
    builder.appendRow({ word: "a", n: 1 }, 0);
    const taken = builder.take();
    const changed = new ColumnBatch(taken.layout, taken.columns, {
      count: 1,
      marks: { ...taken.marks, rowKinds: Uint8Array.of(rowKinds.delete) },
    });
    assert.throws(() => harness.processBatch(changed), { code: "JOB_GRAPH_INVALID" });
  });

  it("of a writer without writeColumns gets rows", async () => {
    const log: unknown[] = [];
    const sink: PlainSink<Count> = {
      kind: "sink",
      name: "rows",
      guarantee: "at-least-once",
      createWriter: () => ({ write: (value, timestamp) => void log.push([value, timestamp]) }),
    };
    const harness = await OperatorHarness.open(sinkOperator(sink));
    harness.processBatch(
      batchOf([
        { word: "a", n: 1 },
        { word: "b", n: 2 },
      ]),
    );
    assert.deepEqual(log, [
      [{ word: "a", n: 1 }, 1],
      [{ word: "b", n: 2 }, 2],
    ]);
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
