/**
 * Owns: an S3 server of this machine as pods on our nodes reach it: by the address that the machine has in their network.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Cluster, S3Server } from "../environment/index.ts";

export type StoreForPods = {
  /** As a pod has to name it. */
  readonly endpoint: string;
  close(): Promise<void>;
};

type NodeList = {
  readonly items: readonly {
    readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
  }[];
};

/** Until it is closed. */
export async function openToPods(cluster: Cluster, { endpoint }: S3Server): Promise<StoreForPods> {
  const { items } = await cluster.get<NodeList>("nodes");
  const nodeAddress = items[0]?.status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "";
  // The first address of the network is the machine's.
  const machineAddress = nodeAddress.replace(/\d+$/, "1");
  const port = Number(new URL(endpoint).port);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (incoming) => {
    const outgoing = connect({ port, host: "127.0.0.1", noDelay: true });
    incoming.pipe(outgoing).pipe(incoming);
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, machineAddress);
  await once(server, "listening");
  return {
    endpoint: `http://${machineAddress}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
