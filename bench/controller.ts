/**
 * Question: how does the controller bear a thousand StreamJobs?
 *
 * Owns: the phases and the figures. Not here: JobManagers without processes (controller/instant-jobmanagers.ts), the API server
 * and the kubelet without processes (embedded).
 *
 * CB1 API server, workload controller, kubelet and operator are one process here: time and memory are of all of them together.
 * CB2 One change is timed from the write of a manifest to the status that speaks of its generation, as a watcher sees it.
 * CB3 Quiet means quiet: mutating requests of the operator are counted at its port, every kind.
 * CB4 Measured in a process with the memory that an operator's container is given: V8 fills what it may, so a figure without a limit
 *     says little.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readStreamJobStatus, type StreamJob } from "../crds/index.ts";
import { startController } from "../operator/controller/index.ts";
import { nativeEngine } from "../operator/engine-native/index.ts";
import type { KubernetesApi } from "../operator/kubernetes/api/index.ts";
import { InstantKubelet } from "../embedded/kubelet/index.ts";
import { openLocalApiServer } from "../embedded/api-server/index.ts";
import { StatefulSetController } from "../embedded/workloads/index.ts";
import { silentLog, systemClock, systemRandom } from "../base/index.ts";
import { countingApi } from "./controller/counting-api.ts";
import { InstantJobManagers } from "./controller/instant-jobmanagers.ts";
import { shareText, watchOthers, warnOfShares } from "./measure/machine.ts";
import { grouped, milliseconds, textTable } from "./measure/text-table.ts";
import { type Question, readOptions, wholeNumber } from "./question.ts";

const JOBS = 1000;
const CHANGES = 300;
const QUIET_SECONDS = 60;
/** Between two changes. */
const PAUSE_MS = 20;
const LIMITS = { settledMs: 30_000, changeP99Ms: 100, quietWrites: 0, memoryBytes: 300 * 2 ** 20 };

export const controllerQuestion: Question = {
  summary: "the controller with 1,000 StreamJobs and no processes: until all are settled, one change, quiet, memory",
  options: [
    `--jobs <n>      StreamJobs (default ${grouped(JOBS)})`,
    `--changes <n>   timed changes (default ${CHANGES})`,
    `--quiet <s>     seconds of quiet (default ${QUIET_SECONDS})`,
  ],
  run: ask,
};

/** CB4 */
const MEMORY_FLAGS = ["--max-old-space-size=200", "--max-semi-space-size=8", "--expose-gc"];
const RUN = fileURLToPath(new URL("./run.ts", import.meta.url));

async function ask(args: readonly string[]): Promise<0 | 1> {
  if (MEMORY_FLAGS.every((flag) => process.execArgv.includes(flag))) return measure(args);
  const child = spawn(process.execPath, [...MEMORY_FLAGS, RUN, "controller", ...args], { stdio: "inherit" });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  if (exitCode !== 0) throw new Error(`the measuring process ended with exit code ${exitCode}`);
  return 0;
}

async function measure(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["jobs", "changes", "quiet"]);
  const jobs = wholeNumber(options, "jobs", { absent: JOBS, least: 1, most: 100_000 });
  const changes = wholeNumber(options, "changes", { absent: CHANGES, least: 10, most: 100_000 });
  const quiet = wholeNumber(options, "quiet", { absent: QUIET_SECONDS, least: 1, most: 3600 });
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const others = watchOthers();
  const server = await openLocalApiServer(parts);
  const kubelet = new InstantKubelet({ ...parts, api: server.as("kubelet") });
  const workloads = new StatefulSetController({ ...parts, api: server.as("statefulset-controller") });
  await kubelet.start();
  await workloads.start();
  const people = server.as("bench");
  for (let index = 0; index < jobs; index++) await people.create("StreamJob", manifest(index, 0));

  const startedMs = performance.now();
  const counted = countingApi(server.as("streamjob-operator"));
  const controller = await startController({
    ...parts,
    api: counted.api,
    jobManagers: new InstantJobManagers(1),
    settings: { storageRoot: "file:///checkpoints", defaultImage: "bench", engine: nativeEngine },
    identity: "bench",
    election: null,
    endpoints: null,
  });
  await settled(people, jobs);
  const settledMs = performance.now() - startedMs;
  process.stdout.write(`  all settled after ${milliseconds(settledMs)}, ${grouped(counted.counts.writes)} writes\n`);
  // Until each is stable, and its status says so.
  await sleep(3000);

  const latencies = await timeChanges(people, jobs, changes);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] as number;
  process.stdout.write(`  ${changes} changes: p50 ${milliseconds(at(0.5))}, p99 ${milliseconds(at(0.99))}\n`);

  await sleep(2000);
  const before = { ...counted.counts };
  await sleep(quiet * 1000);
  const quietWrites = counted.counts.writes - before.writes;
  const quietReads = counted.counts.reads - before.reads;
  globalThis.gc?.();
  const memory = process.memoryUsage();
  await controller.stop();
  await workloads.stop();
  await kubelet.stop();
  await server.close();

  const share = others();
  const rows = [
    ["", "measured", "limit", ""],
    row(`${grouped(jobs)} jobs, start to all settled`, settledMs, LIMITS.settledMs, milliseconds),
    row("one change, p50", at(0.5), LIMITS.changeP99Ms, milliseconds),
    row("one change, p99", at(0.99), LIMITS.changeP99Ms, milliseconds),
    row(`writes in ${quiet} s of quiet`, quietWrites, LIMITS.quietWrites, String),
    [`reads in ${quiet} s of quiet`, String(quietReads), "", ""],
    row("memory (resident) of the whole process", memory.rss, LIMITS.memoryBytes, megabytes),
    ["heap in use", megabytes(memory.heapUsed), "", ""],
  ];
  process.stdout.write(`\n${textTable(rows, ["left", "right", "right", "left"])}\n`);
  process.stdout.write(`others took ${shareText(share)} of all cores meanwhile\n`);
  warnOfShares([share]);
  return 0;
}

function row(what: string, value: number, limit: number, format: (value: number) => string): string[] {
  return [what, format(value), format(limit), value <= limit ? "ok" : "NOT MET"];
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;

function manifest(index: number, change: number): StreamJob {
  return {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: `job-${index}`, namespace: "default" },
    spec: {
      job: { module: "/job.ts" },
      parallelism: 1,
      savepoints: { retain: { count: 1 + change } },
      upgrade: { stability: { window: "1s" } },
    },
  };
}

async function settled(api: KubernetesApi, jobs: number): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    const { items } = await api.list("StreamJob");
    if (items.filter(isReady).length === jobs) return;
    await sleep(100);
  }
  throw new Error("not all StreamJobs are Ready after 5 minutes");
}

function isReady({ status, metadata }: StreamJob): boolean {
  const read = readStreamJobStatus(status);
  if (read.kind === "unreadable") return false;
  const ready = read.status.conditions.find(({ type }) => type === "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}

/** Milliseconds, ascending (CB2). */
async function timeChanges(api: KubernetesApi, jobs: number, changes: number): Promise<number[]> {
  const { resourceVersion } = await api.list("StreamJob");
  const waiting = new Map<string, { readonly generation: number; readonly sentMs: number }>();
  const latencies: number[] = [];
  const stop = new AbortController();
  const watch = api.watch("StreamJob", { resourceVersion, signal: stop.signal }, (event) => {
    if (event.type === "BOOKMARK") return;
    const { metadata, status } = event.object;
    const sent = waiting.get(metadata.name);
    if (sent === undefined || (status?.observedGeneration ?? -1) < sent.generation) return;
    waiting.delete(metadata.name);
    latencies.push(performance.now() - sent.sentMs);
  });
  for (let change = 1; change <= changes; change++) {
    const index = (change * 7919) % jobs;
    const name = `job-${index}`;
    const key = { namespace: "default", name };
    const { generation = 0 } = (await api.get("StreamJob", key))?.metadata ?? {};
    waiting.set(name, { generation: generation + 1, sentMs: performance.now() });
    await api.patch("StreamJob", key, { spec: manifest(index, change).spec });
    await sleep(PAUSE_MS);
  }
  for (let tries = 0; waiting.size > 0; tries++) {
    if (tries > 600) throw new Error(`${waiting.size} changes were not seen to be reconciled after a minute`);
    await sleep(100);
  }
  stop.abort(new Error("measured"));
  await watch;
  return latencies.toSorted((a, b) => a - b);
}
