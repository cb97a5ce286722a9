/**
 * Owns: everything that a cluster with nodes says of some namespaces, but Secrets: all objects of all kinds, descriptions for people, logs of
 * all containers and of those before them, metrics, and what processes were started with.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Cluster } from "../environment/index.ts";

type PodList = {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly containers: readonly { readonly ports?: readonly { readonly containerPort: number }[] }[];
    };
    readonly status: {
      readonly podIP?: string;
      readonly containerStatuses?: readonly { readonly restartCount: number }[];
    };
  }[];
};

const METRICS_PORT = 9249;

/** By where it was said. */
export async function everythingSaid(
  cluster: Cluster,
  namespaces: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>();
  const kinds = (await cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name"))
    .split("\n")
    .filter((kind) => kind !== "" && kind !== "secrets");
  for (const namespace of namespaces) {
    for (const kind of kinds) {
      const text = await cluster.kubectl(
        "get",
        kind,
        "--namespace",
        namespace,
        "--output=json",
        "--show-managed-fields",
      );
      said.set(`${kind} of ${namespace}`, text);
    }
    said.set(
      `descriptions of ${namespace}`,
      await cluster.kubectl("describe", "pods,streamjobs", "--namespace", namespace),
    );
    for (const pod of (await cluster.get<PodList>("pods", "--namespace", namespace)).items) {
      await addPod(said, cluster, namespace, pod);
    }
  }
  for (const [pid, text] of argumentsOfProcesses()) said.set(`arguments of process ${pid}`, text);
  return said;
}

async function addPod(
  said: Map<string, string>,
  cluster: Cluster,
  namespace: string,
  { metadata: { name }, spec, status }: PodList["items"][number],
): Promise<void> {
  said.set(`log of ${name}`, await cluster.kubectl("logs", name, "--namespace", namespace, "--all-containers"));
  if (status.containerStatuses?.some(({ restartCount }) => restartCount > 0) === true) {
    said.set(`log before of ${name}`, await cluster.kubectl("logs", name, "--namespace", namespace, "--previous"));
  }
  const hasMetrics = spec.containers.some(({ ports = [] }) =>
    ports.some(({ containerPort }) => containerPort === METRICS_PORT),
  );
  if (!hasMetrics) return;
  for (const path of ["metrics", "healthz", "readyz"]) {
    const response = await fetch(`http://${status.podIP}:${METRICS_PORT}/${path}`);
    said.set(`${path} of ${name}`, await response.text());
  }
}

/** Nodes are namespaces of this machine: their pods' processes are its own. */
function argumentsOfProcesses(): [string, string][] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid): [string, string][] => {
      try {
        const text = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        // Pods' alone: tests of others on this machine have secrets of their own.
        return /streamjob/.test(text) && readFileSync(`/proc/${pid}/cgroup`, "utf8").includes("kubepods")
          ? [[pid, text]]
          : [];
      } catch {
        return []; // it has just ended
      }
    });
}
