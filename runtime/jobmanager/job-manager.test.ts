import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { jobId, StreamError, systemClock, taskManagerId, toErrorInfo } from "../../base/index.ts";
import { manifestKey, readLog } from "../checkpoint/index.ts";
import { connectRpc, type FromJobManager, type TaskRef, type ToJobManager } from "../rpc/index.ts";
import { openStore, sha256Hex } from "../storage/index.ts";
import {
  checkpoint,
  filesOf,
  OTHER_UIDS,
  restoredText,
  running,
  setting,
  start,
  TWO_REGIONS,
  until,
} from "./scripted-job.test-support.ts";

test("a job that has ended is not run again by a new JobManager (JM4)", async (t) => {
  const place = await setting(t, { script: { endsAtOnce: () => true } });
  const first = await running(t, place);
  assert.equal(await first.ended, "FINISHED");
  const second = await start(t, place);
  assert.equal(await second.ended, "FINISHED");
  assert.equal(second.manager.job().epoch, 2);
  const { endedMs } = first.manager.job();
  assert.ok(endedMs !== null);
  assert.equal(second.manager.job().endedMs, endedMs, "it ended when it ended");
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
  const { restored, counts } = job.manager.checkpoints();
  assert.deepEqual([restored?.id, restored?.isSavepoint, counts.restored], [2, false, 1]);
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
  await until("it is noticed", () => job.manager.job().status === "RESTARTING");
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
  // The time limit holds for later attempts too, and one of them may miss it when the machine stalls.
  const place = await setting(t, {
    options: { "restart-strategy.fixed-delay.attempts": "1000" },
    script: { becomesReady: (task) => task.attempt > 1 },
  });
  const job = await running(t, place, { deployTimeoutMs: 150 });
  const first = job.manager.exceptions().at(-1)?.error;
  assert.equal(first?.code, "DEPLOYMENT_TIMEOUT");
  assert.match(first.message, /4 of 4 tasks.*attempt 1 on [ab]/);
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

test("FAO2 LEW1 after a failure a JobManager asks whether it still leads, and an overtaken one deploys nothing again", async (t) => {
  const place = await setting(t);
  const first = await running(t, place);
  await checkpoint(first);
  const second = await start(t, place);
  await until("the second leads", () => second.manager.checkpoints().restored !== null);
  const [one] = place.world.taskManagers.values();
  let ending: string | null = null;
  void first.ended.then((how) => (ending = how));
  one?.fail(one.tasks[0] as TaskRef);
  await until("it is told", () => ending !== null || place.world.deployed.some(({ task }) => task.attempt > 1));
  assert.equal(ending, "fenced");
  assert.deepEqual(
    place.world.deployed.filter(({ task }) => task.attempt > 1),
    [],
  );
});

test("MES2 JM6 a TaskManager that serves a newer JobManager stops the older one, which looks into the store for it", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  const second = await start(t, place);
  await until("the second leads", () => second.manager.job().epoch === 2);
  const [one] = place.world.taskManagers.values();
  one?.connection.send({ kind: "fenced", epoch: 2 });
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

test("LS1 state of the job's own checkpoints is not left behind by the permission with which it was once started", async (t) => {
  const place = await setting(t);
  const first = await running(t, place);
  await checkpoint(first);
  await first.manager.close();
  const renamed = { ...(await setting(t, { module: OTHER_UIDS })), storeUri: place.storeUri };
  const restore = { path: join(place.folder, "where it once began"), allowNonRestoredState: true };
  const again = await start(t, renamed, { restore });
  await until("it is refused", () => again.manager.job().status === "FAILED");
  assert.match(again.manager.job().failure?.message ?? "", /"sum".*start with -s.*--allow-non-restored-state/);
});

test("a job whose log a newer program has written to is refused, and its store is left as it is (FV2)", async (t) => {
  const place = await setting(t);
  const first = await running(t, place);
  await checkpoint(first);
  await first.manager.close();
  const store = await openStore(place.storeUri);
  await store.put(manifestKey(3), nextVersionOf((await store.read(manifestKey(2))) as Uint8Array));
  const before = await store.list("");
  const again = await start(t, place);
  assert.equal(await again.ended, "FAILED");
  const { failure } = again.manager.job();
  assert.equal(failure?.code, "FORMAT_TOO_NEW");
  assert.match(
    failure?.message ?? "",
    /chk\/0000000003\.manifest is of version 4, and this program reads version 3: use the/,
  );
  assert.deepEqual(await store.list(""), before);
});

/** The same manifest as a program of the next version would write it (MC3). */
function nextVersionOf(manifest: Uint8Array): Uint8Array {
  const text = Buffer.from(manifest).toString("utf8");
  const body = Buffer.from(text.slice(text.indexOf("\n") + 1).replace('"version":1', '"version":4'));
  return Buffer.concat([Buffer.from(`streamjob-manifest 4 sha256=${sha256Hex(body)} length=${body.length}\n`), body]);
}

test("a savepoint that is not there is refused", async (t) => {
  const place = await setting(t);
  const job = await start(t, place, { restore: { path: join(place.folder, "no"), allowNonRestoredState: false } });
  assert.equal(await job.ended, "FAILED");
  assert.equal(job.manager.job().failure?.code, "SAVEPOINT_NOT_FOUND");
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

test("CON4 TL1 a stranger at the port is turned away and disturbs nobody", async (t) => {
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

test("MES4 what is said about an earlier attempt, or by a TaskManager that does not run the task, is ignored", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  const [a, b] = place.world.taskManagers.values();
  assert.ok(a !== undefined && b !== undefined);
  const old = a.tasks[0] as TaskRef;
  a.fail(old);
  await until("it runs again", () => job.manager.job().restarts === 1 && job.manager.job().status === "RUNNING");
  const late = { epoch: a.epoch, task: old } as const;
  const error = toErrorInfo(new Error("late"));
  a.connection.send({ kind: "taskState", ...late, state: { kind: "failed", error } });
  const present = a.tasks[0] as TaskRef;
  b.connection.send({ kind: "taskState", epoch: b.epoch, task: present, state: { kind: "canceled" } });
  await checkpoint(job);
  assert.equal(job.manager.job().restarts, 1);
  assert.equal(job.manager.job().status, "RUNNING");
});

test("TL6 a TaskManager of another job, at the port of its old JobManager, is refused and runs nothing", async (t) => {
  const place = await setting(t);
  const job = await start(t, place, { expectedTaskManagers: 2 });
  const answers: FromJobManager[] = [];
  const stranger = await connectRpc<ToJobManager, FromJobManager>({ host: "127.0.0.1", port: job.manager.rpcPort });
  stranger.onMessage = (message) => void answers.push(message);
  let isClosed = false;
  stranger.onClose = () => {
    isClosed = true;
  };
  stranger.send({
    kind: "register",
    jobId: jobId("f".repeat(32)),
    taskManagerId: taskManagerId("stranger"),
    pid: 1,
    host: "127.0.0.1",
    dataPorts: [1, 2],
  });
  await until("it is refused", () => isClosed);
  assert.deepEqual(
    answers.map((answer) => (answer.kind === "refused" ? [answer.kind, answer.jobId] : answer.kind)),
    [["refused", job.manager.jobId]],
  );
  assert.deepEqual(job.manager.taskManagers(), []);
  await place.world.add("a", job.manager.rpcPort, 1);
  await place.world.add("b", job.manager.rpcPort, 1);
  await until("it runs on its own", () => job.manager.job().status === "RUNNING");
  assert.deepEqual(
    job.manager.taskManagers().map(({ id }) => String(id)),
    ["a", "b"],
  );
});
