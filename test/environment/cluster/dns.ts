/** Owns: the part coredns: names of the cluster, at the address of the Service kube-system/kube-dns. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { goBinary } from "../go-install.ts";
import { type ApiServer, apiServerPart } from "../kubernetes/api-server.ts";
import type { Part } from "../part.ts";
import { pins } from "../pins.ts";
import { applyAsAdmin } from "./api-relay.ts";
import { clusterNetworkPart } from "./network.ts";

export type Dns = { readonly address: string; readonly readyUrl: string; readonly server: ApiServer };

export const DNS_ADDRESS = "10.96.0.10";
const NAMESPACE = "kube-system";
const PORTS = [
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "dns-tcp", port: 53, protocol: "TCP" },
] as const;

/** It runs beside the nodes and not on one: names stay when a test takes a node away. */
const configuration = (address: string, readyAddress: string, kubeconfig: string): string => `.:53 {
  bind ${address}
  errors
  ready ${readyAddress}
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    ttl 5
  }
}
`;

export const dnsPart: Part<Dns> = {
  name: "coredns",
  binary: goBinary("coredns", pins.coredns, "2 minutes"),
  launch: async ({ folder, need, freePort }) => {
    const [server, { machineAddress }] = await Promise.all([need(apiServerPart), need(clusterNetworkPart)]);
    const path = join(folder, "Corefile");
    const readyAddress = `127.0.0.1:${await freePort()}`;
    await writeFile(path, configuration(machineAddress, readyAddress, server.kubeconfigs.admin));
    return {
      args: ["-conf", path],
      gives: { address: machineAddress, readyUrl: `http://${readyAddress}/ready`, server },
    };
  },
  summary: ({ address }) => `${address}:53 for nodes and pods`,
  check: async ({ address, readyUrl, server }) => {
    const { status } = await fetch(readyUrl, { signal: AbortSignal.timeout(5000) });
    if (status !== 200) throw new Error(`${readyUrl} answers ${status}`);
    await applyAsAdmin(server, `/api/v1/namespaces/${NAMESPACE}/services/kube-dns`, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: NAMESPACE },
      spec: { clusterIP: DNS_ADDRESS, ports: PORTS },
    });
    await applyAsAdmin(server, `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices/kube-dns`, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "kube-dns", namespace: NAMESPACE, labels: { "kubernetes.io/service-name": "kube-dns" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: PORTS,
    });
  },
};
