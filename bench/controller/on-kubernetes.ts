/**
 * Owns: the controller's bench on the real servers of Kubernetes: etcd, kube-apiserver and kube-controller-manager, which makes the pods of
 * StatefulSets; the operator in a process of its own, as its pod runs it. Pods are not run: each is ready as soon as it exists.
 *
 * CBK1 The servers are this bench's own: a scheduler and kubelets of a cluster that stands would run the pods.
 * CBK2 Requests are those that the operator counts at its own port to the API server; what keeps its lease is left out.
 * CBK3 Of a thousand jobs one has a new certificate every five minutes, whatever else is quiet: a Secret and a Service. So many renewals as fell
 *     due are counted apart, and no more.
 */
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { streamJobDefinition, streamJobSnapshotDefinition } from "../../crds/index.ts";
import { InstantKubelet } from "../../embedded/kubelet/index.ts";
import { connectKubernetes } from "../../operator/kubernetes/client/index.ts";
import {
  apiServerPart,
  controllerManagerPart,
  Environment,
  kubectlBinary,
  untilEstablished,
} from "../../test/environment/index.ts";
import { findBinary } from "../../test/environment/binary.ts";
import type { Part } from "../../test/environment/part.ts";
import { runProgram, withScratchFolder } from "../measure/scratch.ts";
import { grouped, milliseconds } from "../measure/text-table.ts";
import { InstantJobManagers } from "./instant-jobmanagers.ts";
import { openJobManagerFace } from "./jobmanager-face.ts";
import { ManyJobs } from "./many-jobs.ts";
import { OperatorProcess, type Requests } from "./operator-process.ts";

export type KubernetesFigures = {
  readonly settledMs: number;
  readonly settledWrites: number;
  readonly settledCpuSeconds: number;
  readonly latencies: readonly number[];
  /** `renewals`: certificates that were renewed because their term began (CBK3); their writes are not in `writes`. */
  readonly quiet: {
    readonly writes: number;
    readonly renewals: number;
    readonly reads: number;
    readonly cpuSeconds: number;
  };
  readonly memory: { readonly now: number; readonly peak: number };
};

export type KubernetesPlan = {
  readonly jobs: number;
  readonly changes: number;
  readonly quietSeconds: number;
  /** More flags of Node for the operator. */
  readonly flags: readonly string[];
};

const NAMESPACE = "default";
/** So long nothing is written when what went before has come to rest: jobs become stable a while after they run. */
const CALM_MS = 5000;
/** What writes on and on is measured as it is. */
const CALM_TRIES_MAX = 12;
/** CBK3: what a renewal writes, and how long after its term began. */
const RENEWAL_WRITES = ["apply Secret", "apply Service"];
const RENEWED_LATE_MS = 60_000;
const tell = (line: string): void => void process.stderr.write(`  ${line}\n`);

/** Errors: the servers cannot be had here. */
export async function measureOnKubernetes(plan: KubernetesPlan): Promise<KubernetesFigures> {
  const environment = new Environment({ tell, isAlone: true });
  try {
    const { kubeconfigs } = await environment.start(apiServerPart);
    await environment.start(quickControllerManager);
    await define(kubeconfigs.admin);
    return await withScratchFolder((folder) => measure(plan, kubeconfigs.admin, folder));
  } finally {
    await environment.stop();
  }
}

/** Its default of 20 requests a second is for clusters that grow by and by; here it would be all that is measured. */
const quickControllerManager: Part<unknown> = {
  ...controllerManagerPart,
  summary: () => "",
  check: (gives) => controllerManagerPart.check(gives as Parameters<typeof controllerManagerPart.check>[0]),
  launch: async (place) => {
    const { args, ...more } = await controllerManagerPart.launch(place);
    const quick = ["--kube-api-qps=500", "--kube-api-burst=1000", "--concurrent-statefulset-syncs=16"];
    return { ...more, args: [...args, ...quick] };
  },
};

async function define(kubeconfig: string): Promise<void> {
  const program = await findBinary(kubectlBinary, tell);
  const kubectl = async (...args: readonly string[]): Promise<void> => {
    const { exitCode, stderr } = await runProgram(program, [...args, `--kubeconfig=${kubeconfig}`]);
    if (exitCode !== 0) throw new Error(`kubectl ${args[0]} failed: ${stderr}`);
  };
  await withScratchFolder(async (folder) => {
    const path = `${folder}/definitions.json`;
    const items = [streamJobDefinition(), streamJobSnapshotDefinition()];
    await writeFile(path, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await kubectl("apply", "--server-side", `--filename=${path}`);
    await untilEstablished(kubectl, "--all");
  });
}

async function measure(plan: KubernetesPlan, kubeconfig: string, folder: string): Promise<KubernetesFigures> {
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const connection = await connectKubernetes({ clock: systemClock, kubeconfig, fieldManager: "bench" });
  const { api } = connection;
  const kubelet = new InstantKubelet({ ...parts, api });
  await kubelet.start();
  const face = await openJobManagerFace(api, NAMESPACE, new InstantJobManagers(1));
  const jobs = new ManyJobs(api, plan.jobs, NAMESPACE);
  let operator: OperatorProcess | null = null;
  try {
    await jobs.create();
    process.stdout.write(`  ${grouped(plan.jobs)} StreamJobs are there\n`);
    const startedMs = performance.now();
    const options = { kubeconfig, namespace: NAMESPACE, podAddress: face.address, folder, flags: plan.flags };
    operator = await OperatorProcess.start(options);
    await jobs.settled(1000);
    const settledMs = performance.now() - startedMs;
    const settledWrites = (await operator.requests()).writes;
    const settledCpuSeconds = operator.cpuSeconds();
    process.stdout.write(`  all settled after ${milliseconds(settledMs)}, ${grouped(settledWrites)} writes\n`);
    await calm(operator);
    const latencies = await jobs.timeChanges(plan.changes);
    process.stdout.write(`  ${plan.changes} changes are made\n`);
    await calm(operator);
    const beganMs = Date.now();
    const [before, cpuBefore] = [await operator.requests(), operator.cpuSeconds()];
    await sleep(plan.quietSeconds * 1000);
    const after = await operator.requests();
    tellWrites(before, after);
    const due = await jobs.certificatesDue(beganMs - RENEWED_LATE_MS, Date.now());
    const renewals = Math.min(due, ...RENEWAL_WRITES.map((what) => more(what, before, after)));
    const quiet = {
      writes: after.writes - before.writes - renewals * RENEWAL_WRITES.length,
      renewals,
      reads: after.reads - before.reads,
      cpuSeconds: operator.cpuSeconds() - cpuBefore,
    };
    return { settledMs, settledWrites, settledCpuSeconds, latencies, quiet, memory: operator.memory() };
  } finally {
    await operator?.stop();
    await face.close();
    await kubelet.stop();
    connection.close();
  }
}

async function calm(operator: OperatorProcess): Promise<void> {
  for (let tries = 0; tries < CALM_TRIES_MAX; tries++) {
    const { writes } = await operator.requests();
    await sleep(CALM_MS);
    if ((await operator.requests()).writes === writes) return;
  }
}

/** What a quiet operator wrote, for whoever has to find out why. */
function tellWrites(before: Requests, after: Requests): void {
  for (const what of after.byKind.keys()) {
    const times = more(what, before, after);
    if (times > 0) process.stdout.write(`  in quiet: ${times} times ${what}\n`);
  }
}

function more(what: string, before: Requests, after: Requests): number {
  return (after.byKind.get(what) ?? 0) - (before.byKind.get(what) ?? 0);
}
