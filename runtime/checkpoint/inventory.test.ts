import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId, seededRandom } from "../../base/index.ts";
import { MemoryObjectStore, type ObjectStore, openStore, sha256Hex } from "../storage/index.ts";
import { fixedClock as clock, JOB, keyedOperator } from "./builders.test-support.ts";
import { writeFence } from "./checkpoint-log.ts";
import { collectStore } from "./collection.ts";
import { claimEpoch } from "./epoch.ts";
import { type InventoryOptions, takeInventory } from "./inventory.ts";
import { dataFolder, manifestKey } from "./layout.ts";
import { fencePredecessor } from "./predecessor.ts";
import { writeSavepointManifest } from "./savepoint.ts";

const SUCCESSOR = jobId("f".repeat(32));
const random = seededRandom(5);
const identity = { processId: "c".repeat(32), random, clock };
const facts = { triggeredMs: 1, completedMs: 2000, operators: [], committables: 0 };

const options: InventoryOptions = { named: [], historyIn: async () => ({ origins: [], endedWith: null }) };

/** One of its kind in each folder. */
async function world() {
  const root = `memory://inventory-${random.hex(6)}`;
  const whole = await openStore(root);
  const at = (folder: string): Promise<ObjectStore> => openStore(`${root}/${folder}`);
  const led = async (store: ObjectStore) => {
    const fence = await writeFence(await claimEpoch(store, { ...identity, jobId: JOB }), { jobName: "words" });
    assert.ok(fence.kind === "ready");
    return fence.log;
  };
  for (const folder of ["a/newest", "a/superseded", "a/collected", "a/empty"]) {
    const store = await at(folder);
    const log = await led(store);
    if (!folder.endsWith("empty")) {
      await store.put(`${dataFolder(1, 1)}/${"d".repeat(64)}`, Buffer.alloc(1000));
      await log.complete({ kind: "checkpoint", checkpointId: 1, storeUri: null, ...facts });
    }
    if (/superseded|collected/.test(folder))
      await fencePredecessor(store, { ...identity, jobId: SUCCESSOR, jobName: "words" });
    if (folder.endsWith("collected")) await collectStore(store, clock);
  }
  const savepoint = await at("savepoints/one");
  const operators = [keyedOperator("count", "data", "x", 1)];
  const log = await led(new MemoryObjectStore("any"));
  await writeSavepointManifest(savepoint, log, {
    kind: "savepoint",
    checkpointId: 9,
    storeUri: savepoint.uri,
    ...facts,
    operators,
  });
  await whole.put(`savepoints/half/data/${"e".repeat(64)}`, Buffer.alloc(5));
  await whole.put("notes.txt", Buffer.from("of a person"));
  return { root, at };
}

test("each store and savepoint is told with what becomes of it, and nothing else is", async () => {
  const { root } = await world();
  const places = await takeInventory([root], options);
  const told = places.map(({ kind, uri, checkpoints, verdict }) => [
    kind,
    uri.slice(root.length + 1),
    checkpoints,
    verdict.kind,
  ]);
  assert.deepEqual(told, [
    ["store", "a/collected", 0, "collected"],
    ["store", "a/empty", 0, "empty"],
    ["store", "a/newest", 1, "newest"],
    ["store", "a/superseded", 1, "superseded"],
    ["savepoint", "savepoints/half", 0, "unreadable"],
    ["savepoint", "savepoints/one", 1, "savepoint"],
  ]);
  const superseded = places.find(({ verdict }) => verdict.kind === "superseded");
  assert.ok(superseded?.verdict.kind === "superseded");
  assert.equal(superseded.verdict.successor, SUCCESSOR);
  assert.ok(superseded.verdict.bytes >= 1000 && superseded.verdict.bytes < superseded.bytes);
  assert.deepEqual([superseded.jobName, superseded.newestMs], ["words", 2000]);
});

test("INV2 a place that cannot be read is told with why, and the others all the same", async () => {
  const { root, at } = await world();
  const store = await at("a/newest");
  const text = Buffer.from((await store.read(manifestKey(2))) ?? []).toString("utf8");
  const body = Buffer.from(text.slice(text.indexOf("\n") + 1).replace('"version":1', '"version":4'));
  const header = `streamjob-manifest 4 sha256=${sha256Hex(body)} length=${body.length}\n`;
  await store.put(manifestKey(2), Buffer.concat([Buffer.from(header), body]));
  const places = await takeInventory([root], options);
  const verdict = places.find(({ uri }) => uri.endsWith("a/newest"))?.verdict;
  assert.match(verdict?.kind === "unreadable" ? verdict.why : "", /version 4/);
  assert.equal(places.length, 6);
});

test("GAR1 an incarnation that ended with a savepoint of its own needs the store before it no more, as long as that is whole", async () => {
  const { root, at } = await world();
  const folder = `b/${SUCCESSOR}`;
  const fence = await writeFence(await claimEpoch(await at(folder), { ...identity, jobId: SUCCESSOR }), {
    jobName: "words",
  });
  assert.ok(fence.kind === "ready");
  const savepoint = await at("savepoints/last");
  const operators = [keyedOperator("count", "data", "y", 1)];
  const [file] = operators.flatMap(({ subtasks }) => subtasks).flatMap(({ keyed }) => keyed?.files ?? []);
  assert.ok(file !== undefined);
  const draft = { kind: "savepoint", checkpointId: 1, storeUri: savepoint.uri, ...facts, operators } as const;
  await writeSavepointManifest(savepoint, fence.log, draft);
  const kept = async (endedWith: string | null): Promise<string | null | undefined> => {
    const historyIn = async ({ uri }: ObjectStore) => ({
      origins: [],
      endedWith: uri.endsWith(folder) ? endedWith : null,
    });
    const places = await takeInventory([root], { named: [], historyIn });
    const verdict = places.find(({ uri }) => uri.endsWith("a/superseded"))?.verdict;
    return verdict?.kind === "superseded" ? verdict.kept : undefined;
  };
  assert.match((await kept(null)) ?? "", /has no whole checkpoint of its own/);
  assert.match((await kept(savepoint.uri)) ?? "", /has no whole checkpoint/, "a file of it is not there");
  await savepoint.put(file.file.key, Buffer.alloc(file.file.length));
  assert.equal(await kept(savepoint.uri), null);
  assert.match((await kept(`${root}/savepoints/none`)) ?? "", /has no whole checkpoint/);
  assert.match((await kept(`${root}/savepoints/one`)) ?? "", /has no whole checkpoint/, "it is another job's");
});
