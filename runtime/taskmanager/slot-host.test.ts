import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadJobGraph } from "../program/index.ts";
import { jobId, type Log, silentLog, systemClock, taskManagerId } from "../../base/index.ts";
import type { FromJobManager, TaskRef, ToJobManager } from "../rpc/index.ts";
import { SlotHost } from "./slot-host.ts";

const MODULE = `import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
await new Promise((resolve) => setTimeout(resolve, 50));
export default job((env) => {
  env.configure({ name: "numbers" });
  env.fromSource(generatorSource({ generate: (n) => n, count: 10, type: t.int64 }), { uid: "numbers" }).rebalance().print();
});`;

async function setting(
  context: TestContext,
  log: Log = silentLog,
): Promise<{
  readonly host: SlotHost;
  readonly sent: ToJobManager[];
  readonly tasks: readonly TaskRef[];
  readonly deploy: Extract<FromJobManager, { kind: "deploy" }>;
}> {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-slot-"));
  const module = join(folder, "job.ts");
  writeFileSync(module, MODULE);
  const sent: ToJobManager[] = [];
  const host = await SlotHost.open({
    start: {
      jobId: "0".repeat(32),
      taskManagerId: "tm",
      slot: 0,
      host: "127.0.0.1",
      sleeping: new SharedArrayBuffer(4),
    },
    clock: systemClock,
    log,
    send: (message) => sent.push(message),
  });
  context.after(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const job = { jobId: jobId("0".repeat(32)), options: {}, predecessors: [], args: [], maxParallelism: [] };
  const graph = await loadJobGraph({ ...job, module });
  const tasks = graph.vertices.map(({ index }) => ({ vertex: index, subtask: 0, attempt: 1 }));
  const location = { taskManagerId: taskManagerId("tm"), slot: 0, host: "127.0.0.1", dataPort: host.exchange.dataPort };
  return {
    host,
    sent,
    tasks,
    deploy: {
      kind: "deploy",
      epoch: 1,
      job: { ...job, program: { kind: "module", path: module }, fingerprint: graph.fingerprint },
      target: { storeUri: `file://${folder}`, inlineOnly: false },
      tasks: tasks.map((task) => ({
        task,
        slot: 0,
        restore: [],
        isRestored: false,
        splits: [],
        inlineFiles: [],
      })),
      placements: tasks.map((task) => ({ task, location })),
    },
  };
}

const statesOf = (sent: readonly ToJobManager[]): string[] =>
  sent.flatMap((message) => (message.kind === "taskState" ? [message.state.kind] : []));

test("a cancellation that comes while the module is being loaded is answered (SH2)", async (context) => {
  const { host, sent, tasks, deploy } = await setting(context);
  const deployed = host.handle(deploy);
  await host.handle({ kind: "cancel", epoch: 1, tasks });
  await deployed;
  assert.equal(statesOf(sent).filter((state) => state === "canceled").length, tasks.length);
  assert.ok(!statesOf(sent).includes("running"));
});

test("a graph that differs from the JobManager's fails the tasks in words (SH1)", async (context) => {
  const { host, sent, tasks, deploy } = await setting(context);
  await host.handle({ ...deploy, job: { ...deploy.job, fingerprint: "f".repeat(32) } });
  assert.deepEqual(
    statesOf(sent),
    tasks.map(() => "failed"),
  );
  const [first] = sent;
  assert.ok(first?.kind === "taskState" && first.state.kind === "failed");
  assert.equal(first.state.error.code, "JOB_GRAPH_INVALID");
  assert.match(first.state.error.message, /builds another graph here/);
});

test("a program of a kind that only a newer JobManager knows fails the tasks in words", async (context) => {
  const { host, sent, tasks, deploy } = await setting(context);
  await host.handle({ ...deploy, job: { ...deploy.job, program: { kind: "sql", text: "SELECT 1" } as never } });
  assert.equal(statesOf(sent).join(), tasks.map(() => "failed").join());
  const [first] = sent;
  assert.ok(first?.kind === "taskState" && first.state.kind === "failed");
  assert.equal(first.state.error.code, "JOB_MODULE_INVALID");
  assert.match(
    first.state.error.message,
    /a program of kind "sql" was deployed, but this TaskManager only runs modules/,
  );
});

test("a slot that was told to prepare says so, and a deployment finds the job loaded (SH1, MES5)", async (context) => {
  const { host, sent, tasks, deploy } = await setting(context);
  await host.handle({ kind: "prepare", epoch: 1, job: deploy.job });
  await host.handle({ kind: "prepare", epoch: 1, job: { ...deploy.job, fingerprint: "f".repeat(32) } });
  const prepared = sent.filter((message) => message.kind === "prepared");
  assert.deepEqual(
    prepared.map(({ slot, error }) => [slot, error?.code ?? null]),
    [
      [0, null],
      [0, "JOB_GRAPH_INVALID"],
    ],
  );
  await host.handle(deploy);
  assert.deepEqual(
    statesOf(sent),
    tasks.map(() => "ready"),
  );
});

test("a slot that prepares asks its store something, and one that does not answer holds nothing up (SH3)", async (context) => {
  const asked: string[] = [];
  let status = 404;
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_facts, message) => void warnings.push(message) };
  const { host, sent, deploy } = await setting(context, log);
  const options = {
    "s3.endpoint": `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    "s3.path-style-access": "true",
    "s3.access-key": "key",
    "s3.secret-key": "secret",
  };
  const target = { storeUri: "s3://bucket/state", inlineOnly: false };
  const prepare = { kind: "prepare", epoch: 1, job: { ...deploy.job, options }, target } as const;
  await host.handle({ ...prepare, target: { ...target, inlineOnly: true } });
  assert.deepEqual(asked, []);
  await host.handle(prepare);
  assert.deepEqual([asked, warnings], [["HEAD /bucket/state/standby"], []]);
  status = 403;
  await host.handle(prepare);
  assert.equal(warnings.length, 1);
  const prepared = sent.filter((message) => message.kind === "prepared");
  assert.deepEqual(
    prepared.map(({ error }) => error),
    [null, null, null],
  );
});

test("tasks of a job that was stopped are started as stopped: they read nothing, and finish when told to (MA5)", async (context) => {
  const { host, sent, tasks, deploy } = await setting(context);
  const split = { part: 0, of: 1, next: 0 };
  await host.handle({ ...deploy, tasks: deploy.tasks.map((task) => ({ ...task, splits: [split] })) });
  await host.handle({ kind: "start", epoch: 1, tasks, asStopped: true });
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    host.metrics().map(({ recordsOut }) => recordsOut),
    tasks.map(() => 0),
  );
  await host.handle({ kind: "finish", epoch: 1, tasks });
  while (statesOf(sent).filter((state) => state === "finished").length < tasks.length) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const ofFirst = sent.flatMap((message) =>
    message.kind === "taskState" && message.task.vertex === 0 ? [message.state.kind] : [],
  );
  assert.deepEqual(ofFirst, ["ready", "running", "stopped", "finished"]);
});

test("LOG3 every line of a task says which vertex and subtask it is about", async (context) => {
  const facts: object[] = [];
  const log: Log = {
    ...silentLog,
    child: (more) => {
      facts.push(more);
      return log;
    },
  };
  const { host, deploy } = await setting(context, log);
  await host.handle(deploy);
  assert.deepEqual(
    facts.filter((more) => "vertex" in more),
    [
      { task: "0/0#1", vertex: 0, subtask: 0 },
      { task: "1/0#1", vertex: 1, subtask: 0 },
    ],
  );
});
