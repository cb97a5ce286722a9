/**
 * Question: how does the controller bear a thousand StreamJobs?
 *
 * Owns: the figures, and the phases in an embedded cluster. Not here: the phases on the real servers (controller/on-kubernetes.ts), the
 * StreamJobs (controller/many-jobs.ts), JobManagers without processes (controller/instant-jobmanagers.ts), the embedded API server
 * and the kubelet without processes (embedded).
 *
 * CB1 API server, workload controller, kubelet and operator are one process here: time and memory are of all of them together.
 * CB2 Quiet means quiet: mutating requests of the operator are counted at its port, every kind.
 * CB3 Measured in a process with the memory that an operator's container is given: V8 fills what it may, so a figure without a limit
 *     says little.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startController } from "../operator/controller/index.ts";
import { nativeEngine } from "../operator/engine-native/index.ts";
import { InstantKubelet } from "../embedded/kubelet/index.ts";
import { openLocalApiServer } from "../embedded/api-server/index.ts";
import { StatefulSetController } from "../embedded/workloads/index.ts";
import { silentLog, systemClock, systemRandom } from "../base/index.ts";
import { countingApi } from "./controller/counting-api.ts";
import { InstantJobManagers } from "./controller/instant-jobmanagers.ts";
import { ManyJobs } from "./controller/many-jobs.ts";
import { measureOnKubernetes } from "./controller/on-kubernetes.ts";
import { shareText, watchOthers, warnOfShares } from "./measure/machine.ts";
import { grouped, milliseconds, textTable } from "./measure/text-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";

const JOBS = 1000;
const CHANGES = 300;
const QUIET_SECONDS = 60;
const LIMITS = { settledMs: 30_000, changeP99Ms: 100, quietWrites: 0, memoryBytes: 300 * 2 ** 20 };
/** On the real servers. */
const KUBERNETES_LIMITS = { changeP99Ms: 1000, quietWrites: 0, memoryBytes: 400 * 2 ** 20 };

export const controllerQuestion: Question = {
  summary: "the controller with 1,000 StreamJobs and no processes: until all are settled, one change, quiet, memory",
  options: [
    `--jobs <n>      StreamJobs (default ${grouped(JOBS)})`,
    `--changes <n>   timed changes (default ${CHANGES})`,
    `--quiet <s>     seconds of quiet (default ${QUIET_SECONDS})`,
    "--api <which>   embedded, all in one process (default); or kubernetes: etcd, kube-apiserver, kube-controller-manager, the operator a process",
    "--flag <flag>   with --api kubernetes: one more flag of Node for the operator, such as --cpu-prof",
  ],
  run: ask,
};

/** CB3 */
const MEMORY_FLAGS = ["--max-old-space-size=200", "--max-semi-space-size=8", "--expose-gc"];
const RUN = fileURLToPath(new URL("./run.ts", import.meta.url));

type Plan = { readonly jobs: number; readonly changes: number; readonly quietSeconds: number };

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["jobs", "changes", "quiet", "api", "flag"]);
  const plan: Plan = {
    jobs: wholeNumber(options, "jobs", { absent: JOBS, least: 1, most: 100_000 }),
    changes: wholeNumber(options, "changes", { absent: CHANGES, least: 10, most: 100_000 }),
    quietSeconds: wholeNumber(options, "quiet", { absent: QUIET_SECONDS, least: 1, most: 3600 }),
  };
  const flag = options.get("flag");
  if (oneOf(options, "api", ["embedded", "kubernetes"]) === "kubernetes")
    return onKubernetes(plan, flag === undefined ? [] : [flag]);
  if (MEMORY_FLAGS.every((flag) => process.execArgv.includes(flag))) return measure(plan);
  const child = spawn(process.execPath, [...MEMORY_FLAGS, RUN, "controller", ...args], { stdio: "inherit" });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  if (exitCode !== 0) throw new Error(`the measuring process ended with exit code ${exitCode}`);
  return 0;
}

async function onKubernetes(plan: Plan, flags: readonly string[]): Promise<0> {
  const others = watchOthers();
  const { settledMs, settledWrites, settledCpuSeconds, latencies, quiet, memory } = await measureOnKubernetes({
    ...plan,
    flags,
  });
  const share = others();
  const { changeP99Ms, quietWrites, memoryBytes } = KUBERNETES_LIMITS;
  const rows = [
    ["", "measured", "limit", ""],
    [`${grouped(plan.jobs)} jobs, start to all settled`, milliseconds(settledMs), "", ""],
    ["  requests of the operator that write", grouped(settledWrites), "", ""],
    ["  processor time of the operator", `${settledCpuSeconds.toFixed(1)} s`, "", ""],
    ["one change, p50", milliseconds(shareOf(latencies, 0.5)), "", ""],
    row("one change, p99", shareOf(latencies, 0.99), changeP99Ms, milliseconds),
    row(`writes in ${plan.quietSeconds} s of quiet`, quiet.writes, quietWrites, String),
    ["  renewals of certificates that fell due, beside them", String(quiet.renewals), "", ""],
    [`reads in ${plan.quietSeconds} s of quiet`, String(quiet.reads), "", ""],
    ["  processor time of the operator", `${quiet.cpuSeconds.toFixed(1)} s`, "", ""],
    row("memory (resident) of the operator", memory.now, memoryBytes, megabytes),
    row("  at its peak", memory.peak, memoryBytes, megabytes),
  ];
  tellTable(rows, share);
  return 0;
}

function tellTable(rows: readonly (readonly string[])[], share: number | undefined): void {
  process.stdout.write(`\n${textTable(rows, ["left", "right", "right", "left"])}\n`);
  process.stdout.write(`others took ${shareText(share)} of all cores meanwhile\n`);
  warnOfShares([share]);
}

/** Of values that ascend. */
function shareOf(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] as number;
}

async function measure({ jobs, changes, quietSeconds: quiet }: Plan): Promise<0 | 1> {
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const others = watchOthers();
  const server = await openLocalApiServer(parts);
  const kubelet = new InstantKubelet({ ...parts, api: server.as("kubelet") });
  const workloads = new StatefulSetController({ ...parts, api: server.as("statefulset-controller") });
  await kubelet.start();
  await workloads.start();
  const people = server.as("bench");
  const many = new ManyJobs(people, jobs, "default");
  await many.create();

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
  await many.settled(100);
  const settledMs = performance.now() - startedMs;
  process.stdout.write(`  all settled after ${milliseconds(settledMs)}, ${grouped(counted.counts.writes)} writes\n`);
  // Until each is stable, and its status says so.
  await sleep(3000);

  const latencies = await many.timeChanges(changes);
  const at = (share: number): number => shareOf(latencies, share);
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
  tellTable(rows, share);
  return 0;
}

function row(what: string, value: number, limit: number, format: (value: number) => string): string[] {
  return [what, format(value), format(limit), value <= limit ? "ok" : "NOT MET"];
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
