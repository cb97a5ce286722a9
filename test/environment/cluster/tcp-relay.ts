/**
 * Owns: a process that hands on each connection of one address to another. Arguments: address and port to listen on, port of 127.0.0.1.
 * Called by: api-relay.ts, as a process.
 */
import { connect, createServer, type Socket } from "node:net";

const [address = "", listenPort = "", targetPort = ""] = process.argv.slice(2);

/** One end that breaks ends the other: whoever is connected is to notice. */
function join(one: Socket, other: Socket): void {
  one.pipe(other);
  one.on("error", () => other.destroy());
  one.on("close", () => other.destroy());
}

createServer({ noDelay: true }, (incoming) => {
  const outgoing = connect({ port: Number(targetPort), host: "127.0.0.1", noDelay: true });
  join(incoming, outgoing);
  join(outgoing, incoming);
}).listen(Number(listenPort), address);
