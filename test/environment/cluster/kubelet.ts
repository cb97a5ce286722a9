/** Owns: the parts kubelet-node-a and kubelet-node-b, each with its node as the API server knows it: labels, range of pods, Ready. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { ClusterAdmin } from "../../../operator/kubernetes/conformance/index.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { kubeletBinary } from "../kubernetes/binaries.ts";
import type { Part } from "../part.ts";
import { apiRelayPart } from "./api-relay.ts";
import { containerdParts } from "./containerd.ts";
import { DNS_ADDRESS } from "./dns.ts";
import { bash, type NodeName } from "./network.ts";
import { launchWithin, type NodeMachine, runWithin } from "./node.ts";
import { relayedKubeconfig } from "./relayed-kubeconfig.ts";

export type Kubelet = { readonly node: NodeMachine; readonly server: ApiServer };

const zones: Readonly<Record<NodeName, string>> = { "node-a": "zone-a", "node-b": "zone-b" };

/** What differs from a kubelet's defaults, and why. */
const configuration = (caPath: string): object => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: caPath } },
  authorization: { mode: "Webhook" },
  containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  clusterDNS: [DNS_ADDRESS],
  clusterDomain: "cluster.local",
  // Names outside of the cluster do not exist.
  resolvConf: "",
  cgroupDriver: "cgroupfs",
  failCgroupV1: false,
  // Without a control group for all pods there is none to make on machines that have them read-only in part.
  enforceNodeAllocatable: [],
  failSwapOn: false,
  // The machine's disk and memory are not the cluster's: how full they are must not evict a pod.
  evictionHard: {
    "memory.available": "0%",
    "nodefs.available": "0%",
    "nodefs.inodesFree": "0%",
    "imagefs.available": "0%",
  },
  imageGCHighThresholdPercent: 100,
  // A silent node is found out sooner (the controller manager waits 16 s).
  nodeLeaseDurationSeconds: 8,
  nodeStatusUpdateFrequency: "2s",
});

function kubeletPart(name: NodeName): Part<Kubelet> {
  return {
    name: `kubelet-${name}`,
    binary: bash,
    programs: [kubeletBinary],
    launch: async (place) =>
      launchWithin(place, name, async (node) => {
        const [{ server }, program] = await Promise.all([
          place.need(apiRelayPart),
          place.program(kubeletBinary),
          place.need(containerdParts[name]),
        ]);
        const configPath = join(place.folder, "config.yaml");
        await writeFile(configPath, stringify(configuration(server.files.ca)));
        const kubeconfig = await relayedKubeconfig(place, name);
        const flags = {
          config: configPath,
          kubeconfig,
          "hostname-override": name,
          "node-ip": node.address,
          "node-labels": `topology.kubernetes.io/zone=${zones[name]},topology.kubernetes.io/region=region-1`,
        };
        const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
        return { program: [program, ...args], gives: { node, server } };
      }),
    summary: () => "Ready",
    // One that is dead has a node that is Ready for a while.
    check: async ({ node, server }) => {
      await runWithin(node, ["busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:10248/healthz"]);
      const admin = new ClusterAdmin({ ...server, token: server.tokens.admin });
      try {
        await expectReady(admin, node);
      } finally {
        admin.close();
      }
    },
  };
}

type StoredNode = {
  readonly spec: { readonly podCIDR?: string };
  readonly status: { readonly conditions?: readonly { type: string; status: string; message: string }[] };
};

/** Throws until the node is Ready. Its range of pods is told once. */
async function expectReady(admin: ClusterAdmin, { name, podRange }: NodeMachine): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  const { spec, status } = (await admin.ask("GET", path)) as StoredNode;
  if (spec.podCIDR === undefined) {
    const node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name },
      spec: { podCIDR: podRange, podCIDRs: [podRange] },
    };
    await admin.ask("PATCH", `${path}?fieldManager=environment`, node);
  }
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") throw new Error(`${name} is not Ready: ${ready?.message ?? "nothing is known of it"}`);
}

export const kubeletParts = { "node-a": kubeletPart("node-a"), "node-b": kubeletPart("node-b") } as const;
