/**
 * Owns: the way of one operator's process to the world: API server and JobManagers, with every call that changes something on record,
 * and one of them held back for as long as a test likes.
 *
 * RPR1 Whom a call reached is not the operator's word but the answer that came through here.
 */
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { ADDRESS_PATH } from "../../embedded/api-server/index.ts";

export type RecordedCall = {
  readonly to: "api" | "jobmanager";
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
  /** null: there was no answer. */
  status: number | null;
};

/** Resolves when the call may go on. */
export type Holder = (call: RecordedCall) => Promise<void> | null;

export class RecordingProxy {
  /** Those that change something, in order of their coming. */
  readonly calls: RecordedCall[] = [];
  #holder: Holder = () => null;
  #onEnd: (call: RecordedCall) => void = () => {};
  readonly #servers = new Map<string, Promise<Server>>();

  /** The base URL to give to an operator instead of `url`. */
  async before(url: string): Promise<string> {
    return `http://127.0.0.1:${await this.#portFor("api", new URL(url).host)}`;
  }

  hold(holder: Holder): void {
    this.#holder = holder;
  }

  /** Told of each call on record when it has been answered, or never will be. */
  onEnd(onEnd: (call: RecordedCall) => void): void {
    this.#onEnd = onEnd;
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) {
      const open = await server;
      open.closeAllConnections();
      await new Promise((resolve) => open.close(resolve));
    }
  }

  async #portFor(to: RecordedCall["to"], host: string): Promise<number> {
    let server = this.#servers.get(host);
    if (server === undefined) {
      server = this.#serve(to, host);
      this.#servers.set(host, server);
    }
    return ((await server).address() as AddressInfo).port;
  }

  #serve(to: RecordedCall["to"], host: string): Promise<Server> {
    const server = createServer((request, response) => {
      this.#pass(to, host, request, response).catch(() => response.destroy());
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(server));
    });
  }

  async #pass(to: RecordedCall["to"], host: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    const method = request.method ?? "";
    const path = (request.url ?? "").split("?")[0] ?? "";
    // Asking whether a state would fit changes nothing.
    const isRecorded = method !== "GET" && !path.endsWith("/preflight");
    const call: RecordedCall = { to, method, path, body: body.toString("utf8"), status: null };
    if (isRecorded) {
      this.calls.push(call);
      await this.#holder(call);
    }
    const headers = { ...request.headers, host };
    const outgoing = httpRequest(`http://${host}${request.url ?? ""}`, { method, headers, agent: false });
    outgoing.on("error", () => response.destroy());
    outgoing.on("close", () => this.#onEnd(call));
    response.on("close", () => outgoing.destroy());
    outgoing.on("response", (incoming) => {
      call.status = incoming.statusCode ?? 0;
      if (path === ADDRESS_PATH) return void this.#address(incoming, response).catch(() => response.destroy());
      response.writeHead(call.status, incoming.headers);
      response.flushHeaders();
      incoming.pipe(response);
    });
    outgoing.end(body);
  }

  /** JobManagers are reached through here as well. */
  async #address(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { address } = JSON.parse((await bytesOf(incoming)).toString("utf8")) as { readonly address: string | null };
    const own = address === null ? null : `127.0.0.1:${await this.#portFor("jobmanager", address)}`;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ address: own }));
  }
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
