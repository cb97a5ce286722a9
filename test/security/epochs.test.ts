import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId, silentLog, StreamError, systemClock, taskManagerId, toErrorInfo } from "../../base/index.ts";
import { checkpoint, running, setting, until } from "../../runtime/jobmanager/scripted-job.test-support.ts";
import { type FromJobManager, listenRpc, type RpcConnection, type ToJobManager } from "../../runtime/rpc/index.ts";
import { startTaskManager } from "../../runtime/taskmanager/index.ts";

const JOB = jobId("a".repeat(32));
const task = { vertex: 0, subtask: 0, attempt: 1 };
const source = {
  jobId: JOB,
  predecessors: [],
  program: { kind: "module", path: "/nowhere/job.ts" },
  options: {},
  args: [],
  maxParallelism: [],
  fingerprint: "",
} as const;

/** All that a JobManager may tell a TaskManager to do, in the name of an epoch. */
const orders = (epoch: number): readonly FromJobManager[] => [
  { kind: "registered", epoch, jobId: JOB, heartbeatIntervalMs: 10_000, heartbeatTimeoutMs: 60_000 },
  { kind: "heartbeat", epoch },
  { kind: "prepare", epoch, job: source },
  {
    kind: "deploy",
    epoch,
    job: source,
    target: { storeUri: "memory://x", inlineOnly: true },
    tasks: [],
    placements: [],
  },
  { kind: "start", epoch, tasks: [task], asStopped: false },
  { kind: "cancel", epoch, tasks: [task] },
  {
    kind: "triggerCheckpoint",
    epoch,
    checkpointId: 9,
    checkpointKind: "stop",
    aligned: true,
    target: null,
    triggeredMs: 0,
    tasks: [task],
  },
  { kind: "checkpointComplete", epoch, checkpointId: 9, tasks: [task] },
  { kind: "checkpointAborted", epoch, checkpointId: 9, tasks: [task] },
  { kind: "finish", epoch, tasks: [task] },
  { kind: "shutdown", epoch, jobId: JOB },
];

test("SEC-25 a TaskManager does nothing of what comes in the name of an epoch that is over, also when it is replayed", async (t) => {
  const got: ToJobManager[] = [];
  let peer: RpcConnection<FromJobManager, ToJobManager> | null = null;
  const server = await listenRpc<FromJobManager, ToJobManager>({
    host: "127.0.0.1",
    port: 0,
    onConnection: (connection) => {
      connection.onMessage = (message) => void got.push(message);
      connection.onClose = () => undefined;
      peer = connection;
    },
  });
  t.after(() => server.close());
  const manager = await startTaskManager({
    jobId: JOB,
    taskManagerId: taskManagerId("tm"),
    host: "127.0.0.1",
    jobManagerHost: "127.0.0.1",
    jobManagerPort: server.port,
    slots: 1,
    clock: systemClock,
    log: silentLog,
  });
  t.after(() => manager.close());
  let isDone = false;
  void manager.done.then(() => (isDone = true));
  const count = (kind: ToJobManager["kind"]): number => got.filter((message) => message.kind === kind).length;
  const send = (message: FromJobManager): void => peer?.send(message);
  await until("it has registered", () => count("register") === 1);
  send({ kind: "registered", epoch: 7, jobId: JOB, heartbeatIntervalMs: 10_000, heartbeatTimeoutMs: 60_000 });
  const stale = [...orders(6), ...orders(1), ...orders(0)];
  for (const order of stale) send(order);
  await until("each was answered", () => count("fenced") === stale.length);
  assert.ok(got.every((message) => message.kind !== "fenced" || message.epoch === 7));
  assert.equal(count("prepared"), 0, "no slot has seen one of them");
  assert.equal(isDone, false);
  send({ kind: "prepare", epoch: 7, job: source });
  await until("its own JobManager is served", () => count("prepared") === 1);
});

test("SEC-25 a JobManager believes no TaskManager about another epoch, another's tasks, or the past", async (t) => {
  const place = await setting(t, { options: { "heartbeat.timeout": "1 min" } });
  const job = await running(t, place);
  await checkpoint(job);
  const [honest] = place.world.taskManagers.values();
  const mallory = await place.world.add("mallory", job.manager.rpcPort, 1);
  await until("mallory is registered", () => mallory.epoch > 0);
  const error = toErrorInfo(new StreamError("USER_FUNCTION_FAILED", "forged"));
  const { epoch } = mallory;
  const tasks = [...place.world.taskManagers.values()].flatMap((one) => one.tasks);
  const { latestCompleted } = job.manager.checkpoints();
  assert.ok(tasks.length > 0 && latestCompleted !== null);
  job.manager.triggerCheckpoint(null);
  for (const other of [epoch - 1, epoch + 1, 0, 2 ** 40]) {
    for (const ref of tasks) {
      // From the one that runs it, but in the name of another epoch.
      honest?.connection.send({ kind: "taskState", epoch: other, task: ref, state: { kind: "failed", error } });
      honest?.connection.send({ kind: "committed", epoch: other, task: ref, checkpointId: latestCompleted.id });
    }
    honest?.connection.send({ kind: "leaving", epoch: other });
  }
  for (const ref of tasks) {
    for (const attempt of [ref.attempt, ref.attempt - 1, ref.attempt + 1]) {
      const forged = { ...ref, attempt };
      mallory.connection.send({ kind: "taskState", epoch, task: forged, state: { kind: "failed", error } });
      mallory.connection.send({ kind: "taskState", epoch, task: forged, state: { kind: "finished" } });
      mallory.connection.send({
        kind: "checkpointDeclined",
        epoch,
        task: forged,
        checkpointId: latestCompleted.id + 1,
        phase: "sync",
        error,
      });
      mallory.acknowledge(forged, latestCompleted.id);
    }
  }
  await checkpoint(job);
  const { status, restarts } = job.manager.job();
  assert.deepEqual([status, restarts, job.manager.exceptions()], ["RUNNING", 0, []]);
  assert.equal(job.manager.checkpoints().counts.failed, 0);
});

test("SEC-25 a forged newer epoch stops no JobManager: the store says who leads, and the forger loses its connection", async (t) => {
  const place = await setting(t, { options: { "heartbeat.timeout": "1 min" } });
  const job = await running(t, place);
  const mallory = await place.world.add("mallory", job.manager.rpcPort, 1);
  await until("mallory is registered", () => mallory.epoch > 0);
  for (let n = 0; n < 20; n++) mallory.connection.send({ kind: "fenced", epoch: 1_000_000 + n });
  await until("mallory is cut off", () => !place.world.taskManagers.has(mallory.id));
  await checkpoint(job);
  assert.deepEqual([job.manager.job().status, job.manager.job().epoch, job.manager.job().restarts], ["RUNNING", 1, 0]);
});
