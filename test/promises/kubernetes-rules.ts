/**
 * Owns: a real API server that takes StreamJobs which our rules would refuse, as long as a test needs it: one without CEL, or with an
 * older definition.
 *
 * KRU1 The definitions are the cluster's: who takes the rules away puts them back, and both hold for the next call when the promise resolves.
 */
import { writeFileSync } from "node:fs";
import { streamJobDefinition, streamJobSnapshotDefinition } from "../../crds/index.ts";
import type { Cluster } from "../environment/index.ts";
import { until } from "../kubernetes/until.ts";

const RULES = "x-kubernetes-validations";

/** `path`: of a file that is written. */
export async function takeRulesAway(cluster: Cluster, namespace: string, path: string): Promise<void> {
  await cluster.apply(withoutRules(streamJobDefinition()), withoutRules(streamJobSnapshotDefinition()));
  await until("the rules to be gone", () => isTaken(cluster, namespace, path));
}

/** As `takeRulesAway`. */
export async function putRulesBack(cluster: Cluster, namespace: string, path: string): Promise<void> {
  await cluster.apply(streamJobDefinition(), streamJobSnapshotDefinition());
  await until("the rules to be back", async () => !(await isTaken(cluster, namespace, path)));
}

function withoutRules<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === RULES ? undefined : inner))) as T;
}

/** Whether the server would take what a rule is against. Errors: it says no for another reason. */
async function isTaken(cluster: Cluster, namespace: string, path: string): Promise<boolean> {
  const contradiction = {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "against-a-rule", namespace },
    spec: { job: { module: "/job.ts" }, parallelism: 8, maxParallelism: 4 },
  };
  writeFileSync(path, JSON.stringify(contradiction));
  try {
    await cluster.kubectl("create", "--dry-run=server", `--filename=${path}`);
    return true;
  } catch (error) {
    if (String(error).includes("maxParallelism")) return false;
    throw error;
  }
}
