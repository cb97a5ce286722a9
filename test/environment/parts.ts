/**
 * Owns: the list of parts, for `npm run env`, what is needed first before what needs it; and names for several together.
 * A new part: a file beside this one, and a line here.
 */
import { apiRelayPart } from "./cluster/api-relay.ts";
import { containerdParts } from "./cluster/containerd.ts";
import { dnsPart } from "./cluster/dns.ts";
import { kubeProxyParts } from "./cluster/kube-proxy.ts";
import { kubeletParts } from "./cluster/kubelet.ts";
import { clusterNetworkPart, nodeNames } from "./cluster/network.ts";
import { nodeParts } from "./cluster/node.ts";
import { apiServerPart } from "./kubernetes/api-server.ts";
import { controllerManagerPart } from "./kubernetes/controller-manager.ts";
import { etcdPart } from "./kubernetes/etcd.ts";
import { schedulerPart } from "./kubernetes/scheduler.ts";
import { kafkaPart } from "./kafka.ts";
import { kafkaClusterParts } from "./kafka-cluster.ts";
import { mariadbPart } from "./mariadb.ts";
import { minioPart } from "./minio.ts";
import type { Part } from "./part.ts";
import { redisPart } from "./redis.ts";
import { versitygwPart } from "./versitygw.ts";

const kube = [etcdPart, apiServerPart, controllerManagerPart] as readonly Part[];
const s3 = [minioPart, versitygwPart] as readonly Part[];

/** What jobs read from and write to. */
const data = [kafkaPart, mariadbPart, redisPart] as readonly Part[];

const kafkaCluster = kafkaClusterParts as readonly Part[];

/** Beside `kube`. */
const nodes = [
  schedulerPart,
  clusterNetworkPart,
  apiRelayPart,
  dnsPart,
  ...nodeNames.flatMap((name) => [nodeParts[name], containerdParts[name], kubeletParts[name], kubeProxyParts[name]]),
] as readonly Part[];

/** A whole cluster, with two nodes. */
export const clusterParts: readonly Part[] = [...kube, ...nodes];

export const parts: readonly Part[] = [...s3, ...data, ...kafkaCluster, ...clusterParts];

/** Those that need no root. */
export const usualParts: readonly Part[] = [...s3, ...kube];

/** Parts that are of use together, by one name. */
export const partGroups: Readonly<Record<string, readonly Part[]>> = {
  s3,
  data,
  "kafka-cluster": kafkaCluster,
  kube,
  cluster: clusterParts,
};
