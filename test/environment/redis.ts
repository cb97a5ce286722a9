/** Owns: the part Redis: a server that keeps nothing when it ends. */
import { createConnection } from "node:net";
import { debianProgram } from "./debian-program.ts";
import type { Part } from "./part.ts";

type RedisServer = { readonly host: string; readonly port: number };

export const redisPart: Part<RedisServer> = {
  name: "redis",
  address: {
    variable: "STREAMJOB_TEST_REDIS",
    parse: (text) => {
      const { hostname, port } = new URL(text);
      return { host: hostname, port: Number(port === "" ? "6379" : port) };
    },
  },
  binary: debianProgram({
    command: "redis-server",
    version: "debian-1",
    packages: "redis-server redis-tools libatomic1 libjemalloc2 liblzf1 libssl3 libsystemd0".split(" "),
    script: ['exec "$usr/bin/redis-server" "$@"'],
  }),
  launch: async (place) => {
    const port = await place.freePort();
    const settings = { bind: "127.0.0.1", port, dir: place.folder, save: "", appendonly: "no", daemonize: "no" };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return { args, gives: { host: "127.0.0.1", port } };
  },
  check: async ({ host, port }) => {
    const answer = await ask(host, port, "PING\r\n");
    if (!answer.startsWith("+PONG")) throw new Error(`${host}:${port} answers ${JSON.stringify(answer)} to PING`);
  },
};

/** The first bytes that a server answers to `text`. */
function ask(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port }, () => socket.write(text));
    socket.setTimeout(5000, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(bytes.toString("utf8"));
    });
    socket.once("error", reject);
  });
}
