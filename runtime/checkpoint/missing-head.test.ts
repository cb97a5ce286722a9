/** What happens to a log whose newest manifest somebody has deleted (LOC4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../base/index.ts";
import { MemoryObjectStore } from "../storage/index.ts";
import { fixedClock, JOB } from "./builders.test-support.ts";
import { type CheckpointLog, writeFence } from "./checkpoint-log.ts";
import { claimEpoch } from "./epoch.ts";
import { manifestKey } from "./layout.ts";
import { assertReadable, type LogContents, readLog } from "./log-contents.ts";
import { fencePredecessor } from "./predecessor.ts";

const random = seededRandom(1);
const options = { processId: random.hex(16), jobId: JOB, random, clock: fixedClock };
const isMissing = {
  code: "CHECKPOINT_CORRUPT",
  destiny: "terminal",
  message: /the newest manifest, memory:\/\/\S*chk\/0000000003\.manifest, is missing, .* Put the file back/,
};

/** One that has completed two checkpoints, each committed, and kept the newest. */
async function usedLog(store: MemoryObjectStore): Promise<CheckpointLog> {
  const outcome = await writeFence(await claimEpoch(store, options), { jobName: "test" });
  assert.ok(outcome.kind === "ready");
  const { log } = outcome;
  for (const checkpointId of [1, 2]) {
    const times = { triggeredMs: checkpointId, completedMs: checkpointId };
    const draft = {
      kind: "checkpoint",
      checkpointId,
      ...times,
      storeUri: null,
      operators: [],
      committables: 1,
    } as const;
    const completed = await log.complete(draft);
    assert.ok(completed.kind === "completed");
    await log.markCommitted(completed.manifest.seq);
    await log.discard({ numRetained: 1 });
  }
  return log;
}

const keysOf = async (store: MemoryObjectStore): Promise<readonly string[]> =>
  (await store.list("")).map(({ key }) => key);

test("a log whose newest manifest is gone is not led, and not fenced by a successor: it would begin anew", async () => {
  const store = new MemoryObjectStore("headless");
  await usedLog(store);
  await store.delete(manifestKey(3));
  const claim = await claimEpoch(store, options);
  const before = await keysOf(store);
  await assert.rejects(writeFence(claim, { jobName: "test" }), isMissing);
  await assert.rejects(fencePredecessor(store, { ...options, jobName: "test" }), isMissing);
  assert.deepEqual(await keysOf(store), before);
});

test("it is led again when the manifest is back", async () => {
  const store = new MemoryObjectStore("mended");
  await usedLog(store);
  const bytes = await store.read(manifestKey(3));
  await store.delete(manifestKey(3));
  await assert.rejects(readLog(store).then(assertReadable), isMissing);
  await store.put(manifestKey(3), bytes as Uint8Array);
  assert.equal((await writeFence(await claimEpoch(store, options), { jobName: "test" })).kind, "ready");
});

test("a manifest that one listing misses is no missing one: it is listed again", async () => {
  const store = new MemoryObjectStore("busy");
  await usedLog(store);
  let listings = 0;
  const list = store.list.bind(store);
  store.list = async (prefix) => {
    const objects = await list(prefix);
    return listings++ === 0 ? objects.filter(({ key }) => key !== manifestKey(3)) : objects;
  };
  const contents: LogContents = await readLog(store);
  assertReadable(contents);
  assert.equal(contents.entries.at(-1)?.seq, 3);
});

test("a job that has ended in good order leaves a log that can be read", async () => {
  const store = new MemoryObjectStore("over");
  const log = await usedLog(store);
  await log.discardAll();
  assertReadable(await readLog(store));
});
