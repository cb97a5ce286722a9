/** A whole job in its own processes: it ends, its processes die and come back, it is cancelled, it fails. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  homeFolder,
  isAlive,
  type LocalClusterOptions,
  RestClient,
  readRecord,
  startLocalCluster,
} from "../../cli/index.ts";
import { jobDetailsSchema, metricsSchema } from "../../contract/index.ts";
import { until } from "./until.ts";

const folder = mkdtempSync(join(tmpdir(), "streamjob-cluster-"));
const home = join(folder, "home");
after(() => rmSync(folder, { recursive: true, force: true }));

const module = join(folder, "numbers.ts");
writeFileSync(
  module,
  `import { job, t } from "streamjob";
import { generatorSource, printSink } from "streamjob/connectors/basic";
export default job((env) => {
  env.configure({ checkpoints: { interval: "100 ms" } });
  const [count, rate, poison] = env.args.map(Number);
  env
    .fromSource(generatorSource({ generate: (index) => index, count: count!, ratePerSecond: rate!, type: t.int64 }), { uid: "numbers" })
    .process({ process(n, { metrics, out }) { metrics.counter("numbers").inc(); metrics.histogram("number").update(n); out.collect(n); } }, { uid: "seen", type: t.int64 })
    .map((n) => { if (n === poison) throw new Error("poisoned"); return n % 2 === 0 ? "even" : "odd"; }, { uid: "kind", type: t.string })
    .keyBy((kind) => kind)
    .aggregate({ createAccumulator: () => 0, add: (_kind, n) => n + 1, getResult: (n) => n }, { uid: "count", type: t.int32 })
    .sinkTo(printSink(), { uid: "print" });
});
`,
);

async function start(args: readonly string[], options: Partial<LocalClusterOptions> = {}) {
  const story: string[] = [];
  let printed = "";
  const cluster = await startLocalCluster({
    module,
    args,
    home,
    stdout: (piece) => (printed += piece.toString()),
    say: (line) => story.push(line),
    ...options,
  });
  const client = new RestClient(cluster.restUrl, cluster.jobId);
  const checkpoints = async (): Promise<number> =>
    (await client.checkpoints().catch(() => null))?.latest.completed?.id ?? 0;
  return { cluster, client, story, printed: () => printed, checkpoints };
}

/** What the job's code counts is shown by REST under Flink's id, and by `/metrics`; both go up. */
async function assertMetrics(restUrl: string, jobId: string): Promise<void> {
  const get = async (path: string): Promise<Response> => fetch(`${restUrl}${path}`);
  const { vertices } = jobDetailsSchema.parse(await (await get(`/jobs/${jobId}`)).json());
  const metrics = `/jobs/${jobId}/vertices/${vertices[0]?.id}/metrics?get=0.process.numbers,0.process.number_max`;
  let first: number | null = null;
  await until(async () => {
    const [numbers, max] = metricsSchema.parse(await (await get(metrics)).json());
    if (numbers?.id !== "0.process.numbers" || max?.id !== "0.process.number_max") return false;
    first ??= Number(numbers.value);
    return Number(numbers.value) > first && Number(max.value) === Number(numbers.value) - 1;
  }, "a counter that goes up, and a histogram beside it");
  await until(async () => {
    const text = await (await get("/metrics")).text();
    const [, count] = /^streamjob_taskmanager_job_task_operator_numbers\{.*uid="seen"\} (\d+)$/m.exec(text) ?? [];
    const [, checkpoints] = /^streamjob_jobmanager_job_numberOfCompletedCheckpoints\{.*\} (\d+)$/m.exec(text) ?? [];
    const [, rate] = /^streamjob_taskmanager_job_task_numRecordsOutPerSecond\{.*\} (\S+)$/m.exec(text) ?? [];
    return Number(count) > 0 && Number(checkpoints) >= 2 && Number(rate) > 0;
  }, "the same counter, the task's rate and the checkpoints in Prometheus' format");
}

describe("a job in its own processes", () => {
  it("runs to its end, prints its results, and leaves no process", async () => {
    const { cluster, printed, story } = await start(["20", "1000"], { parallelism: 2, taskManagers: 2 });
    const pids = cluster.pids();
    assert.equal(pids.taskManagers.length, 2);
    assert.deepEqual(readRecord(homeFolder(home), cluster.jobId)?.pids, pids);
    assert.equal((await cluster.waitTerminal()).status, "FINISHED");
    assert.deepEqual(printed().match(/> 10$/gm)?.length, 2);
    assert.match(story.join("\n"), /RUNNING: 4 tasks on 2 TaskManagers.*\n[^]*FINISHED/);
    for (const pid of [pids.jobManager ?? 0, ...pids.taskManagers]) assert.equal(isAlive(pid), false);
    const record = readRecord(homeFolder(home), cluster.jobId);
    assert.equal(record?.terminal?.status, "FINISHED");
    assert.deepEqual(record?.pids, { jobManager: null, taskManagers: [] });
  });

  it("goes on from its checkpoint when its TaskManager and its JobManager are killed (LC1-LC4), and from its savepoint at another parallelism", async () => {
    const { cluster, client, checkpoints, story } = await start(["1000000", "500"]);
    await until(async () => (await checkpoints()) >= 2, "a checkpoint");
    await assertMetrics(cluster.restUrl, cluster.jobId);
    const before = cluster.pids();
    process.kill(before.taskManagers[0] as number, "SIGKILL");
    await until(
      () => ![undefined, before.taskManagers[0]].includes(cluster.pids().taskManagers[0]),
      "another TaskManager",
    );
    const ofTheFirst = await checkpoints();
    await until(async () => (await checkpoints()) > ofTheFirst, "a checkpoint after the restart");
    process.kill(before.jobManager as number, "SIGKILL");
    await until(() => ![null, before.jobManager].includes(cluster.pids().jobManager), "another JobManager");
    const record = readRecord(homeFolder(home), cluster.jobId);
    assert.deepEqual(record?.pids, cluster.pids());
    assert.equal(record?.jobManagerRestarts, 1);
    await until(
      async () => (await client.checkpoints().catch(() => null))?.latest.restored !== undefined,
      "REST at the same port",
    );
    await until(
      async () => ((await client.checkpoints().catch(() => null))?.latest.restored?.id ?? 0) > ofTheFirst,
      "the restore",
    );
    await until(async () => (await client.status().catch(() => null)) === "RUNNING", "the job to run again");
    assert.equal((await cluster.stop()).status, "CANCELED");
    assert.match(
      story.join("\n"),
      /TaskManager 1 .* SIGKILL[^]*JobManager .* SIGKILL[^]*Restored from checkpoint[^]*CANCELED/,
    );
  });

  it("that fails says what, where in the module, and what to do", async () => {
    const { cluster, story } = await start(["100", "1000", "7"], { options: { "restart-strategy.type": "none" } });
    const { status, failure } = await cluster.waitTerminal();
    assert.equal(status, "FAILED");
    assert.equal(failure?.code, "USER_FUNCTION_FAILED");
    assert.match(story.slice(-2).join("\n"), /poisoned.*numbers\.ts:9:\d+[^]*USER_FUNCTION_FAILED/);
  });

  it("dies at a failpoint once and not again after its restart (LC5)", async () => {
    const { cluster } = await start(["300", "300"], { failpoints: { jobManager: "jm:after-manifest=kill" } });
    assert.equal((await cluster.waitTerminal()).status, "FINISHED");
    assert.equal(readRecord(homeFolder(home), cluster.jobId)?.jobManagerRestarts, 1);
  });
});
