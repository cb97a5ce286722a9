import assert from "node:assert/strict";
import { test } from "node:test";
import { taskManagerId } from "../../../base/index.ts";
import type { FromJobManager } from "../../rpc/index.ts";
import type { ScriptedTaskManager, Trigger } from "../scripted-world.test-support.ts";
import {
  incarnation,
  restoredText,
  running,
  type Setting,
  setting,
  start,
  TWO_REGIONS,
  until,
} from "../scripted-job.test-support.ts";

const triggers = (place: Setting): readonly Trigger[] => place.world.of("triggerCheckpoint") as Trigger[];
const handovers = (place: Setting): readonly Trigger[] =>
  triggers(place).filter(({ checkpointKind }) => checkpointKind === "handover");

function taskManager(place: Setting, name: string): ScriptedTaskManager {
  const one = place.world.taskManagers.get(taskManagerId(name));
  assert.ok(one !== undefined);
  return one;
}

const isGone = (place: Setting, name: string): boolean => !place.world.taskManagers.has(taskManagerId(name));

test("HOV1 HOV5 tasks of a TaskManager that leaves go on elsewhere from a checkpoint taken for it, and it may end: no failure, no restart", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  await place.world.add("c", job.manager.rpcPort, 1);
  taskManager(place, "a").leave();
  await until("it may end", () => isGone(place, "a"));
  assert.equal(new Set(handovers(place).map(({ checkpointId }) => checkpointId)).size, 1);
  await until("its tasks run elsewhere", () => taskManager(place, "c").tasks.length > 0);
  await until("the job runs", () => job.manager.job().status === "RUNNING");
  const [{ checkpointId } = { checkpointId: 0 }] = handovers(place);
  assert.equal(restoredText(place, 2), `checkpoint ${checkpointId}`);
  const { restarts, failure } = job.manager.job();
  assert.deepEqual([restarts, failure, job.manager.exceptions()], [0, null, []]);
  const { latestCompleted } = job.manager.checkpoints();
  assert.deepEqual([latestCompleted?.id, latestCompleted?.kind], [checkpointId, "checkpoint"]);
});

test("SLP4 what a TaskManager that leaves has free is given to nobody, and it waits with its tasks until the others have room", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  taskManager(place, "a").leave();
  await until("it may end", () => isGone(place, "a"));
  assert.ok(job.manager.taskManagers().every(({ id }) => id !== "a"));
  assert.equal(job.manager.job().status, "RESTARTING");
  await place.world.add("c", job.manager.rpcPort, 1);
  await until("the job runs", () => job.manager.job().status === "RUNNING");
  const attempts = new Set(place.world.deployed.map(({ task }) => task.attempt));
  assert.deepEqual([...attempts], [1, 2], "nothing was deployed where it could not stay");
});

test("HOV2 only the region of a TaskManager that leaves stands still and restarts", async (t) => {
  const place = await setting(t, { module: TWO_REGIONS });
  const job = await running(t, place);
  await place.world.add("c", job.manager.rpcPort, 1);
  const staying = taskManager(place, "b").tasks;
  taskManager(place, "a").leave();
  await until("it may end", () => isGone(place, "a"));
  await until("its tasks run elsewhere", () => taskManager(place, "c").tasks.length > 0);
  assert.deepEqual(
    triggers(place).map(({ checkpointKind, tasks }) => [checkpointKind, tasks.map(({ subtask }) => subtask)]),
    [
      ["handover", handovers(place)[0]?.tasks.map(({ subtask }) => subtask)],
      ["checkpoint", staying.filter(({ vertex }) => vertex === 0).map(({ subtask }) => subtask)],
    ],
  );
  assert.deepEqual(taskManager(place, "b").tasks, staying, "the same attempts");
});

test("HOV3 a handover that fails lets its tasks go on, and another one follows", async (t) => {
  const place = await setting(t, { script: { onBarrier: () => "decline" } });
  const job = await running(t, place);
  taskManager(place, "a").leave();
  await until("it was declined", () => place.world.of("checkpointAborted").length > 0);
  assert.equal(job.manager.job().status, "RUNNING");
  assert.ok(!isGone(place, "a") && job.manager.job().restarts === 0);
  place.world.script.onBarrier = () => "acknowledge";
  await until("it may end", () => isGone(place, "a"));
});

test("HOV3 a task that fails during a handover restarts as ever, and the TaskManager's tasks are deployed elsewhere", async (t) => {
  const place = await setting(t, { script: { onBarrier: () => "silent" } });
  const job = await running(t, place);
  await place.world.add("c", job.manager.rpcPort, 1);
  taskManager(place, "a").leave();
  await until("it was triggered", () => handovers(place).length > 0);
  const [task] = taskManager(place, "b").tasks;
  assert.ok(task !== undefined);
  taskManager(place, "b").fail(task);
  await until("it may end", () => isGone(place, "a"));
  await until("the job runs", () => job.manager.job().status === "RUNNING");
  assert.equal(job.manager.job().restarts, 1);
});

test("HOV4 a job that is being stopped with a savepoint gets no other checkpoint: the TaskManager waits for its end", async (t) => {
  const place = await setting(t, { script: { onBarrier: () => "silent" } });
  const job = await running(t, place);
  const request = { kind: "stop", targetDirectory: `${place.folder}/savepoints`, triggerId: null } as const;
  assert.equal(job.manager.triggerSavepoint(request).kind, "accepted");
  await until("it stops", () => triggers(place).length > 0);
  taskManager(place, "a").leave();
  await until("the JobManager knows", () =>
    job.manager.taskManagers().some(({ freeSlots, id }) => id === "a" && freeSlots === 0),
  );
  const [stop] = triggers(place);
  assert.ok(stop !== undefined);
  place.world.script.onBarrier = () => "acknowledge";
  place.world.barrier(stop);
  assert.equal(await job.ended, "FINISHED");
  assert.deepEqual(handovers(place), []);
});

test("HOV5 a JobManager may end when a checkpoint holds all that was emitted; its tasks then stand still", async (t) => {
  const place = await setting(t, { script: { onBarrier: () => "silent" } });
  const job = await running(t, place);
  let mayEnd = false;
  const left = job.manager.leave().then(() => (mayEnd = true));
  await until("a handover is triggered", () => handovers(place).length > 0);
  assert.equal(mayEnd, false);
  const [handover] = handovers(place);
  assert.ok(handover !== undefined);
  const before = place.world.received.length;
  place.world.script.onBarrier = () => "acknowledge";
  place.world.barrier(handover);
  await left;
  const after = new Set(place.world.received.slice(before).map(({ kind }) => kind satisfies FromJobManager["kind"]));
  for (const kind of ["cancel", "deploy", "checkpointAborted"] as const) assert.ok(!after.has(kind), kind);
});

test("HOV5 a JobManager with nothing that runs may end at once: in standby, and after the end of the job", async (t) => {
  const place = await setting(t);
  const standby = await incarnation(t, place, "one");
  await until("it waits", () => standby.incarnation().phase === "standby");
  await standby.leave();
  const job = await start(t, place);
  await place.world.add("a", job.manager.rpcPort, 2);
  await until("it runs", () => job.manager.job().status === "RUNNING");
  job.manager.cancel();
  await job.ended;
  await job.manager.leave();
});

test("MES8 a TaskManager that leaves a JobManager where nothing runs yet is told to end at once", async (t) => {
  const place = await setting(t);
  const job = await start(t, place, { expectedTaskManagers: 2 });
  await place.world.add("a", job.manager.rpcPort, 1);
  await until("it is registered", () => place.world.of("registered").length === 1);
  taskManager(place, "a").leave();
  await until("it may end", () => isGone(place, "a"));
});
