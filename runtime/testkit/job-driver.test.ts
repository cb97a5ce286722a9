import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { jobId, nextTurn, seededRandom, StreamError } from "../../base/index.ts";
import {
  forBoundedOutOfOrderness,
  type Job,
  job,
  type KeyedProcessFunction,
  type KeyedStateSpec,
  t,
  value,
  type ValueState,
} from "../api/index.ts";
import { claimEpoch, writeFence, writeSavepointManifest } from "../checkpoint/index.ts";
import { generatorSource } from "../connectors/basic/index.ts";
import type { PlainSink, Source, TwoPhaseCommitSink } from "../ports/index.ts";
import { LocalObjectStore, MemoryObjectStore } from "../storage/index.ts";
import { JobDriver } from "./job-driver.ts";
import { type JobSnapshot, partsOfSnapshot, type SnapshotParts } from "./job-snapshot.ts";
import { ManualClock } from "./manual-clock.ts";

type Count = { readonly word: string; readonly count: number };
const Count = t.record({ word: t.string, count: t.int64 });

/** Never used when it is replaced; gives its numbers for ever when it is not. */
const endless: Source<string, number> = {
  kind: "source",
  name: "endless",
  boundedness: "unbounded",
  type: t.string,
  discover: () => [0],
  createReader: () => {
    let next = 0;
    return {
      poll: (output, max) => {
        for (let left = max; left > 0; left--) output.collect(`word-${next++ % 10}`, 0);
        return "more";
      },
      snapshot: () => [next],
    };
  },
};

const refusing = (guarantee: "at-least-once" | "exactly-once"): never =>
  ({
    kind: "sink",
    name: "outside",
    guarantee,
    createWriter: () => assert.fail("the job's own sink is used"),
  }) as never;

const wordCount = ({
  uid = "counts",
  out = "out",
  sink = refusing("exactly-once") as TwoPhaseCommitSink<Count>,
} = {}): Job =>
  job((env) => {
    env
      .fromSource(endless, { uid: "lines" })
      .flatMap((line) => line.split(" ").map((word) => ({ word, count: 1 })), { uid: "words", type: Count })
      .keyBy("word")
      .sum("count", { uid })
      .sinkTo(sink, { uid: out });
  });

const text = ({ word, count }: Count): string => `${word} ${count}`;
const started = (options: Parameters<typeof JobDriver.start>[1] = {}): Promise<JobDriver> =>
  JobDriver.start(wordCount(), { sources: { lines: [] }, ...options });

/** A snapshot's state as a cluster's savepoint, in a folder. */
async function savepointOf(snapshot: JobSnapshot, context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "driven-savepoint-"));
  context.after(() => rm(folder, { recursive: true }));
  const { store, operators } = partsOfSnapshot(snapshot) as SnapshotParts;
  const target = new LocalObjectStore(folder);
  for (const { key } of await store.list("")) await target.put(key, (await store.read(key)) as Uint8Array);
  const random = seededRandom(1);
  const claim = await claimEpoch(new MemoryObjectStore("log"), {
    processId: random.hex(16),
    jobId: jobId("1".repeat(32)),
    random,
    clock: new ManualClock(),
  });
  const fence = await writeFence(claim, { jobName: "words" });
  assert.ok(fence.kind === "ready");
  const { checkpointId } = snapshot;
  const times = { triggeredMs: 1200, completedMs: 1234 };
  const draft = {
    kind: "savepoint" as const,
    checkpointId,
    ...times,
    storeUri: target.uri,
    operators,
    committables: 0,
  };
  await writeSavepointManifest(target, fence.log, draft);
  return folder;
}

describe("a driven job", () => {
  it("gives what comes of what was pushed, in order, and nothing before it runs (JX1)", async () => {
    const driver = await started({ sources: { lines: ["to be"] } });
    driver.push("lines", "or not to be", 7);
    assert.deepEqual(driver.output("out"), []);
    await driver.run();
    assert.deepEqual(driver.output<Count>("out").map(text), ["to 1", "be 1", "or 1", "not 1", "to 2", "be 2"]);
    assert.deepEqual(driver.records("out")[2], { value: { word: "or", count: 1 }, timestamp: 7, subtask: 0 });
    await driver.close();
  });

  it("goes on from a snapshot at any parallelism, each key with its count, and commits every record once (JX2)", async () => {
    const words = Array.from({ length: 40 }, (_, index) => `w${index}`);
    const first = await started({ parallelism: 2 });
    for (const word of words) first.push("lines", word);
    await first.run();
    assert.deepEqual(first.committed("out"), []);
    first.push("lines", "unread");
    const snapshot = await first.snapshot();
    assert.deepEqual(snapshot.uids, ["lines", "counts", "out"]);
    assert.deepEqual(first.committed<Count>("out").map(text).sort(), words.map((word) => `${word} 1`).sort());
    first.push("lines", "never seen again");
    await first.run();
    for (const parallelism of [1, 2, 3, 7]) {
      const driver = await JobDriver.start(wordCount(), { restore: snapshot, parallelism });
      for (const word of words) driver.push("lines", word);
      driver.end();
      await driver.run();
      assert.equal(driver.isFinished, true);
      assert.deepEqual(
        driver.output<Count>("out").map(text).sort(),
        [...words.map((word) => `${word} 2`), "unread 1"].sort(),
      );
      const all = [...words.flatMap((word) => [`${word} 1`, `${word} 2`]), "unread 1"].sort();
      assert.deepEqual(driver.committed<Count>("out").map(text).sort(), all);
      if (parallelism > 2) assert.ok(new Set(driver.records("out").map(({ subtask }) => subtask)).size > 2);
    }
  });

  it("takes a snapshot after every record, and loses and repeats none, at changing parallelism", async () => {
    let driver = await started();
    for (let round = 1; round <= 12; round++) {
      driver.push("lines", "a b");
      if (round % 2 === 0) await driver.run();
      const restore = await driver.snapshot();
      await driver.close();
      driver = await JobDriver.start(wordCount(), { restore, parallelism: 1 + (round % 4) });
    }
    driver.end();
    await driver.run();
    const counts = Array.from({ length: 12 }, (_, index) => [`a ${index + 1}`, `b ${index + 1}`]).flat();
    assert.deepEqual(driver.committed<Count>("out").map(text).sort(), counts.sort());
  });

  it("finishes when all data have ended, after a final checkpoint that commits (JX4)", async () => {
    const driver = await started({ options: { "execution.checkpointing.interval": "1s" } });
    driver.push("lines", "a");
    await driver.run();
    assert.deepEqual([driver.isFinished, driver.committed("out")], [false, []]);
    driver.end("lines");
    await driver.run();
    assert.deepEqual([driver.isFinished, driver.committed("out")], [true, [{ word: "a", count: 1 }]]);
    assert.throws(() => driver.push("lines", "b"), /data of the source "lines" have ended/);
    await assert.rejects(driver.snapshot(), /the job has finished: take the snapshot before/);
  });

  it("commits at the end also when the job has no checkpoints", async () => {
    const driver = await started();
    driver.push("lines", "a");
    driver.end();
    await driver.run();
    assert.deepEqual(driver.committed("out"), [{ word: "a", count: 1 }]);
  });

  it("refuses state as the JobManager does, and leaves it out when that is allowed (JX3)", async () => {
    const first = await started({ parallelism: 2 });
    first.push("lines", "a");
    await first.run();
    const restore = await first.snapshot();
    const renamed = wordCount({ uid: "sums" });
    const isRefusal = (words: RegExp) => (error: unknown) =>
      error instanceof StreamError && error.code === "STATE_INCOMPATIBLE" && words.test(error.message);
    await assert.rejects(
      JobDriver.start(renamed, { restore }),
      isRefusal(/from the snapshot: .*uid "counts".*no operator/),
    );
    await assert.rejects(JobDriver.start(wordCount(), { restore, parallelism: 200 }), isRefusal(/maxParallelism 128/));
    const driver = await JobDriver.start(renamed, { restore, allowNonRestoredState: true });
    driver.push("lines", "a");
    await driver.run();
    assert.deepEqual(driver.output<Count>("out").map(text), ["a 1"]);
    await assert.rejects(JobDriver.start(wordCount(), { restore: { checkpointId: 1, uids: [] } }), /what snapshot\(\)/);
  });

  it("deals what is pushed to several splits round, and reads them on after a restore", async () => {
    const sources = { lines: { splits: 3, values: ["a", "b", "c", "d"] } };
    const first = await started({ sources, parallelism: 3 });
    await first.run();
    const driver = await JobDriver.start(wordCount(), { restore: await first.snapshot(), parallelism: 2 });
    for (const word of ["a", "b", "c", "d"]) driver.push("lines", word);
    await driver.run();
    assert.deepEqual(driver.output<Count>("out").map(text).sort(), ["a 2", "b 2", "c 2", "d 2"]);
    await assert.rejects(
      JobDriver.start(wordCount(), { restore: await first.snapshot(), sources: { lines: { splits: 2 } } }),
      /has 3 splits in the snapshot, not 2/,
    );
  });

  it("goes on from a savepoint of a job that ran, without what its real source and sink kept (JZ1)", async (context) => {
    const first = await started({ parallelism: 2 });
    for (const word of ["a", "b", "a"]) first.push("lines", word);
    await first.run();
    const snapshot = await first.snapshot();
    const folder = await savepointOf(snapshot, context);
    const driver = await started({ restore: folder, parallelism: 3 });
    assert.equal(driver.clock.nowMs(), 1234);
    for (const word of ["a", "b", "c"]) driver.push("lines", word);
    driver.end();
    await driver.run();
    assert.deepEqual(driver.committed<Count>("out").map(text).sort(), ["a 3", "b 2", "c 1"]);
    await assert.rejects(
      JobDriver.start(wordCount({ uid: "sums" }), { restore: folder, sources: { lines: [] } }),
      (error) =>
        error instanceof StreamError && error.message.startsWith(`the job cannot be restored from ${folder}: `),
    );
    await assert.rejects(started({ restore: `${folder}-gone` }), { code: "SAVEPOINT_NOT_FOUND" });
  });

  it("finds ends by their name where they have no uid, and says which there are", async () => {
    const nameless = job((env) => {
      env.fromSource(endless, { name: "letters" }).sinkTo(refusing("at-least-once"), { name: "sink" });
    });
    const driver = await JobDriver.start(nameless, { sources: { letters: ["a"] } });
    await driver.run();
    assert.deepEqual(driver.output("sink"), ["a"]);
    assert.throws(() => driver.output("out"), /no sink with uid "out"; it has "sink" \(a name; it has no uid\)/);
    assert.throws(() => driver.push("lines", 1), /no source with uid "lines"; it has "letters"/);
    assert.throws(() => driver.committed("sink"), /"sink" is not an exactly-once one/);
    await driver.close();
    await assert.rejects(driver.run(), /this driver is closed/);
  });
});

describe("time in a driven job", () => {
  type Fired = { readonly key: string; readonly at: number; readonly nowMs: number };

  /** Fires 1 s after each record by the clock, and 10 ms after its timestamp by event time. */
  const reminding = {
    state: { last: value(t.int64) },
    process(_value, { state, timers, clock, timestamp }) {
      state.last.update(clock.nowMs());
      timers.registerProcessingTime(clock.nowMs() + 1000);
      if (timestamp > 0) timers.registerEventTime(timestamp + 10);
    },
    onTimer(at, { out, currentKey, clock }) {
      out.collect({ key: currentKey, at, nowMs: clock.nowMs() });
    },
  } satisfies KeyedProcessFunction<string, string, Fired, { last: KeyedStateSpec<ValueState<number>> }>;
  const reminders = (watermarks = false): Job =>
    job((env) => {
      const strategy = forBoundedOutOfOrderness<string>(5, (letter) => letter.charCodeAt(0));
      env
        .fromSource(endless, { uid: "letters", ...(watermarks ? { watermarks: strategy } : {}) })
        .keyBy((letter) => letter)
        .process(reminding, { uid: "reminders", type: t.anyOf<Fired>() })
        .sinkTo(refusing("at-least-once") as PlainSink<Fired>, { uid: "out" });
    });

  it("lets each timer fire at its own time, also after a restore, which goes on at the snapshot's time", async () => {
    const driver = await JobDriver.start(reminders(), { sources: { letters: ["a"] } });
    await driver.run();
    await driver.advance(400);
    driver.push("letters", "b");
    await driver.advance(599);
    assert.deepEqual(driver.output("out"), []);
    const restore = await driver.snapshot();
    await driver.advance(401);
    const expected = [
      { key: "a", at: 1000, nowMs: 1000 },
      { key: "b", at: 1400, nowMs: 1400 },
    ];
    assert.deepEqual(driver.output("out"), expected);
    const restored = await JobDriver.start(reminders(), { restore, parallelism: 2 });
    assert.equal(restored.clock.nowMs(), 999);
    await restored.advance(10_000);
    assert.deepEqual(restored.output("out"), expected);
  });

  it("fires event-time timers by the watermarks of a scripted source, and no split holds them back", async () => {
    const driver = await JobDriver.start(reminders(), { sources: { letters: [] }, parallelism: 3 });
    driver.push("letters", "a", 5);
    driver.watermark("letters", 14);
    await driver.run();
    assert.deepEqual(driver.output("out"), []);
    driver.watermark("letters", 15);
    await driver.run();
    assert.deepEqual(driver.output("out"), [{ key: "a", at: 15, nowMs: 0 }]);
    await driver.close();
  });

  it("makes the job's own watermarks as time passes, and refuses those of the test", async () => {
    const driver = await JobDriver.start(reminders(true), { sources: { letters: ["a", "z"] } });
    assert.throws(
      () => driver.watermark("letters", 5),
      /watermarks of the source "letters" are made by "endless watermarks"/,
    );
    await driver.run();
    assert.deepEqual(driver.output("out"), []);
    await driver.advance(200);
    assert.deepEqual(driver.output("out"), [{ key: "a", at: "a".charCodeAt(0) + 10, nowMs: 200 }]);
    await driver.close();
  });
});

describe("the job's own ends in a driven job", () => {
  it("a source that keeps a rate gives what is due, and rests until time passes", async () => {
    const paced = job((env) => {
      env
        .fromSource(generatorSource({ generate: (index) => index, count: 50, ratePerSecond: 2 }), { uid: "numbers" })
        .sinkTo(refusing("at-least-once"), { uid: "out" });
    });
    const driver = await JobDriver.start(paced, {});
    await driver.run();
    const atOnce = driver.output("out").length;
    assert.ok(atOnce < 3, `${atOnce} at once`);
    await driver.advance(500);
    assert.equal(driver.output("out").length, atOnce + 1);
    await driver.advance(30_000);
    assert.deepEqual([driver.output("out").length, driver.isFinished], [50, true]);
  });

  it("an exactly-once sink that is new in a restored job aborts what others left, like everywhere", async () => {
    const aborts: (readonly unknown[])[] = [];
    const kept: TwoPhaseCommitSink<Count, number> = {
      kind: "sink",
      name: "kept",
      guarantee: "exactly-once",
      createWriter: () => ({
        begin: () => 1,
        write: () => undefined,
        prepare: (transaction) => transaction,
        commit: () => Promise.resolve({ kind: "committed" }),
        abort: () => undefined,
        abortAllExcept: (keep) => void aborts.push(keep),
      }),
    };
    const first = await started();
    first.push("lines", "a");
    await first.run();
    const restore = await first.snapshot();
    const withSink = wordCount({ sink: kept, out: "new" });
    const driver = await JobDriver.start(withSink, { restore, keepSinks: ["new"], allowNonRestoredState: true });
    assert.deepEqual(aborts, [[]]);
    driver.push("lines", "a");
    await driver.run();
    await driver.snapshot();
    assert.deepEqual(driver.output<Count>("new").map(text), ["a 2"]);
    await driver.close();
  });
});

describe("what goes wrong in a driven job", () => {
  it("rejects with the engine's error, which names the operator, closes the others, and stays so", async () => {
    let closed = 0;
    const failing = job((env) => {
      env
        .fromSource(endless, { uid: "lines" })
        .map(
          (line) => {
            if (line === "bad") throw new RangeError("no such line");
            return line;
          },
          { uid: "checked", type: t.string },
        )
        .keyBy((line) => line)
        .process(
          { process: (value, { out }) => out.collect(value), close: () => void closed++ },
          { uid: "echo", type: t.string },
        )
        .sinkTo(refusing("at-least-once"), { uid: "out" });
    });
    const driver = await JobDriver.start(failing, { sources: { lines: ["good", "bad"] }, parallelism: 2 });
    const isNamed = (error: unknown): boolean =>
      error instanceof StreamError &&
      error.code === "USER_FUNCTION_FAILED" &&
      /checked|map/.test(error.message) &&
      /no such line/.test(error.message);
    await assert.rejects(driver.run(), isNamed);
    assert.equal(closed, 2);
    await assert.rejects(driver.run(), isNamed);
    await assert.rejects(driver.snapshot(), isNamed);
  });

  it("fails on a record that does not fit its type on the way to another task, as between processes (DV5)", async () => {
    const misfitting = job((env) => {
      env
        .fromSource(endless, { uid: "lines" })
        .map((line) => ({ word: line, count: line === "bad" ? ("one" as never) : 1 }), { uid: "counted", type: Count })
        .keyBy("word")
        .process({ process: (value, { out }) => out.collect(value) }, { uid: "echo", type: Count })
        .sinkTo(refusing("at-least-once"), { uid: "out" });
    });
    const driver = await JobDriver.start(misfitting, { sources: { lines: ["good"] } });
    await driver.run();
    assert.equal(driver.output("out").length, 1);
    driver.push("lines", "bad");
    await assert.rejects(driver.run(), { code: "VALUE_NOT_SERIALIZABLE" });
  });

  it("refuses a job that builds another graph each time, as a cluster does", async () => {
    let times = 0;
    const fickle = job((env) => {
      env.fromSource(endless, { uid: `lines-${times++}` }).sinkTo(refusing("at-least-once"), { uid: "out" });
    });
    await assert.rejects(JobDriver.start(fickle, { parallelism: 2 }), /builds another graph when it is built again/);
  });

  it("says what to do about an unbounded source that does not come to rest; `until` stops it", async () => {
    const driver = await JobDriver.start(wordCount(), {});
    await driver.run({ until: () => driver.output("out").length >= 500 });
    assert.equal(driver.output<Count>("out").map(text)[0], "word-0 1");
    await assert.rejects(
      driver.run({ recordsMax: 5000 }),
      /unbounded source "lines" has given \d+ records.*push records/,
    );
    const snapshot = await driver.snapshot();
    await assert.rejects(
      JobDriver.start(wordCount(), { restore: snapshot, sources: { lines: [] } }),
      /positions of the source "lines" itself.*in both drivers, or in neither/,
    );
    await driver.close();
    const resting = await started();
    await assert.rejects(resting.run({ until: () => false }), /come to rest, and `until` does not hold/);
  });

  it("names who is waited for, when that takes too long, and what to do", async () => {
    const stuck: PlainSink<string> = {
      kind: "sink",
      name: "stuck",
      guarantee: "at-least-once",
      createWriter: ({ clock }) => ({ write: () => new Promise((resolve) => void clock.after(5, () => resolve())) }),
    };
    const copy = job((env) => env.fromSource(endless, { uid: "lines" }).sinkTo(stuck, { uid: "out" }));
    const options = { sources: { lines: ["a", "b"] }, keepSinks: true, patience: "20 ms" };
    const driver = await JobDriver.start(copy, options);
    await assert.rejects(
      driver.run(),
      /run\(\) could not be done in 20 ms.*stuck.*\(1\/1\) waits for a promise.*call advance/,
    );
    driver.clock.advance(5);
    driver.clock.advance(5);
    await driver.run({ until: () => driver.output("out").length === 2 });
    await driver.close();
  });

  it("waits for promises of the job's functions, and for bounded sources that are at work", async () => {
    const written: string[] = [];
    const slow: PlainSink<string> = {
      kind: "sink",
      name: "slow",
      guarantee: "at-least-once",
      createWriter: () => ({
        write: async (value) => {
          await nextTurn();
          await nextTurn();
          written.push(value);
        },
      }),
    };
    const reading: Source<string, string> = {
      kind: "source",
      name: "reading",
      boundedness: "bounded",
      type: t.string,
      discover: () => ["a", "b"],
      createReader: ({ splits, wake, clock }) => {
        const left = [...splits];
        let isThere = false;
        let isTime = false;
        return {
          poll: (output) => {
            if (left.length === 0) return "end";
            if (!isTime) {
              clock.after(10, () => {
                isTime = true;
                wake();
              });
              return "idle";
            }
            if (!isThere) {
              void nextTurn()
                .then(nextTurn)
                .then(() => {
                  isThere = true;
                  wake();
                });
              return "idle";
            }
            isThere = false;
            output.collect(left.shift() as string, 0);
            return "more";
          },
          snapshot: () => left,
        };
      },
    };
    const copy = job((env) => env.fromSource(reading, { uid: "in" }).sinkTo(slow, { uid: "out" }));
    const driver = await JobDriver.start(copy, { keepSinks: ["out"], clock: new ManualClock(50) });
    await driver.run();
    assert.deepEqual(written, []);
    await driver.advance(10);
    assert.deepEqual([driver.isFinished, written, driver.output("out")], [true, ["a", "b"], ["a", "b"]]);
    assert.throws(() => driver.push("in", "c"), /"in" is the job's own one; name it in the options.*"in": \[\]/);
  });
});
