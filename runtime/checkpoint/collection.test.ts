import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jobId, seededRandom } from "../../base/index.ts";
import { MemoryObjectStore, type ObjectStore } from "../storage/index.ts";
import { fixedClock as clock, JOB, keyedOperator } from "./builders.test-support.ts";
import { type CheckpointLog, writeFence } from "./checkpoint-log.ts";
import { collectStore, deletable, eraseStore, readCollectionMark } from "./collection.ts";
import { claimEpoch } from "./epoch.ts";
import { dataFolder } from "./layout.ts";
import { readLog } from "./log-contents.ts";
import { fencePredecessor } from "./predecessor.ts";
import { readSavepoint } from "./savepoint.ts";

const SUCCESSOR = jobId("f".repeat(32));
const random = seededRandom(11);

async function lead(store: ObjectStore): Promise<CheckpointLog> {
  const claim = await claimEpoch(store, { processId: random.hex(16), jobId: JOB, random, clock });
  const fence = await writeFence(claim, { jobName: "job" });
  assert.ok(fence.kind === "ready");
  return fence.log;
}

async function complete(store: ObjectStore, log: CheckpointLog, checkpointId: number): Promise<string> {
  const folder = dataFolder(log.epoch, checkpointId);
  const operators = [keyedOperator("count", folder, `chk ${checkpointId} `)];
  for (const { keyed } of operators.flatMap(({ subtasks }) => subtasks))
    for (const { file } of keyed?.files ?? []) await store.put(file.key, Buffer.alloc(file.length));
  const facts = { triggeredMs: 1, completedMs: 2, storeUri: null, operators, committables: 1 };
  const outcome = await log.complete({ kind: "checkpoint", checkpointId, ...facts });
  return outcome.kind;
}

/** The store of an incarnation with two checkpoints, and its JobManager's log, as it was before anybody took over. */
async function oldStore(): Promise<{ readonly store: MemoryObjectStore; readonly log: CheckpointLog }> {
  const store = MemoryObjectStore.open(`old-${random.hex(6)}`);
  const log = await lead(store);
  await complete(store, log, 1);
  await complete(store, log, 2);
  await log.markCommitted(3);
  await store.put("activation", Buffer.from("{}"));
  await store.put("of-a-person/notes", Buffer.from("mine"));
  return { store, log };
}

const takeOver = (store: ObjectStore): Promise<unknown> =>
  fencePredecessor(store, { jobId: SUCCESSOR, processId: random.hex(16), random, clock, jobName: "job" });
const keysOf = async (store: ObjectStore): Promise<readonly string[]> => (await store.list("")).map(({ key }) => key);

test("COLL1 a store that nobody has taken over is not collected, whoever asks", async () => {
  const { store } = await oldStore();
  const before = await keysOf(store);
  await assert.rejects(collectStore(store, clock), { code: "STATE_IN_USE", destiny: "terminal" });
  assert.deepEqual(await keysOf(store), before);
});

test("a superseded store keeps what says that it is over: its state is gone, and what it was told to delete is all that goes", async () => {
  const { store, log } = await oldStore();
  await takeOver(store);
  const before = await store.list("");
  const told = deletable(before, await readLog(store));
  const { objects, bytes } = await collectStore(store, clock);
  const kept = await keysOf(store);
  assert.deepEqual(kept, [
    "activation",
    "chk/0000000004.manifest",
    "collected",
    "epochs/0000000001",
    "epochs/0000000002",
    "of-a-person/notes",
  ]);
  assert.equal(objects, told.length);
  assert.equal(
    bytes,
    told.reduce((sum, { length }) => sum + length, 0),
  );
  assert.deepEqual(
    before.filter(({ key }) => !kept.includes(key)),
    told.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  );
  assert.deepEqual(await readCollectionMark(store), { why: "superseded", successor: SUCCESSOR, atMs: 1000 });
  await assert.rejects(readSavepoint(`${store.uri}/chk/0000000002.manifest`), /was the checkpoint folder .* deleted/);
  // P-13: a process of the old incarnation that was stopped all the while.
  assert.equal(await complete(store, log, 3), "fenced");
  await assert.rejects(lead(store), "nobody leads it again");
  // COLL5
  await collectStore(store, clock);
});

test("COLL4 the store of a job that is gone leaves nothing, but what is no part of a store; another job's is left alone", async () => {
  const { store } = await oldStore();
  const before = await keysOf(store);
  await assert.rejects(eraseStore(store, SUCCESSOR, clock), { code: "STATE_IN_USE" });
  assert.deepEqual(await keysOf(store), before);
  await eraseStore(store, JOB, clock);
  assert.deepEqual(await keysOf(store), ["of-a-person/notes"]);
  await eraseStore(store, JOB, clock);
  const taken = await oldStore();
  await takeOver(taken.store);
  await eraseStore(taken.store, JOB, clock);
  assert.deepEqual(await keysOf(taken.store), ["of-a-person/notes"]);
});

test("COLL2, COLL5 cut off after any request the mark is there before anything is gone, and a second try ends it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 14 }), fc.constantFrom("collect", "erase"), async (requests, how) => {
      const { store } = await oldStore();
      await takeOver(store);
      const before = await keysOf(store);
      let left = requests;
      const cut = new Proxy(store, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          return (...args: unknown[]): unknown => {
            if (left-- <= 0) throw new Error("killed");
            return (value as (...args: unknown[]) => unknown).apply(target, args);
          };
        },
      });
      const run = (on: ObjectStore): Promise<unknown> =>
        how === "collect" ? collectStore(on, clock) : eraseStore(on, JOB, clock);
      const outcome = await run(cut).then(
        () => "done",
        () => "killed",
      );
      const after = await keysOf(store);
      const isTouched = before.some((key) => !after.includes(key));
      if (isTouched && outcome === "killed") assert.ok(after.includes("collected"), after.join());
      await run(store);
      const expected = how === "collect" ? 6 : 1;
      assert.equal((await keysOf(store)).length, expected, (await keysOf(store)).join());
    }),
    { numRuns: 60 },
  );
});
