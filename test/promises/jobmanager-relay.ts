/**
 * Owns: an HTTP relay between operators and JobManagers: it notes every call, and a test may kill something, or lose an answer, in the
 * middle of one, or keep one from its JobManager.
 *
 * JRE1 What is not asked for passes unchanged. What is noted as answered has been answered by the JobManager itself.
 * JRE2 Operators in this process and in processes of their own go through it alike: it stands where addresses are found.
 */
import assert from "node:assert/strict";
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { AddressOf } from "../../embedded/api-server/index.ts";
import { incarnationSchema, JOB_ID_HEADER } from "../../contract/index.ts";

export type RelayedCall = {
  /** Name of the JobManager's pod. */
  readonly pod: string;
  readonly method: string;
  /** With `/v1`, without the query. */
  readonly path: string;
  readonly body: string;
  /** null: the JobManager did not answer (yet). */
  status: number | null;
  answer: string | null;
};

/** `lose`: the caller's connection is cut. A text: the caller gets that for an answer. */
export type Verdict = "pass" | "lose" | { readonly status: number; readonly answer: string };

/** Of a call, before its JobManager hears of it, or of an answer, before the caller hears of it. */
export type Watcher = (call: RelayedCall) => Verdict | Promise<Verdict>;

type Destination = { readonly namespace: string; readonly host: string; readonly port: number };

export class JobManagerRelay {
  readonly calls: RelayedCall[] = [];
  /** Names of JobManagers' pods that no call gets through to, nor any answer: as by a network policy that drops packets. */
  readonly cut = new Set<string>();
  readonly #servers = new Map<string, Promise<Server>>();
  #onCall: Watcher = () => "pass";
  #onAnswer: Watcher = () => "pass";
  #addressOf: AddressOf = () => Promise.resolve(null);

  /** For ControlPlaneOptions. */
  readonly between = (addressOf: AddressOf): AddressOf => {
    this.#addressOf = addressOf;
    return async (namespace, host, port) => {
      if ((await addressOf(namespace, host, port)) === null) return null;
      const key = `${namespace}/${host}:${port}`;
      let server = this.#servers.get(key);
      if (server === undefined) {
        server = this.#serve(namespace, host, port);
        this.#servers.set(key, server);
      }
      return `127.0.0.1:${((await server).address() as AddressInfo).port}`;
    };
  };

  /** Its verdict comes before the JobManager hears of a call: of what does not pass it never does. One at a time; `null`: none. */
  onCall(watcher: Watcher | null): void {
    this.#onCall = watcher ?? ((): Verdict => "pass");
  }

  /** Its verdict comes when the JobManager has answered. One at a time; `null`: everything passes. */
  onAnswer(watcher: Watcher | null): void {
    this.#onAnswer = watcher ?? ((): Verdict => "pass");
  }

  /** Accepted requests for savepoints and stops, in order; those that repeat an id are in it each time. */
  triggers(): readonly { readonly kind: "stop" | "savepoint"; readonly triggerId: string; readonly target: string }[] {
    return this.calls.flatMap((call) => {
      const kind = triggerKind(call);
      if (kind === null || call.status === null || call.status >= 300) return [];
      const { triggerId, targetPath } = JSON.parse(call.body) as { triggerId: string; targetPath: string };
      return [{ kind, triggerId, target: targetPath }];
    });
  }

  /** How many savepoints JobManagers were asked for: the different ids. */
  triggerCount(): number {
    return new Set(this.triggers().map(({ triggerId }) => triggerId)).size;
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) {
      const open = await server;
      open.closeAllConnections();
      await new Promise((resolve) => open.close(resolve));
    }
  }

  #serve(namespace: string, host: string, port: number): Promise<Server> {
    const server = createServer((request, response) => {
      this.#relay({ namespace, host, port }, request, response).catch(() => response.destroy());
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(server));
    });
  }

  async #relay(
    { namespace, host, port }: Destination,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await textOf(request);
    const call: RelayedCall = {
      pod: host.split(".")[0] ?? host,
      method: request.method ?? "",
      path: (request.url ?? "").split("?")[0] ?? "",
      body,
      status: null,
      answer: null,
    };
    this.calls.push(call);
    if (this.cut.has(call.pod)) return; // the caller waits until it gives up
    const verdict = await this.#onCall(call);
    if (verdict === "lose") response.destroy();
    else if (verdict === "pass") await this.#pass({ namespace, host, port }, call, request, response);
    else response.writeHead(verdict.status, headersInPlaceOf(request)).end(verdict.answer);
  }

  async #pass(
    { namespace, host, port }: Destination,
    call: RelayedCall,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const address = await this.#addressOf(namespace, host, port);
    assert.ok(address !== null, `${host} has no address any more`);
    const answer = await ask(`http://${address}${request.url ?? ""}`, request, call.body);
    call.status = answer.status;
    call.answer = answer.text;
    const verdict = await this.#onAnswer(call);
    if (this.cut.has(call.pod)) return; // since then
    if (verdict === "lose") response.destroy();
    else if (verdict === "pass") response.writeHead(answer.status, answer.headers).end(answer.text);
    else response.writeHead(verdict.status, answer.headers).end(verdict.answer);
  }
}

/** Of a call that asks for a savepoint. */
export function triggerKind({ method, path }: RelayedCall): "stop" | "savepoint" | null {
  if (method !== "POST") return null;
  if (/\/jobs\/[0-9a-f]{32}\/stop$/.test(path)) return "stop";
  return /\/jobs\/[0-9a-f]{32}\/savepoints$/.test(path) ? "savepoint" : null;
}

/** The JobManager says of a trigger that its savepoint is complete. */
export function isCompleted({ method, path, answer }: RelayedCall): boolean {
  return method === "GET" && /\/savepoints\/[0-9a-f]{32}$/.test(path) && /"location"/.test(answer ?? "");
}

/**
 * The JobManager says that the job has stopped, with its savepoint. A caller that asks for both at once may hear it of either: where
 * the incarnation's result comes first, nobody asks about the trigger again.
 */
export function tellsOfStop(call: RelayedCall): boolean {
  if (isCompleted(call)) return true;
  const { method, path, status, answer } = call;
  if (method !== "GET" || !path.endsWith("/streamjob/incarnation") || status !== 200) return false;
  return incarnationSchema.parse(JSON.parse(answer ?? "")).result !== null;
}

/**
 * For `onCall`: an operator that asks for a checkpoint hears that one is taken, and none is. So checkpoints of a job with a long interval
 * are those that a test asks for, past the relay, however long the version has to wait for its first one.
 */
export const withholdCheckpoints: Watcher = ({ method, path, body }) => {
  if (method !== "POST" || !/\/jobs\/[0-9a-f]{32}\/checkpoints$/.test(path)) return "pass";
  const { triggerId } = JSON.parse(body) as { triggerId: string };
  return { status: 202, answer: JSON.stringify({ "request-id": triggerId }) };
};

/** As the JobManager that was meant would name itself, else its answer is not believed. */
const headersInPlaceOf = ({ headers }: IncomingMessage): Record<string, string> => ({
  "content-type": "application/json",
  [JOB_ID_HEADER]: String(headers[JOB_ID_HEADER]),
});

type Answered = { readonly status: number; readonly headers: Record<string, string>; readonly text: string };

function ask(url: string, { method, headers }: IncomingMessage, body: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, connection: "close" }, agent: false as const };
    const outgoing = httpRequest(url, options, (incoming) => {
      textOf(incoming).then((text) => {
        const kept = Object.entries(incoming.headers).filter(
          ([name]) => !/^(connection|keep-alive|transfer-encoding|content-length)$/.test(name),
        );
        resolve({
          status: incoming.statusCode ?? 0,
          headers: Object.fromEntries(kept.map(([k, v]) => [k, String(v)])),
          text,
        });
      }, reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}
