/**
 * Owns: the HTTP server for `/metrics`, `/healthz` and `/readyz`.
 *
 * END1 It only reads: any other method or path is refused. Whoever reaches the port learns metrics, nothing else.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { guardRequests, type Log, silentLog, StreamError } from "../../base/index.ts";

export type Verdict = { readonly isGood: boolean; readonly reason: string };

export type EndpointsOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metrics: () => Promise<string>;
  readonly contentType: string;
  readonly health: () => Verdict;
  readonly readiness: () => Verdict;
  readonly log?: Log;
};

export type Endpoints = { readonly port: number; close(): Promise<void> };

const HEADERS_BYTES_MAX = 8192;

/** Errors: StreamError PORT_IN_USE. */
export async function startEndpoints(options: EndpointsOptions): Promise<Endpoints> {
  const { log = silentLog } = options;
  const guarded = guardRequests(
    (request, response) => answer(options, request, response),
    (error) => log.error({ err: error }, "a request for metrics or health could not be answered"),
  );
  const server = createServer({ maxHeaderSize: HEADERS_BYTES_MAX, requestTimeout: 10_000 }, guarded);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      const message = `The port ${options.port} for metrics and health on ${options.host} is taken by another process. Choose another one.`;
      reject(new StreamError("PORT_IN_USE", message, { destiny: "terminal", cause: error }));
    });
    server.listen(options.port, options.host, resolve);
  });
  server.on("error", (error) => log.warn({ err: error }, "a connection for metrics or health was not accepted"));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: EndpointsOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?")[0];
  if (request.method !== "GET") return send(response, 405, "only GET\n");
  if (path === "/healthz") return sendVerdict(response, options.health());
  if (path === "/readyz") return sendVerdict(response, options.readiness());
  if (path !== "/metrics") return send(response, 404, "there are /metrics, /healthz and /readyz\n");
  let text: string;
  try {
    text = await options.metrics();
  } catch (error) {
    return send(response, 500, `the metrics cannot be read: ${String(error)}\n`);
  }
  send(response, 200, text, options.contentType);
}

function sendVerdict(response: ServerResponse, { isGood, reason }: Verdict): void {
  send(response, isGood ? 200 : 503, `${reason}\n`);
}

function send(response: ServerResponse, status: number, text: string, contentType = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": contentType, "x-content-type-options": "nosniff" }).end(text);
}
