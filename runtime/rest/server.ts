/**
 * Owns: the HTTP server of a JobManager: its socket, its limits, its end.
 * Called by: cli's JobManager process; tests.
 *
 * SER1 A slow or large request costs bounded memory and time: headers 16 KiB and 10 s, a whole request 30 s, body 1 MiB
 *     (request-body.ts), 256 connections.
 * SER3 Who calls is known before a request is read: with an identity, by its certificate (callers.ts).
 * SER2 `outcomesTold` lets a JobManager that has ended wait until those who asked for a savepoint have read where it is.
 */
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import {
  type Clock,
  closeAfterGrace,
  guardRequests,
  listenForRequests,
  type Log,
  type Random,
} from "../../base/index.ts";
import type { IncarnationControl, JobControl } from "../jobmanager/index.ts";
import type { PeerSecurity } from "../../security/index.ts";
import { IDLE_CONNECTION_MS } from "../../contract/index.ts";
import { admitCallers, type Callers } from "./callers.ts";
import { createApplication } from "./application.ts";
import { createRoutes } from "./routes.ts";

export type RestOptions = {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  readonly control: JobControl;
  /** This process's certificate, and whose job it is. Default null: only loopback is served, on any host. */
  readonly security?: PeerSecurity | null;
  /** Default null: it is no incarnation, and has none of its routes. */
  readonly incarnation?: IncarnationControl | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What `/overview` tells as `flink-version`. */
  readonly version: string;
};

export interface RestServer {
  readonly port: number;
  /** Resolves when the outcome of every trigger accepted here has been asked for and told (SER2). */
  outcomesTold(): Promise<void>;
  /** Stops listening, lets requests end for a second, then cuts them. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1000;
/** Outcomes that nobody asks for are forgotten beyond this number. */
const UNTOLD_MAX = 64;

/** Starts listening. Errors: StreamError PORT_IN_USE. */
export async function startRest(options: RestOptions): Promise<RestServer> {
  const host = options.host ?? "127.0.0.1";
  const untold = new Set<string>();
  let waiting: (() => void)[] = [];
  const onTold = (triggerId: string): void => {
    if (!untold.delete(triggerId) || untold.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const onAccepted = (triggerId: string): void => {
    untold.add(triggerId);
    const [oldest] = untold;
    if (untold.size > UNTOLD_MAX && oldest !== undefined) untold.delete(oldest);
  };
  const routes = createRoutes({ ...options, onAccepted, onTold });
  // Before it listens no connection comes, so no caller is asked for.
  const callers: { of: Callers["of"] } = { of: (socket) => admitted.of(socket) };
  const app = createApplication({
    routes,
    callers,
    jobId: () => options.incarnation?.jobId ?? options.control.job().jobId,
    log: options.log,
  });
  const limits = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    connectionsCheckingInterval: 1_000,
  };
  // The process is not the server's alone: Request and Response stay those of Node.
  const serve = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const guarded = guardRequests(serve, (error) =>
    options.log.error({ err: error }, "a REST request could not be answered"),
  );
  const server = createServer(limits, guarded);
  const admitted = admitCallers(server, options.security ?? null);
  server.maxConnections = 256;
  server.maxHeadersCount = 100;
  const port = await listenForRequests(
    server,
    { host, port: options.port },
    `The REST port ${options.port} on ${host} is taken by another process. Stop that process, or choose another port with --rest-port.`,
  );
  server.on("error", (error) => options.log.warn({ err: error }, "a REST connection was not accepted"));
  return {
    port,
    outcomesTold: () => (untold.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close: () => {
      admitted.close();
      return closeAfterGrace(server, options.clock, CLOSE_GRACE_MS);
    },
  };
}
