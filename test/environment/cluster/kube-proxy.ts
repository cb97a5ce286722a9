/** Owns: the parts kube-proxy-node-a and kube-proxy-node-b: Services, in each node's own packet filter. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { kubeProxyBinary } from "../kubernetes/binaries.ts";
import type { Part } from "../part.ts";
import { bash, clusterNetworkPart, type NodeName } from "./network.ts";
import { launchWithin, type NodeMachine, runWithin } from "./node.ts";
import { relayedKubeconfig } from "./relayed-kubeconfig.ts";

export type KubeProxy = { readonly node: NodeMachine };

const HEALTH = "127.0.0.1:10256";

const configuration = (kubeconfig: string, podRange: string): object => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  clientConnection: { kubeconfig },
  mode: "iptables",
  clusterCIDR: podRange,
  healthzBindAddress: HEALTH,
  metricsBindAddress: "127.0.0.1:10249",
  // These are the machine's, and not a node's to change.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
});

function kubeProxyPart(name: NodeName): Part<KubeProxy> {
  return {
    name: `kube-proxy-${name}`,
    binary: bash,
    programs: [kubeProxyBinary],
    launch: async (place) =>
      launchWithin(place, name, async (node) => {
        const [{ podRange }, program, kubeconfig] = await Promise.all([
          place.need(clusterNetworkPart),
          place.program(kubeProxyBinary),
          relayedKubeconfig(place, "proxy"),
        ]);
        const configPath = join(place.folder, "config.yaml");
        await writeFile(configPath, stringify(configuration(kubeconfig, podRange)));
        return { program: [program, `--config=${configPath}`, `--hostname-override=${name}`], gives: { node } };
      }),
    summary: () => "up",
    check: async ({ node }) => {
      await runWithin(node, ["busybox", "wget", "-q", "-O", "-", `http://${HEALTH}/healthz`]);
    },
  };
}

export const kubeProxyParts = { "node-a": kubeProxyPart("node-a"), "node-b": kubeProxyPart("node-b") } as const;
