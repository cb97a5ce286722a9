/**
 * A server that says its lines once, to whoever is connected first, and then closes the connection: as live data, they are not said again. It
 * prints its address first.
 *
 *   node examples/14-socket-to-kafka/lines.ts [port]
 */
import { type AddressInfo, createServer } from "node:net";

const LINES = ["to be or not to be", "that is the question", "to die to sleep", "to sleep perchance to dream"];

const server = createServer((client) => {
  client.on("error", () => undefined);
  client.end(
    LINES.splice(0)
      .map((line) => `${line}\n`)
      .join(""),
  );
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
