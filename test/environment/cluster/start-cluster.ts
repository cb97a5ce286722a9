/** Owns: starting all parts of a cluster with two nodes, in one environment; and a Cluster of what runs. */
import type { Environment, RunningPart } from "../environment.ts";
import { kubectlBinary } from "../kubernetes/binaries.ts";
import { type ApiServer, apiServerPart } from "../kubernetes/api-server.ts";
import { findBinary } from "../binary.ts";
import type { Tell } from "../part.ts";
import { clusterParts } from "../parts.ts";
import { BUSYBOX_IMAGE } from "./busybox-image.ts";
import { Cluster } from "./cluster.ts";
import { ClusterFailures } from "./cluster-failures.ts";
import { hasImage, importImages, nameImage } from "./containerd.ts";
import { type ClusterNetwork, clusterNetworkPart, nodeNames } from "./network.ts";
import { type NodeMachine, nodeParts } from "./node.ts";

/** Has all programs, one after the other. Errors: one cannot be had, or this user could start no node. */
export async function prepareCluster(environment: Environment, tell: Tell): Promise<void> {
  await environment.prepare(clusterParts);
  await findBinary(kubectlBinary, tell);
}

/** Builds what is missing, and starts everything at the same time. Errors: what could not be had or started first. */
export async function startCluster(environment: Environment, tell: Tell): Promise<Cluster> {
  await prepareCluster(environment, tell);
  const started = await Promise.allSettled(clusterParts.map((part) => environment.start(part)));
  for (const one of started) if (one.status === "rejected") throw one.reason;
  return clusterOf(environment.running());
}

/** Of a cluster that runs, whichever process has started it. */
export async function clusterOf(running: Readonly<Record<string, RunningPart>>): Promise<Cluster> {
  const kubectl = await findBinary(kubectlBinary, () => undefined);
  const given = (name: string): unknown => {
    const part = running[name];
    if (part === undefined)
      throw new Error(`the cluster has no ${name} of ours: is it named by an environment variable?`);
    return part.gives;
  };
  const nodes = nodeNames.map((name) => given(nodeParts[name].name) as NodeMachine);
  const { kubeconfigs } = given(apiServerPart.name) as ApiServer;
  return new Cluster({
    kubeconfig: kubeconfigs.admin,
    kubectl,
    busyboxImage: BUSYBOX_IMAGE,
    loadImage: async (archivePath, reference) => {
      const onNode = async (node: NodeMachine): Promise<void> => {
        if (reference === undefined || !(await hasImage(node, reference))) await importImages(node, archivePath);
      };
      await Promise.all(nodes.map(onNode));
    },
    nameImage: async (image, name) => void (await Promise.all(nodes.map((node) => nameImage(node, image, name)))),
    machineAddress: (given(clusterNetworkPart.name) as ClusterNetwork).machineAddress,
    failures: new ClusterFailures(running),
  });
}
