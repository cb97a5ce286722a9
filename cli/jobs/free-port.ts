/**
 * Owns: choosing ports for a JobManager that has to come back on the same ones.
 *
 * FP1 Ports are taken from below the range that systems hand out for outgoing connections (from 32768): while the JobManager
 *     is down nobody gets its port by chance, and a TaskManager that calls it cannot end up connected to itself.
 */
import { createServer } from "node:net";
import { type Random, StreamError } from "../../base/index.ts";

const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 50;

/** A port of 127.0.0.1 that nobody listens on now and that is not among `taken`. Errors: PORT_IN_USE. */
export async function chooseFreePort(random: Random, taken: readonly number[] = []): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = LOWEST + Math.floor(random.next() * (HIGHEST - LOWEST));
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new StreamError("PORT_IN_USE", `no free port on 127.0.0.1 between ${LOWEST} and ${HIGHEST} in ${TRIES} tries`);
}

/** Errors: PORT_IN_USE naming the option the port came from. */
export async function requireFreePort(port: number, option: string): Promise<number> {
  if (await isFree(port)) return port;
  throw new StreamError(
    "PORT_IN_USE",
    `port ${port} on 127.0.0.1 (${option}) is in use by another process. Stop that process, or choose another port.`,
    { destiny: "terminal" },
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
