/**
 * Owns: the way of one operator to an API server: an HTTP proxy that sees every call and every event of a watch, and does to them what it
 * is told: nothing, or what networks, busy servers and deaths do.
 *
 * SPX1 A crash is a process's death as others see it: all its connections break, and nothing that it still sends gets through.
 * SPX2 A lost response: the server has done the call; the connection breaks before the answer.
 * SPX3 What it is not told to change goes through as it is: bytes of bodies, codes, and events one by one, in order.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { Fault } from "../controller/sieve.ts";
import { type ApiCall, readCall } from "./mutations.ts";

/** Where the calls go. `ca`: PEM, for https. */
export type ProxyTarget = { readonly url: string; readonly ca: string | null };

export type WireAnswer = {
  readonly code: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What becomes of a call. */
export type Fate =
  | { readonly kind: "pass" }
  | { readonly kind: Fault }
  /** The server never hears of it. */
  | { readonly kind: "answered"; readonly answer: WireAnswer }
  /** The server has done it, and somebody in between says something else. */
  | { readonly kind: "done, answered"; readonly answer: WireAnswer }
  /** Neither is it sent, nor answered, for as long as its caller waits. */
  | { readonly kind: "unanswered" };

export type WireEvent = {
  readonly type: string;
  readonly object: {
    readonly kind?: string;
    readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
  };
};

/** Where events of one watch go. Everything is dropped once it is over. */
export type WatchOut = {
  readonly isOver: boolean;
  send(event: WireEvent): void;
  /** As a server does whose time for a watch is over. */
  end(): void;
  /** The connection breaks. */
  cut(): void;
};

/** Told of each event; it decides what is sent. */
export type WatchFilter = (event: WireEvent, out: WatchOut) => void;

export type ProxyHooks = {
  /** The number of the next call. */
  readonly number: () => number;
  readonly onCall: (call: ApiCall) => Fate | Promise<Fate>;
  /** For a watch that goes through; null: as it is. */
  readonly onWatch: (call: ApiCall) => WatchFilter | null;
  readonly onAnswer: (call: ApiCall, code: number) => void;
  /** The operator is dead: what comes next is another one. */
  readonly onDeath: () => void;
};

const passEverything: WatchFilter = (event, out) => out.send(event);

export class SieveProxy {
  readonly #target: ProxyTarget;
  readonly #hooks: ProxyHooks;
  readonly #agent: Agent | TlsAgent;
  readonly #server: Server;
  #isDead = false;

  private constructor(target: ProxyTarget, hooks: ProxyHooks) {
    this.#target = target;
    this.#hooks = hooks;
    this.#agent =
      target.ca === null ? new Agent({ keepAlive: true }) : new TlsAgent({ keepAlive: true, ca: target.ca });
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(target: ProxyTarget, hooks: ProxyHooks): Promise<SieveProxy> {
    const proxy = new SieveProxy(target, hooks);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** SPX1 */
  kill(): void {
    this.#isDead = true;
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  async close(): Promise<void> {
    this.kill();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await bytesOf(request)).toString("utf8");
    if (this.#isDead) return void response.destroy();
    const { method = "", url = "", headers } = request;
    const contentType = headers["content-type"] ?? "";
    const call = readCall({ number: this.#hooks.number(), method, target: url, body, contentType });
    const fate = await this.#hooks.onCall(call);
    if (this.#isDead) return void response.destroy();
    if (fate.kind === "answered") return this.#answer(call, response, fate.answer);
    if (fate.kind === "unanswered") return;
    if (fate.kind === "crash before") return this.#die();
    const incoming = await this.#forward(request, call, response);
    if (call.isWatch && incoming.statusCode === 200) return this.#watch(call, incoming, response);
    const answer = await bytesOf(incoming);
    if (this.#isDead) return void response.destroy();
    if (fate.kind === "crash after") return this.#die();
    if (fate.kind === "response lost") return void response.destroy();
    if (fate.kind === "done, answered") return this.#answer(call, response, fate.answer);
    const code = incoming.statusCode ?? 0;
    this.#hooks.onAnswer(call, code);
    response.writeHead(code, withoutFraming(incoming.headers)).end(answer);
  }

  #answer(call: ApiCall, response: ServerResponse, { code, body, headers = {} }: WireAnswer): void {
    this.#hooks.onAnswer(call, code);
    response.writeHead(code, { "Content-Type": "application/json", ...headers }).end(body);
  }

  #die(): void {
    if (this.#isDead) return;
    this.kill();
    this.#hooks.onDeath();
  }

  #forward(request: IncomingMessage, call: ApiCall, response: ServerResponse): Promise<IncomingMessage> {
    const { host } = new URL(this.#target.url);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = this.#target.ca === null ? httpRequest : httpsRequest;
    const headers = { ...request.headers, host };
    const options = { method: call.method, headers, agent: this.#agent };
    const outgoing = send(new URL(call.target, this.#target.url), options, resolve);
    outgoing.on("error", reject);
    // Who no longer waits for a watch ends it.
    if (call.isWatch) response.on("close", () => outgoing.destroy());
    outgoing.end(call.body);
    return promise;
  }

  async #watch(call: ApiCall, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const filter = this.#hooks.onWatch(call) ?? passEverything;
    response.writeHead(200, withoutFraming(incoming.headers));
    response.flushHeaders();
    const out: WatchOut = {
      get isOver() {
        return response.destroyed || response.writableEnded;
      },
      send: (event) => {
        if (!out.isOver) response.write(`${JSON.stringify(event)}\n`);
      },
      end: () => void response.end(),
      cut: () => void response.destroy(),
    };
    let rest = "";
    incoming.setEncoding("utf8");
    for await (const chunk of incoming) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (this.#isDead || out.isOver) return void response.destroy();
        if (line !== "") filter(JSON.parse(line) as WireEvent, out);
      }
    }
    out.end();
  }
}

function withoutFraming(headers: IncomingMessage["headers"]): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !["transfer-encoding", "connection", "content-length"].includes(name),
  );
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
