/** What happens to a log in which a newer program has written (MC3, FV2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../base/index.ts";
import { MemoryObjectStore, sha256Hex } from "../storage/index.ts";
import { fixedClock, JOB, manifest } from "./builders.test-support.ts";
import { type CheckpointLog, writeFence } from "./checkpoint-log.ts";
import { claimEpoch } from "./epoch.ts";
import { manifestKey } from "./layout.ts";
import { readLog } from "./log-contents.ts";
import { fencePredecessor } from "./predecessor.ts";

const random = seededRandom(1);
const options = { processId: random.hex(16), jobId: JOB, random, clock: fixedClock };
const isNewer = {
  code: "FORMAT_TOO_NEW",
  destiny: "terminal",
  message: /is of version 4, .* reads version 3: use the/,
};

/** As a newer program writes it: with fields that nobody here knows. */
function newerManifest(seq: number): Uint8Array {
  const body = Buffer.from(
    JSON.stringify({ ...manifest(seq, { kind: "fence", epoch: 9 }), version: 4, unheardOf: true }),
  );
  return Buffer.concat([Buffer.from(`streamjob-manifest 4 sha256=${sha256Hex(body)} length=${body.length}\n`), body]);
}

async function leadingLog(store: MemoryObjectStore): Promise<CheckpointLog> {
  const outcome = await writeFence(await claimEpoch(store, options), { jobName: "test" });
  assert.ok(outcome.kind === "ready");
  return outcome.log;
}

async function keysOf(store: MemoryObjectStore): Promise<readonly string[]> {
  return (await store.list("")).map(({ key }) => key);
}

test("a log that a newer program has written to is not led, and not fenced by a successor", async () => {
  const store = new MemoryObjectStore("newer");
  await leadingLog(store);
  await store.put(manifestKey(2), newerManifest(2));
  const claim = await claimEpoch(store, options);
  const before = await keysOf(store);
  await assert.rejects(writeFence(claim, { jobName: "test" }), isNewer);
  await assert.rejects(fencePredecessor(store, { ...options, jobName: "test" }), isNewer);
  assert.deepEqual(await keysOf(store), before);
  assert.equal((await readLog(store)).entries.at(-1)?.kind, "corrupt");
});

test("a leader that a newer program overtakes finds itself fenced, not in doubt", async () => {
  const store = new MemoryObjectStore("overtaken");
  const log = await leadingLog(store);
  await store.put(manifestKey(2), newerManifest(2));
  const draft = { kind: "checkpoint", checkpointId: 1, triggeredMs: 1, completedMs: 2, storeUri: null } as const;
  const outcome = await log.complete({ ...draft, operators: [], committables: 0 });
  assert.equal(outcome.kind, "fenced");
  await assert.rejects(log.discardAll(), { code: "FENCED" });
});
