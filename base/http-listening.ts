/**
 * Owns: how an HTTP server of ours begins to listen, and how it ends.
 * Not here: what it serves; health and metrics, which end at once (endpoint-server.ts).
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "./clock.ts";
import { StreamError } from "./errors.ts";

/** `port` 0: any free one. `taken`: what is said when another process has the port. Gives the port. Errors: PORT_IN_USE. */
export function listenForRequests(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  taken: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code !== "EADDRINUSE") return reject(error);
      reject(new StreamError("PORT_IN_USE", taken, { destiny: "terminal", cause: error }));
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Takes no more connections, and cuts those that are not over after `graceMs`. */
export async function closeAfterGrace(server: Server, clock: Clock, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.after(graceMs, () => server.closeAllConnections());
    server.close(() => {
      timer.cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
