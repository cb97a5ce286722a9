import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, type JobId, jobId, seededRandom, silentLog } from "../../../base/index.ts";
import {
  type CheckpointLog,
  claimEpoch,
  manifestKey,
  readLog,
  successorFence,
  writeFence,
} from "../../checkpoint/index.ts";
import type { RestoreMessage, StoredActivation } from "../../../contract/index.ts";
import { openStore, sha256Hex } from "../../storage/index.ts";
import { createActivation } from "./activation-object.ts";
import type { JobResult } from "./job-result.ts";
import { type LatestPorts, type ResolvedRestore, resolveActivation } from "./latest-state.ts";

const clock: Clock = { nowMs: () => 1000, monotonicMs: () => 0, after: () => ({ cancel() {} }) };
const random = seededRandom(7);
const YOUNG = jobId("f".repeat(32));

type Given = {
  readonly activation?: RestoreMessage;
  readonly predecessors?: readonly string[];
  readonly checkpoints?: number;
  readonly result?: Partial<JobResult>;
  /** Whose manifests are there, when not its own. */
  readonly writtenBy?: JobId;
};

const latest = (storeUri: string, savepoint: string | null = null): RestoreMessage => ({
  kind: "latest",
  storeUri,
  savepoint,
  allowNonRestoredState: false,
});

/** The store of an earlier incarnation; its name becomes its job id. */
async function store(name: string, given: Given = {}): Promise<string> {
  const uri = `memory://${name}-${random.hex(4)}`;
  const opened = await openStore(uri);
  const id = idOf(name);
  const { activation, predecessors = [], checkpoints = 0, result } = given;
  if (activation !== undefined) {
    const stored = { activationId: random.hex(16), from: activation, predecessors, acceptedMs: 1 };
    await createActivation(opened, { version: 1, jobId: id, ...stored } satisfies StoredActivation);
  }
  if (checkpoints > 0) {
    const log = await lead(uri, given.writtenBy ?? id);
    for (let checkpointId = 1; checkpointId <= checkpoints; checkpointId++) await complete(log, checkpointId);
  }
  if (result !== undefined) await opened.put("result", Buffer.from(JSON.stringify({ jobId: id, ...result })));
  return uri;
}

function idOf(name: string): JobId {
  return jobId(Buffer.from(name.padEnd(16)).toString("hex"));
}

async function lead(uri: string, id: JobId): Promise<CheckpointLog> {
  const claim = await claimEpoch(await openStore(uri), { processId: random.hex(16), jobId: id, random, clock });
  const fence = await writeFence(claim, { jobName: "job" });
  assert.ok(fence.kind === "ready");
  return fence.log;
}

async function complete(log: CheckpointLog, checkpointId: number): Promise<void> {
  const facts = { triggeredMs: 1, completedMs: 2, storeUri: null, operators: [], committables: 0 };
  await log.complete({ kind: "checkpoint", checkpointId, ...facts });
}

function resolve(from: RestoreMessage, change: Partial<LatestPorts> = {}): Promise<ResolvedRestore> {
  const fence = { jobId: YOUNG, processId: random.hex(16), jobName: "job", random };
  const ports = {
    clock,
    logger: silentLog,
    isAbandoned: () => false,
    sinksAllowReplay: false,
    ownUri: "memory://own",
    fence,
  };
  return resolveActivation({ from, predecessors: [] }, { ...ports, ...change });
}

async function isFenced(uri: string): Promise<boolean> {
  return successorFence(await readLog(await openStore(uri)))?.successor === YOUNG;
}

test("LA1 the newest complete manifest of its log, and its log is fenced; looking gives the same and fences nothing", async () => {
  const old = await store("old", { activation: { kind: "none" }, checkpoints: 3 });
  const seen = await resolve(latest(old), { fence: null });
  assert.equal(await isFenced(old), false);
  const { state, predecessors } = await resolve(latest(old));
  assert.deepEqual([state?.manifest.checkpointId, state?.location], [3, seen.state?.location]);
  assert.deepEqual([state?.seq, predecessors], [null, [idOf("old")]]);
  assert.ok(await isFenced(old));
});

test("a log in which a newer program has written is neither gone on from nor fenced, also when an older checkpoint would do (FV2)", async () => {
  const old = await store("newer", { activation: { kind: "none" }, checkpoints: 3 });
  const opened = await openStore(old);
  const newest = Buffer.from((await opened.read(manifestKey(4))) ?? []).toString("utf8");
  const body = Buffer.from(newest.slice(newest.indexOf("\n") + 1).replace('"version":1', '"version":4'));
  const header = `streamjob-manifest 4 sha256=${sha256Hex(body)} length=${body.length}\n`;
  await opened.put(manifestKey(4), Buffer.concat([Buffer.from(header), body]));
  const before = await opened.list("");
  for (const change of [{ fence: null, sinksAllowReplay: true }, { sinksAllowReplay: true }]) {
    await assert.rejects(resolve(latest(old), change), { code: "FORMAT_TOO_NEW", destiny: "terminal" });
  }
  assert.deepEqual(await opened.list(""), before);
});

test("LA1 an incarnation that never completed anything is passed over, however often, and LA3 all on the way are fenced", async () => {
  const bystander = await store("bystander", { activation: { kind: "none" } });
  const first = await store("first", { activation: { kind: "none" }, checkpoints: 1 });
  const second = await store("second", { activation: latest(first), predecessors: [first, bystander] });
  const third = await store("third", { activation: latest(second), predecessors: [second] });
  const { state, predecessors, fenced } = await resolve(latest(third));
  assert.deepEqual(fenced, predecessors);
  assert.equal(state?.manifest.jobId, idOf("first"));
  for (const uri of [bystander, first, second, third]) assert.ok(await isFenced(uri), uri);
  assert.deepEqual(predecessors, [idOf("first")], "only who has written a log can have left something");
  const failed = await store("failed", { activation: latest(first), result: { status: "FAILED" } });
  assert.equal((await resolve(latest(failed))).state?.manifest.jobId, idOf("first"));
  const fresh = await store("fresh", { activation: { kind: "none" } });
  assert.equal((await resolve(latest(fresh))).state, null);
});

const refusals: Readonly<Record<string, readonly [given: Given, reason: RegExp]>> = {
  "a store that holds nothing": [{}, /holds no state and no activation/],
  "a job that finished by itself": [
    { activation: { kind: "none" }, checkpoints: 1, result: { status: "FINISHED" } },
    /finished by itself/,
  ],
  "a cancelled job without checkpoints": [
    { activation: { kind: "none" }, result: { status: "CANCELED" } },
    /was cancelled/,
  ],
  "a savepoint that is gone": [
    { activation: { kind: "none" }, checkpoints: 1, result: { status: "FINISHED", savepoint: "memory://gone" } },
    /no savepoint was found/,
  ],
  "the result of another job, put there (P-10)": [
    { activation: { kind: "none" }, result: { jobId: "d".repeat(32), status: "FINISHED", savepoint: "memory://its" } },
    /the result .* belongs to job d+, but the store to job/,
  ],
  "the checkpoints of another job, put there (P-10)": [
    { activation: { kind: "none" }, checkpoints: 1, writtenBy: jobId("d".repeat(32)) },
    /belongs to job .*: something was copied there/,
  ],
};

for (const [sentence, [given, reason]] of Object.entries(refusals)) {
  test(`LA2 ${sentence} is refused, and never an empty start`, async () => {
    const old = await store("old", given);
    await assert.rejects(resolve(latest(old)), (error) => error instanceof Error && reason.test(error.message));
  });
}

test("LA4 what somebody believes to be the newest state must be it", async () => {
  const old = await store("old", { activation: { kind: "none" }, checkpoints: 2 });
  const { state } = await resolve(latest(old), { fence: null });
  assert.equal((await resolve(latest(old, state?.location))).state?.manifest.checkpointId, 2);
  await assert.rejects(resolve(latest(old, "memory://believed")), { code: "RESTORE_REFUSED" });
  const fresh = await store("fresh", { activation: { kind: "none" } });
  await assert.rejects(resolve(latest(fresh, "memory://believed")), /is not the newest state .*: it has none/);
  await assert.rejects(resolve(latest("memory://own")), /this incarnation's own store/);
});

test("LA6 a store that was collected is refused with who took it over, however much of it is still there", async () => {
  const old = await store("old", { activation: { kind: "none" }, checkpoints: 3 });
  await resolve(latest(old));
  const opened = await openStore(old);
  await opened.put(
    "collected",
    Buffer.from(JSON.stringify({ version: 1, why: "superseded", successor: YOUNG, atMs: 1 })),
  );
  for (const change of [{}, { fence: null }]) {
    await assert.rejects(resolve(latest(old), change), {
      code: "RESTORE_REFUSED",
      message: new RegExp(`the state in ${old} was deleted: incarnation ${YOUNG} had taken it over`),
    });
  }
});
