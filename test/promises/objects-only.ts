/**
 * Owns: an API server and StatefulSets without nodes: every pod runs as soon as it exists, and has no process. Embedded, or those of a real
 * cluster, where no scheduler takes the pods.
 */
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { openLocalApiServer } from "../../embedded/api-server/index.ts";
import { InstantKubelet } from "../../embedded/kubelet/index.ts";
import { StatefulSetController } from "../../embedded/workloads/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { isOnKubernetes } from "./rig-cluster.ts";

export type ObjectsOnly = {
  /** As somebody whose writes are told from those of others by their field manager. */
  readonly as: (fieldManager: string) => KubernetesApi;
  close(): Promise<void>;
};

/** Of pods here: nobody looks for a node for them. */
export const NO_SCHEDULER = "example.org/nobody";

const parts = { clock: systemClock, random: systemRandom, log: silentLog };

export async function openObjectsOnly(): Promise<ObjectsOnly> {
  const server = isOnKubernetes ? await openReal() : await openEmbedded();
  const kubelet = new InstantKubelet({ ...parts, api: server.as("kubelet") });
  await kubelet.start();
  const close = async (): Promise<void> => {
    await kubelet.stop();
    await server.close();
  };
  return { as: server.as, close };
}

async function openReal(): Promise<ObjectsOnly> {
  return (await import("./kubernetes-rig-cluster.ts")).openObjects();
}

async function openEmbedded(): Promise<ObjectsOnly> {
  const server = await openLocalApiServer(parts);
  const workloads = new StatefulSetController({ ...parts, api: server.as("statefulset-controller") });
  await workloads.start();
  const close = async (): Promise<void> => {
    await workloads.stop();
    await server.close();
  };
  return { as: (fieldManager) => server.as(fieldManager), close };
}
