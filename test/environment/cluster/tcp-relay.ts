/**
 * Owns: handing on each connection of one address to a port of 127.0.0.1.
 * Called by: tcp-relay-process.ts, and cluster.ts for servers of a test.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type TcpRelay = {
  readonly address: string;
  readonly port: number;
  /** Ends its connections too. */
  close(): Promise<void>;
};

/** `listenPort` 0: a free one. */
export async function relayTcp(address: string, listenPort: number, targetPort: number): Promise<TcpRelay> {
  const open = new Set<Socket>();
  /** One end that breaks ends the other: whoever is connected is to notice. */
  const join = (one: Socket, other: Socket): void => {
    open.add(one);
    one.pipe(other);
    one.on("error", () => other.destroy());
    one.on("close", () => {
      open.delete(one);
      other.destroy();
    });
  };
  const server = createServer({ noDelay: true }, (incoming) => {
    const outgoing = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    join(incoming, outgoing);
    join(outgoing, incoming);
  }).listen(listenPort, address);
  await once(server, "listening");
  return {
    address,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
