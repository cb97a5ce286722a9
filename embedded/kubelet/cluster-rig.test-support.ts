/**
 * Owns: an embedded cluster for tests: API server, StatefulSet controller and process kubelet in a folder of its own, with builders
 * over valid defaults and waiting for conditions. Called by: tests of this room only.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, sleep, systemClock, systemRandom } from "../../base/index.ts";
import type { Container, Pod, PodSpec, StatefulSet } from "../../operator/kubernetes/api/index.ts";
import { type LocalApiServer, openLocalApiServer } from "../api-server/index.ts";
import { StatefulSetController } from "../workloads/index.ts";
import { ProcessKubelet, type ProcessKubeletOptions } from "./process-kubelet.ts";
import { imageTable, type Programs } from "./programs.ts";

export const NAMESPACE = "prod";
/** Only something that never comes is to miss it, also on a machine that is busy with other things. */
const DEADLINE_MS = 60_000;

/** A program that is a text of the shell. */
export const shell = (text: string) => ({ command: "/bin/sh", args: ["-c", text] });
/** A program that is a text of Node. */
export const script = (text: string) => ({ command: process.execPath, args: ["-e", text] });

/** Stays until it is told to go. */
export const patient = shell("exec sleep 600");

export type Cluster = {
  readonly api: LocalApiServer;
  readonly kubelet: ProcessKubelet;
  readonly folder: string;
  stop(): Promise<void>;
};

export type ClusterOptions = Partial<Pick<ProcessKubeletOptions, "images" | "backoff" | "onOutput" | "folder">> & {
  readonly programs?: Programs;
  readonly api?: LocalApiServer;
};

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const base = { clock: systemClock, random: systemRandom, log: silentLog };
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "local-cluster-"));
  const api = options.api ?? (await openLocalApiServer(base));
  const { programs = { patient }, api: _api, ...given } = options;
  const kubelet = new ProcessKubelet({ ...base, images: imageTable({ programs }), ...given, api, folder });
  const controller = new StatefulSetController({ ...base, api });
  api.serveLogs((pod, logOptions) => kubelet.logs(pod, logOptions));
  await controller.start();
  await kubelet.start();
  return {
    api,
    kubelet,
    folder,
    stop: async () => {
      await controller.stop();
      await kubelet.stop(0);
      if (options.api === undefined) await api.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true });
    },
  };
}

export type PodOptions = Partial<PodSpec> & {
  readonly name?: string;
  readonly program?: string;
  readonly container?: Partial<Container>;
  readonly finalizers?: readonly string[];
};

export function buildPod(options: PodOptions = {}): Pod {
  const { name = "p", program = "patient", container = {}, finalizers, ...spec } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: NAMESPACE, name, ...(finalizers === undefined ? {} : { finalizers }) },
    spec: { containers: [{ name: "main", image: "v1", args: [program], ...container }], ...spec },
  };
}

export function buildSet(name: string, replicas: number, options: PodOptions = {}): StatefulSet {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { namespace: NAMESPACE, name },
    spec: {
      replicas,
      serviceName: "peers",
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: buildPod(options).spec },
    },
  };
}

export const keyOf = (name: string) => ({ namespace: NAMESPACE, name });

/** Waits until `probe` gives something; then that. */
export async function until<T>(what: string, probe: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + DEADLINE_MS;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== undefined && found !== false) return found;
    assert.ok(systemClock.monotonicMs() < deadlineMs, `not in ${DEADLINE_MS} ms: ${what}`);
    await sleep(systemClock, 3);
  }
}

/** Waits until the pod is as wanted; then it. */
export function podWhen(cluster: Cluster, name: string, what: string, is: (pod: Pod) => boolean): Promise<Pod> {
  return until(`pod ${name}: ${what}`, async () => {
    const pod = await cluster.api.get("Pod", keyOf(name));
    return pod !== null && is(pod) ? pod : null;
  });
}

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

export const containerOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
export const waitingReason = (pod: Pod): string | undefined => containerOf(pod)?.state?.waiting?.reason;

/** A zombie that nobody has asked for yet is dead. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync(`/proc/${pid}/stat`) || !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

/** Of a pod's container, once it has written this. */
export function logWith(cluster: Cluster, name: string, text: string): Promise<string> {
  return until(`${name} writes ${text}`, async () => {
    const pod = await cluster.api.get("Pod", keyOf(name));
    const log = pod === null ? "" : await cluster.api.logs(keyOf(name));
    return log.includes(text) ? log : null;
  });
}
