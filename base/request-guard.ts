/**
 * Owns: that no HTTP request ends the process that serves it.
 * Called by: every `createServer` of node:http in the product; test/architecture/servers.test.ts sees to that.
 *
 * RQG1 Whatever a handler throws, at once or later, becomes status 500, or the end of the connection if an answer has begun.
 * RQG2 A broken connection is no failure: the streams' own errors are never unhandled.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

/** `onFailure` is told what the handler threw, after the request was answered. It must not throw; a Log never does. */
export function guardRequests(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  onFailure: (error: unknown) => void,
): RequestListener {
  return (request, response) => {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    const served = async (): Promise<void> => handle(request, response);
    served().catch((error: unknown) => {
      endWithError(response);
      onFailure(error);
    });
  };
}

function endWithError(response: ServerResponse): void {
  if (response.writableEnded || response.destroyed) return;
  if (response.headersSent) response.destroy();
  else
    response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" }).end("The request failed: see the log.\n");
}
