/**
 * Owns: the part api-relay: the API server, which listens on loopback only, on the cable of the nodes; and the Service `kubernetes`.
 */
import { fileURLToPath } from "node:url";
import { ClusterAdmin } from "../../../operator/kubernetes/conformance/index.ts";
import { type ApiServer, apiServerPart, expectHealth } from "../kubernetes/api-server.ts";
import type { Part } from "../part.ts";
import { systemBinary } from "../system-binary.ts";
import { clusterNetworkPart } from "./network.ts";

export type ApiRelay = { readonly address: string; readonly port: number; readonly server: ApiServer };

const PORT = 6443;
const script = fileURLToPath(new URL("./tcp-relay-process.ts", import.meta.url));

export const apiRelayPart: Part<ApiRelay> = {
  name: "api-relay",
  binary: systemBinary("node", "nodejs"),
  launch: async ({ need }) => {
    const [server, network] = await Promise.all([need(apiServerPart), need(clusterNetworkPart)]);
    const address = network.machineAddress;
    return {
      args: [script, address, String(PORT), new URL(server.url).port],
      gives: { address, port: PORT, server },
    };
  },
  summary: ({ address, port }) => `https://${address}:${port} for nodes and pods`,
  check: async ({ address, port, server }) => {
    await expectHealth(`https://${address}:${port}/readyz`, server.ca, "kubernetes");
    await applyAsAdmin(server, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "kubernetes", namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: "https", port, protocol: "TCP" }],
    });
  },
};

/** Server-side apply of one object, whatever others have of it. */
export async function applyAsAdmin({ url, ca, tokens }: ApiServer, path: string, object: object): Promise<void> {
  const admin = new ClusterAdmin({ url, ca, token: tokens.admin });
  try {
    await admin.ask("PATCH", `${path}?fieldManager=environment&force=true`, object);
  } finally {
    admin.close();
  }
}
