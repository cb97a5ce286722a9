import assert from "node:assert/strict";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadStreamGraph } from "../api/index.ts";
import { StreamError, seededRandom, silentLog, systemClock } from "../base/index.ts";
import { manifestKey, readLog } from "../checkpoint/index.ts";
import { buildJobGraph, type JobGraph } from "../graph/index.ts";
import { connectRpc, type FromJobManager, type TaskRef } from "../rpc/index.ts";
import { openStore } from "../storage/index.ts";
import { type JobManager, startJobManager } from "./job-manager.ts";
import type { Ending, JobManagerOptions } from "./job-manager-options.ts";
import { type Script, ScriptedWorld } from "./scripted-world.ts";

const JOB_ID = "0123456789abcdef0123456789abcdef";
const TWO_VERTICES = `
import { job } from "streamjob";
export default job((env) => {
  env.fromCollection([1, 2, 3, 4], { uid: "numbers" })
    .keyBy((n) => n % 2)
    .reduce((a, b) => a + b, { uid: "sum" })
    .print({ uid: "out" });
});`;
const TWO_REGIONS = `
import { job } from "streamjob";
export default job((env) => {
  env.fromCollection([1, 2, 3, 4], { uid: "numbers" }).print({ uid: "out" });
});`;
const OTHER_UIDS = TWO_VERTICES.replace('"sum"', '"total"');

type Setting = {
  readonly folder: string;
  readonly module: string;
  readonly storeUri: string;
  readonly options: Record<string, string>;
  readonly world: ScriptedWorld;
  readonly graph: JobGraph;
};
type Running = { readonly manager: JobManager; readonly ended: Promise<Ending> };

async function setting(
  t: TestContext,
  given: { module?: string; options?: Record<string, string>; script?: Partial<Script> } = {},
): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), "jobmanager-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  const module = join(folder, "job.ts");
  await writeFile(module, given.module ?? TWO_VERTICES);
  const options = {
    "parallelism.default": "2",
    "execution.checkpointing.interval": "1 h",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "3",
    "restart-strategy.fixed-delay.delay": "20 ms",
    ...given.options,
  };
  const graph = buildJobGraph(await loadStreamGraph({ module, options, args: [] }));
  const world = new ScriptedWorld(() => graph, given.script);
  return { folder, module, storeUri: join(folder, "root"), options, world, graph };
}

async function start(t: TestContext, place: Setting, more: Partial<JobManagerOptions> = {}): Promise<Running> {
  let ending: (status: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => {
    ending = resolve;
  });
  const manager = await startJobManager({
    job: { module: place.module, options: place.options, args: [], jobId: JOB_ID },
    storeUri: place.storeUri,
    rpcHost: "127.0.0.1",
    rpcPort: 0,
    restore: null,
    clock: systemClock,
    random: seededRandom(Math.floor(systemClock.nowMs())),
    log: silentLog,
    onTerminal: ending,
    heartbeatIntervalMs: 100,
    heartbeatTimeoutMs: 500,
    ...more,
  });
  t.after(() => manager.close());
  return { manager, ended };
}

/** A job running on two TaskManagers. */
async function running(t: TestContext, place: Setting, more: Partial<JobManagerOptions> = {}): Promise<Running> {
  const job = await start(t, place, { expectedTaskManagers: 2, ...more });
  await place.world.add("a", job.manager.rpcPort, 1);
  await place.world.add("b", job.manager.rpcPort, 1);
  await until("it runs", () => job.manager.job().status === "RUNNING");
  return job;
}

async function until(what: string, condition: () => boolean, withinMs = 5000): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  while (!condition()) {
    assert.ok(systemClock.monotonicMs() < deadlineMs, `in time: ${what}`);
    await new Promise((resolve) => systemClock.after(2, () => resolve(undefined)));
  }
}

async function checkpoint({ manager }: Running): Promise<void> {
  const before = manager.checkpoints().counts.completed;
  assert.equal(manager.triggerCheckpoint(null).kind, "accepted");
  await until("a checkpoint is completed", () => manager.checkpoints().counts.completed > before);
}

/** The text that the scripted tasks keep as state. */
function restoredText(place: Setting, attempt: number, vertex = 0): string | null {
  const deployment = place.world.deployed.find(({ task }) => task.attempt === attempt && task.vertex === vertex);
  const blob = deployment?.restore[0]?.operator[0]?.[0]?.blob;
  return blob?.kind === "inline" ? Buffer.from(blob.base64, "base64").toString() : null;
}

const filesOf = async (place: Setting): Promise<string[]> =>
  (await (await openStore(place.storeUri)).list("")).map((object) => object.key);

test("a bounded job runs, takes its final checkpoint, commits, finishes and deletes its checkpoints (CK-13, CK-15)", async (t) => {
  const place = await setting(t, { script: { committables: 1 } });
  const { manager, ended } = await running(t, place);
  assert.deepEqual(
    manager.taskManagers().map((view) => view.freeSlots),
    [0, 0],
  );
  const splits = place.world.deployed.filter(({ task }) => task.vertex === 0).map((deployment) => deployment.splits);
  assert.equal(splits.length, 2);
  assert.ok(splits.every((share) => Array.isArray(share)));
  place.world.endAll();
  assert.equal(await ended, "FINISHED");
  assert.equal(manager.job().status, "FINISHED");
  assert.equal(place.world.of("triggerCheckpoint").length, 2);
  assert.ok(place.world.of("checkpointComplete").length >= 2);
  const kinds = place.world.received.map((message) => message.kind).filter((kind) => kind !== "heartbeat");
  assert.ok(kinds.indexOf("finish") > kinds.lastIndexOf("checkpointComplete"), "finish comes after completion");
  const files = await filesOf(place);
  assert.ok(!files.some((key) => key.startsWith("data/") || key.endsWith(".committed")), files.join());
  assert.ok(files.includes("result"));
  assert.equal(manager.checkpoints().latestCompleted?.discarded, true);
});

test("a job that has ended is not run again by a new JobManager (JM4)", async (t) => {
  const place = await setting(t, { script: { endsAtOnce: () => true } });
  const first = await running(t, place);
  assert.equal(await first.ended, "FINISHED");
  const second = await start(t, place);
  assert.equal(await second.ended, "FINISHED");
  assert.equal(second.manager.job().epoch, 2);
});

test("the final checkpoint waits for commits before anybody finishes, and is retried when it fails", async (t) => {
  let declines = 1;
  const place = await setting(t, {
    script: { committables: 1, commits: () => false, onBarrier: () => (declines-- > 0 ? "decline" : "acknowledge") },
  });
  const { manager, ended } = await running(t, place);
  place.world.endAll();
  await until("the second try is completed", () => manager.checkpoints().counts.completed === 1);
  assert.equal(manager.checkpoints().counts.failed, 1);
  assert.equal(place.world.of("finish").length, 0);
  await until("both were told", () => place.world.of("checkpointComplete").length === 2);
  const complete = place.world.of("checkpointComplete")[0] as Extract<FromJobManager, { kind: "checkpointComplete" }>;
  assert.equal(place.world.of("finish").length, 0);
  for (const one of place.world.taskManagers.values()) {
    for (const task of one.tasks) {
      one.connection.send({ kind: "committed", epoch: one.epoch, task, checkpointId: complete.checkpointId });
    }
  }
  assert.equal(await ended, "FINISHED");
});

test("CK-1 without an interval no checkpoint is taken, and tasks finish when their data have ended", async (t) => {
  const place = await setting(t, { options: {}, script: { endsAtOnce: () => true } });
  delete place.options["execution.checkpointing.interval"];
  const { ended } = await start(t, place).then(async (job) => {
    await place.world.add("a", job.manager.rpcPort, 2);
    return job;
  });
  assert.equal(await ended, "FINISHED");
  assert.equal(place.world.of("triggerCheckpoint").length, 0);
});

test("CK-3 periodic checkpoints follow each other, ids rise, old ones are discarded, and their commits are noted", async (t) => {
  const place = await setting(t, {
    options: { "execution.checkpointing.interval": "20 ms" },
    script: { committables: 1 },
  });
  const { manager, ended } = await running(t, place);
  await until("four are completed", () => manager.checkpoints().counts.completed >= 4);
  const ids = manager.checkpoints().history.map((view) => view.id);
  assert.deepEqual(
    ids,
    ids.toSorted((left, right) => right - left),
  );
  await until("the first is discarded", () => manager.checkpoints().history.at(-1)?.discarded === true);
  manager.cancel();
  assert.equal(await ended, "CANCELED");
});

test("CK-4 CK-5 a checkpoint that times out or is declined fails, late acknowledgements are ignored, and the job goes on", async (t) => {
  let mode: "silent" | "decline" | "acknowledge" = "silent";
  const place = await setting(t, {
    options: { "execution.checkpointing.timeout": "80 ms" },
    script: { onBarrier: () => mode },
  });
  const { manager } = await running(t, place);
  manager.triggerCheckpoint("11111111111111111111111111111111");
  await until("it has timed out", () => manager.checkpoints().counts.failed === 1);
  const failed = manager.checkpoints().latestFailed;
  assert.match(failed?.failure ?? "", /not complete after 80 ms.*numbers|Collection/i);
  assert.equal(manager.trigger("11111111111111111111111111111111")?.kind, "failed");
  await until("tasks are told", () => place.world.of("checkpointAborted").length > 0);
  for (const one of place.world.taskManagers.values()) {
    for (const task of one.tasks) one.acknowledge(task, failed?.id ?? 0);
  }
  mode = "decline";
  manager.triggerCheckpoint(null);
  await until("it was declined", () => manager.checkpoints().counts.failed === 2);
  assert.match(manager.checkpoints().latestFailed?.failure ?? "", /no space is left/);
  mode = "acknowledge";
  await checkpoint({ manager, ended: Promise.resolve("fenced") });
  assert.equal(manager.checkpoints().counts.completed, 1);
  assert.equal(manager.job().restarts, 0);
});

test("CK-5 more failures in a row than tolerated fail the job over from its last checkpoint", async (t) => {
  let declines = 0;
  const place = await setting(t, {
    options: {
      "execution.checkpointing.interval": "20 ms",
      "execution.checkpointing.tolerable-failed-checkpoints": "1",
    },
    script: { onBarrier: () => (declines > 0 ? "decline" : "acknowledge") },
  });
  const { manager } = await running(t, place);
  await until("one is completed", () => manager.checkpoints().counts.completed >= 1);
  declines = 1;
  await until("the job restarts", () => manager.job().restarts === 1);
  declines = 0;
  assert.equal(manager.exceptions()[0]?.error.code, "CHECKPOINT_FAILED");
  await until("it runs again", () => manager.job().status === "RUNNING");
  assert.match(restoredText(place, 2) ?? "", /^checkpoint \d+$/);
});

test("RS-6 RS-7 a killed TaskManager restarts only its region, from the last checkpoint, on the one that comes instead", async (t) => {
  const place = await setting(t, { module: TWO_REGIONS });
  const job = await running(t, place);
  await checkpoint(job);
  await checkpoint(job);
  const [a] = place.world.taskManagers.values();
  const lostTasks = a?.tasks ?? [];
  assert.equal(lostTasks.length, 1);
  a?.kill();
  await until("it is noticed", () => job.manager.job().status === "RESTARTING");
  await place.world.add("c", job.manager.rpcPort, 1);
  await until("it runs again", () => job.manager.job().status === "RUNNING");
  const second = place.world.deployed.filter(({ task }) => task.attempt === 2);
  assert.deepEqual(
    second.map(({ task }) => task.subtask),
    lostTasks.map((task) => task.subtask),
  );
  assert.equal(restoredText(place, 2), "checkpoint 2");
  assert.equal(second[0]?.splits, null);
  const [exception] = job.manager.exceptions();
  assert.equal(exception?.error.code, "TASK_MANAGER_LOST");
  assert.match(exception?.taskName ?? "", /\(\d\/2\) - attempt 1$/);
  assert.equal(place.world.of("cancel").length, 0);
});

test("a silent TaskManager is lost after the heartbeat timeout, and the other tasks of the region are cancelled", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  const [a] = place.world.taskManagers.values();
  assert.ok(a !== undefined);
  a.isStopped = true;
  await until("it is noticed", () => job.manager.job().status === "RESTARTING", 3000);
  assert.match(job.manager.exceptions()[0]?.error.message ?? "", /no heartbeat for 500 ms/);
  await place.world.add("c", job.manager.rpcPort, 1);
  await until("it runs again", () => job.manager.job().status === "RUNNING");
  assert.equal(place.world.of("cancel").length, 1);
});

test("RS-2 after the last restart the job is FAILED with its history; checkpoints stay", async (t) => {
  const place = await setting(t, { options: { "restart-strategy.fixed-delay.attempts": "2" } });
  const job = await running(t, place);
  await checkpoint(job);
  for (let attempt = 1; attempt <= 3; attempt++) {
    await until("it runs", () => job.manager.job().status === "RUNNING");
    const [one] = place.world.taskManagers.values();
    const task = one?.tasks[0] as TaskRef;
    one?.fail(task, new Error(`failure ${attempt}`));
    await until("it is noticed", () => job.manager.exceptions().length === attempt);
  }
  assert.equal(await job.ended, "FAILED");
  assert.equal(job.manager.job().failure?.message, "failure 3");
  assert.equal(job.manager.job().restarts, 2);
  assert.deepEqual(
    job.manager.exceptions().map((entry) => entry.error.message),
    ["failure 3", "failure 2", "failure 1"],
  );
  assert.ok((await filesOf(place)).some((key) => key.endsWith(".manifest")));
  assert.ok(!(await filesOf(place)).includes("result"));
});

test("RS-8 a terminal error fails the job at once", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  const [one] = place.world.taskManagers.values();
  one?.fail(one.tasks[0] as TaskRef, new StreamError("STATE_INCOMPATIBLE", "no", { destiny: "terminal" }));
  assert.equal(await job.ended, "FAILED");
  assert.equal(job.manager.job().restarts, 0);
});

test("a deployment that does not become ready in time fails and is tried again", async (t) => {
  const place = await setting(t, { script: { becomesReady: (task) => task.attempt > 1 } });
  const job = await running(t, place, { deployTimeoutMs: 150 });
  assert.equal(job.manager.exceptions()[0]?.error.code, "DEPLOYMENT_TIMEOUT");
  assert.match(job.manager.exceptions()[0]?.error.message ?? "", /4 of 4 tasks.*attempt 1 on [ab]/);
});

test("SP-1 CK-20 a savepoint needs a target, has a manifest of its own, and is what a restart goes on from", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  await checkpoint(job);
  const refused = job.manager.triggerSavepoint({ kind: "savepoint", targetDirectory: null, triggerId: null });
  assert.ok(refused.kind === "refused" && refused.error.code === "SAVEPOINT_NO_TARGET");
  const triggerId = "a".repeat(32);
  const request = { kind: "savepoint", targetDirectory: join(place.folder, "saves"), triggerId } as const;
  assert.deepEqual(job.manager.triggerSavepoint(request), { kind: "accepted", triggerId });
  assert.deepEqual(job.manager.triggerSavepoint(request), { kind: "accepted", triggerId }, "JC2");
  await until("it is done", () => job.manager.trigger(triggerId)?.kind === "completed");
  const state = job.manager.trigger(triggerId);
  assert.ok(state?.kind === "completed");
  assert.match(state.location, /^file:.*\/saves\/savepoint-012345-[0-9a-f]{12}$/);
  assert.deepEqual(await readdir(join(place.folder, "saves")).then((names) => names.length), 1);
  await assert.rejects(job.manager.disposeSavepoint(state.location), /newest state/);
  const [one] = place.world.taskManagers.values();
  one?.fail(one.tasks[0] as TaskRef);
  await until("it restarts", () => place.world.deployed.some(({ task }) => task.attempt === 2));
  assert.equal(restoredText(place, 2), "checkpoint 2");
  assert.equal(place.world.deployed.at(-1)?.restore[0]?.storeUri, state.location);
  await until("it runs", () => job.manager.job().status === "RUNNING");
  await checkpoint(job);
  await job.manager.disposeSavepoint(state.location);
});

for (const kind of ["stop", "drain"] as const) {
  test(`SP-2 ${kind} takes a savepoint, commits, and the job finishes with the savepoint kept`, async (t) => {
    const place = await setting(t, {
      options: { "execution.checkpointing.interval": "20 ms" },
      script: { committables: 1 },
    });
    const job = await running(t, place);
    const answer = job.manager.triggerSavepoint({
      kind,
      targetDirectory: join(place.folder, "saves"),
      triggerId: null,
    });
    assert.ok(answer.kind === "accepted");
    const again = job.manager.triggerSavepoint({ kind, targetDirectory: join(place.folder, "saves"), triggerId: null });
    assert.ok(again.kind === "refused" && again.error.code === "JOB_STATE_CONFLICT");
    assert.equal(await job.ended, "FINISHED");
    const state = job.manager.trigger(answer.triggerId);
    assert.ok(state?.kind === "completed");
    assert.ok((await (await openStore(state.location)).list("")).some((object) => object.key === "_metadata"));
    const triggers = place.world.of("triggerCheckpoint") as Extract<FromJobManager, { kind: "triggerCheckpoint" }>[];
    assert.equal(triggers.at(-1)?.checkpointKind, kind, "SP-2: no later checkpoint");
    const restored = await start(t, await setting(t), {
      restore: { path: state.location, allowNonRestoredState: false },
    });
    await until("it is restored", () => restored.manager.checkpoints().restored !== null);
    assert.equal(restored.manager.checkpoints().restored?.isSavepoint, true);
  });
}

test("SP-3 a job that fails after its stop's savepoint completed restarts, and the trigger names the savepoint", async (t) => {
  const place = await setting(t, { script: { endsAfterStop: false } });
  const job = await running(t, place);
  const answer = job.manager.triggerSavepoint({
    kind: "stop",
    targetDirectory: join(place.folder, "saves"),
    triggerId: null,
  });
  assert.ok(answer.kind === "accepted");
  await until("it is completed", () => job.manager.trigger(answer.triggerId)?.kind === "completed");
  const [one] = place.world.taskManagers.values();
  one?.fail(one.tasks[0] as TaskRef);
  await until("it restarts", () => job.manager.job().restarts === 1);
  await until("it runs", () => job.manager.job().status === "RUNNING");
  assert.equal(restoredText(place, 2), "checkpoint 1");
  await checkpoint(job);
});

test("a failed savepoint leaves the job running and no files", async (t) => {
  const place = await setting(t, { script: { onBarrier: () => "decline" } });
  const job = await running(t, place);
  const answer = job.manager.triggerSavepoint({
    kind: "savepoint",
    targetDirectory: join(place.folder, "saves"),
    triggerId: null,
  });
  assert.ok(answer.kind === "accepted");
  await until("it fails", () => job.manager.trigger(answer.triggerId)?.kind === "failed");
  assert.equal(job.manager.job().status, "RUNNING");
  place.world.script.onBarrier = () => "acknowledge";
  await checkpoint(job);
});

test("a second JobManager on the same store fences the first, which stops and deletes and cancels nothing (JM3)", async (t) => {
  const place = await setting(t);
  const first = await running(t, place);
  await checkpoint(first);
  const second = await start(t, place);
  await until("the second leads", () => second.manager.checkpoints().restored !== null);
  const before = await filesOf(place);
  first.manager.triggerCheckpoint(null);
  assert.equal(await first.ended, "fenced");
  assert.deepEqual(await filesOf(place), before);
  assert.equal(place.world.of("cancel").length, 0);
  assert.equal(place.world.of("shutdown").length, 0);
  assert.equal(first.manager.job().status, "RUNNING", "its last word is not about the job");
  assert.equal(second.manager.job().epoch, 2);
});

test("R2 a TaskManager that serves a newer JobManager stops the older one", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  const [one] = place.world.taskManagers.values();
  one?.connection.send({ kind: "fenced", epoch: 7 });
  assert.equal(await job.ended, "fenced");
});

test("CK-19 CK-21 a new JobManager goes on from the newest checkpoint, ids go up, and an owed commit is noted once all run", async (t) => {
  const place = await setting(t, { script: { committables: 1, commits: () => false } });
  const first = await running(t, place);
  await checkpoint(first);
  await first.manager.close();
  await until("all are gone", () => place.world.taskManagers.size === 0);
  const store = await openStore(place.storeUri);
  assert.equal((await readLog(store)).committed.size, 0);
  place.world.deployed.length = 0;
  const second = await running(t, place);
  assert.equal(restoredText(place, 1), "checkpoint 1");
  assert.equal(second.manager.checkpoints().restored?.id, 1);
  let committed = 0;
  const look = (): void => void readLog(store).then((contents) => (committed = contents.committed.size));
  await until("the marker is there", () => {
    look();
    return committed === 1;
  });
  await checkpoint(second);
  assert.equal(second.manager.checkpoints().latestCompleted?.id, 2);
});

test("SP-5 state that does not fit is refused with the uid, and the job is FAILED with nothing deleted", async (t) => {
  const old = await setting(t);
  const first = await running(t, old);
  await checkpoint(first);
  const path = first.manager.checkpoints().latestCompleted?.externalPath ?? "";
  assert.ok(path.endsWith(manifestKey(2)), path);
  const place = await setting(t, { module: OTHER_UIDS });
  const refused = await start(t, place, { restore: { path, allowNonRestoredState: false } });
  assert.equal(await refused.ended, "FAILED");
  assert.equal(refused.manager.job().failure?.code, "STATE_INCOMPATIBLE");
  assert.match(refused.manager.job().failure?.message ?? "", /"sum"/);
  const allowed = await start(t, await setting(t, { module: OTHER_UIDS }), {
    restore: { path, allowNonRestoredState: true },
  });
  await until("it waits for slots", () => allowed.manager.job().status === "CREATED");
});

test("a savepoint that is not there is refused", async (t) => {
  const place = await setting(t);
  const job = await start(t, place, { restore: { path: join(place.folder, "no"), allowNonRestoredState: false } });
  assert.equal(await job.ended, "FAILED");
  assert.equal(job.manager.job().failure?.code, "SAVEPOINT_NOT_FOUND");
});

test("CK-15 cancel ends with CANCELED, deletes checkpoints, or keeps them when told to", async (t) => {
  for (const retention of ["DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION"]) {
    const place = await setting(t, {
      options: { "execution.checkpointing.externalized-checkpoint-retention": retention },
    });
    const job = await running(t, place);
    await checkpoint(job);
    assert.equal(job.manager.cancel(), "accepted");
    assert.equal(await job.ended, "CANCELED");
    assert.equal(job.manager.cancel(), "alreadyTerminal");
    const contents = await readLog(await openStore(place.storeUri));
    const kept = contents.entries.filter((entry) => entry.kind === "manifest" && entry.manifest.kind === "checkpoint");
    assert.equal(kept.length, retention.startsWith("RETAIN") ? 1 : 0);
  }
});

test("waiting for slots can be cancelled, and with a time limit it fails", async (t) => {
  const waiting = await start(t, await setting(t));
  await until("it waits", () => waiting.manager.job().status === "CREATED");
  waiting.manager.cancel();
  assert.equal(await waiting.ended, "CANCELED");
  const limited = await start(t, await setting(t), { slotTimeoutMs: 50 });
  assert.equal(await limited.ended, "FAILED");
  assert.equal(limited.manager.job().failure?.code, "NOT_ENOUGH_SLOTS");
});

test("RC4 TL1 a stranger at the port is turned away and disturbs nobody", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  const stranger = await connectRpc<object, object>({ host: "127.0.0.1", port: job.manager.rpcPort });
  const closed = new Promise((resolve) => {
    stranger.onClose = resolve;
  });
  stranger.onMessage = () => {};
  stranger.send({ kind: "committed", epoch: 1, task: { vertex: 0, subtask: 0, attempt: 1 }, checkpointId: 1 });
  await closed;
  await checkpoint(job);
});

test("a job in memory restarts from its checkpoints as long as the JobManager lives", async (t) => {
  const place = await setting(t, { options: { "state.backend.type": "memory" } });
  const job = await running(t, place);
  await checkpoint(job);
  const [one] = place.world.taskManagers.values();
  one?.fail(one.tasks[0] as TaskRef);
  await until("it restarts", () => place.world.deployed.some(({ task }) => task.attempt === 2));
  assert.equal(restoredText(place, 2), "checkpoint 1");
  assert.deepEqual(await filesOf(place), []);
});

test("CC4 while the store does not answer a checkpoint is in doubt, no region is deployed, and then the log decides", async (t) => {
  const place = await setting(t, { options: { "execution.checkpointing.timeout": "200 ms" } });
  const job = await running(t, place);
  await checkpoint(job);
  const [chk, away] = [join(place.storeUri, "chk"), join(place.storeUri, "away")];
  await rename(chk, away);
  await writeFile(chk, "not a folder");
  job.manager.triggerCheckpoint("b".repeat(32));
  await until("it fails", () => job.manager.trigger("b".repeat(32))?.kind === "failed");
  assert.match(job.manager.checkpoints().latestFailed?.failure ?? "", /manifest could not be written/);
  const [one] = place.world.taskManagers.values();
  one?.fail(one.tasks[0] as TaskRef);
  await until("it is stopped", () => job.manager.job().status === "RESTARTING");
  await new Promise((resolve) => systemClock.after(100, () => resolve(undefined)));
  assert.ok(
    !place.world.deployed.some(({ task }) => task.attempt === 2),
    "nothing is restored while that is not known",
  );
  await rm(chk);
  await rename(away, chk);
  await until("it runs again", () => job.manager.job().status === "RUNNING");
  assert.equal(restoredText(place, 2), "checkpoint 1");
  await checkpoint(job);
  assert.equal(job.manager.checkpoints().counts.failed, 1);
});

test("ST3 a JobManager that cannot reach its store at start waits for it", async (t) => {
  const place = await setting(t);
  await writeFile(place.storeUri, "in the way");
  const job = await start(t, place);
  await place.world.add("a", job.manager.rpcPort, 2);
  await new Promise((resolve) => systemClock.after(100, () => resolve(undefined)));
  assert.equal(job.manager.job().status, "INITIALIZING");
  await rm(place.storeUri);
  await until("it runs", () => job.manager.job().status === "RUNNING");
});

test("a task that fails after it was told to finish restarts the whole job from the final checkpoint, which then finishes", async (t) => {
  const place = await setting(t, { module: TWO_REGIONS, script: { endsAtOnce: ({ attempt }) => attempt > 1 } });
  const job = await running(t, place);
  const [a, b] = place.world.taskManagers.values();
  assert.ok(a !== undefined && b !== undefined);
  const victim = a.tasks[0] as TaskRef;
  a.failsToFinish = true;
  place.world.endAll();
  await until("one has finished", () => place.world.of("finish").length === 2);
  a.failsToFinish = false;
  a.fail(victim);
  assert.equal(await job.ended, "FINISHED");
  assert.equal(job.manager.job().restarts, 1);
  assert.deepEqual(place.world.deployed.filter(({ task }) => task.attempt === 2).length, 2);
  assert.equal(job.manager.checkpoints().counts.completed, 2);
});

for (const seed of [1, 2, 3]) {
  test(`in disorder (seed ${seed}) regions always start from the newest checkpoint there is, and the job ends`, async (t) => {
    const random = seededRandom(seed);
    const place = await setting(t, {
      module: seed === 2 ? TWO_REGIONS : TWO_VERTICES,
      options: {
        "execution.checkpointing.interval": "10 ms",
        "execution.checkpointing.timeout": "60 ms",
        "execution.checkpointing.max-concurrent-checkpoints": seed === 3 ? "3" : "1",
        "restart-strategy.fixed-delay.attempts": "10000",
        "restart-strategy.fixed-delay.delay": "1 ms",
      },
      script: {
        committables: 1,
        onBarrier: () => (random.next() < 0.9 ? "acknowledge" : random.next() < 0.5 ? "decline" : "silent"),
        commits: () => random.next() < 0.8,
      },
    });
    let job = await running(t, place);
    let names = 0;
    const place2 = async (): Promise<void> => {
      while (place.world.taskManagers.size < 2) await place.world.add(`tm-${names++}`, job.manager.rpcPort, 1);
    };
    const actions: (() => Promise<void> | void)[] = [
      () => [...place.world.taskManagers.values()][0]?.kill(),
      () => {
        const one = [...place.world.taskManagers.values()].at(-1);
        const task = one?.tasks[0];
        if (task !== undefined) one?.fail(task);
      },
      () =>
        void job.manager.triggerSavepoint({
          kind: "savepoint",
          targetDirectory: join(place.folder, "s"),
          triggerId: null,
        }),
      async () => {
        await job.manager.close();
        await until("all are gone", () => place.world.taskManagers.size === 0);
        job = await start(t, place);
      },
    ];
    for (let step = 0; step < 40; step++) {
      await new Promise((resolve) => systemClock.after(random.next() * 40, () => resolve(undefined)));
      const before = place.world.deployed.length;
      await actions[Math.floor(random.next() ** 2 * actions.length)]?.();
      await place2();
      for (const { task, restore } of place.world.deployed.slice(before)) {
        const blob = restore[0]?.operator[0]?.[0]?.blob;
        assert.ok(blob === undefined || blob.kind === "inline", `${task.vertex}`);
      }
    }
    place.world.script.onBarrier = () => "acknowledge";
    place.world.script.commits = () => true;
    place.world.script.endsAtOnce = () => true;
    place.world.endAll();
    // A commit that was never answered is made good by a restart.
    const stuck = systemClock.after(500, () => [...place.world.taskManagers.values()][0]?.kill());
    const keep = async (): Promise<void> => {
      while (!["FINISHED", "FAILED", "CANCELED"].includes(job.manager.job().status)) {
        await place2().catch(() => undefined);
        await new Promise((resolve) => systemClock.after(10, () => resolve(undefined)));
      }
    };
    await keep();
    stuck.cancel();
    assert.equal(await job.ended, "FINISHED");
    const restored = place.world.deployed.map(({ restore }) => {
      const blob = restore[0]?.operator[0]?.[0]?.blob;
      return blob?.kind === "inline" ? Number(Buffer.from(blob.base64, "base64").toString().split(" ")[1]) : 0;
    });
    restored.reduce((last, id) => {
      assert.ok(id >= last, `a region went back from checkpoint ${last} to ${id}`);
      return id;
    }, 0);
  });
}
