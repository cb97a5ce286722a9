/**
 * Owns: a process's port for health and metrics: `/livez`, `/metrics`, and the checks that the process has.
 * Not here: what is checked and measured.
 * Called by: operator/controller, main.
 *
 * END1 It only reads: any other method or path is refused. Whoever reaches the port learns metrics and health, nothing else (SEC-24).
 * END2 `/livez` asks nobody: it answers as long as the process's event loop turns.
 * END3 A slow or large request costs bounded memory and time: headers 8 KiB and 5 s, a whole request 10 s, 64 connections; no body is read.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenForRequests } from "./http-listening.ts";
import { type Log, silentLog } from "./log.ts";
import { guardRequests } from "./request-guard.ts";

export type Verdict = { readonly isGood: boolean; readonly reason: string };

export type EndpointsOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metrics: () => string | Promise<string>;
  readonly contentType: string;
  /** By path, such as `/readyz`. */
  readonly checks: Readonly<Record<string, () => Verdict>>;
  readonly log?: Log;
};

export type Endpoints = { readonly port: number; close(): Promise<void> };

const LIMITS = {
  maxHeaderSize: 8192,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
};
const CONNECTIONS_MAX = 64;

/** Errors: StreamError PORT_IN_USE. */
export async function startEndpoints(options: EndpointsOptions): Promise<Endpoints> {
  const { log = silentLog } = options;
  const guarded = guardRequests(
    (request, response) => answer(options, request, response),
    (error) => log.error({ err: error }, "a request for metrics or health could not be answered"),
  );
  const server = createServer(LIMITS, guarded);
  server.maxConnections = CONNECTIONS_MAX;
  const { host, port } = options;
  const taken = `The port ${port} for metrics and health on ${host} is taken by another process. Choose another one.`;
  const listened = await listenForRequests(server, { host, port }, taken);
  server.on("error", (error) => log.warn({ err: error }, "a connection for metrics or health was not accepted"));
  return {
    port: listened,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: EndpointsOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (request.method !== "GET") return send(response, 405, "only GET\n");
  if (path === "/livez") return send(response, 200, "ok\n");
  const check = Object.hasOwn(options.checks, path) ? options.checks[path] : undefined;
  if (check !== undefined) {
    const { isGood, reason } = check();
    return send(response, isGood ? 200 : 503, `${reason}\n`);
  }
  if (path !== "/metrics") {
    const paths = ["/livez", ...Object.keys(options.checks)].join(", ");
    return send(response, 404, `there are ${paths} and /metrics\n`);
  }
  let text: string;
  try {
    text = await options.metrics();
  } catch (error) {
    options.log?.error({ err: error }, "the metrics cannot be read");
    return send(response, 500, "the metrics cannot be read: see the log\n");
  }
  send(response, 200, text, options.contentType);
}

function send(response: ServerResponse, status: number, text: string, contentType = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": contentType, "x-content-type-options": "nosniff" }).end(text);
}
