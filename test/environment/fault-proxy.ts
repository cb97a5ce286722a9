/**
 * Owns: an HTTP proxy before a server, which answers instead of it, loses its answers, cuts them, slows them down or never answers.
 * Requests pass as they are, with the host that the client has signed.
 *
 * EFP1 What is not told to be a fault passes unchanged.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request as forward, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

export type Fault =
  /** The server is not asked. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly code: string;
      readonly headers?: Record<string, string>;
    }
  /** The server carries it out; the client never hears of it. */
  | { readonly kind: "lose response" }
  /** The connection ends after so many bytes of the answer's body. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Nobody answers. */
  | { readonly kind: "stall" }
  /** The server gets half of the body, and then the connection ends, for the client too. */
  | { readonly kind: "half sent" }
  /** The connection ends without a word, as at a server that is not there. */
  | { readonly kind: "reset" }
  /** The server is asked only then. */
  | { readonly kind: "wait"; readonly until: Promise<void> }
  /** The answer comes in pieces of so many bytes, other things happening in between. */
  | { readonly kind: "trickle"; readonly pieceBytes: number };

export type ProxiedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Counts from 0. */
  readonly index: number;
};

/** PEM texts. */
type Tls = { readonly key: string; readonly cert: string };

export class FaultProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #scheme: "http" | "https";
  #requests = 0;
  /** Says what happens to a request; null: nothing special. */
  faultOf: (request: ProxiedRequest) => Fault | null = () => null;

  /** Use start. */
  constructor(target: string, tls: Tls | null) {
    this.#target = new URL(target);
    this.#scheme = tls === null ? "http" : "https";
    const listener = (asked: IncomingMessage, answer: ServerResponse): void => {
      this.#pass(asked, answer).catch(() => answer.destroy());
    };
    this.#server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
  }

  /** `tls`: what the proxy proves itself with; null: plain HTTP. The server behind it is asked by plain HTTP. */
  static async start(target: string, tls: Tls | null = null): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, tls);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get endpoint(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests have come. */
  get requests(): number {
    return this.#requests;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = asked;
    const fault = this.faultOf({ method, path, headers, index: this.#requests++ });
    const pieces: Buffer[] = [];
    for await (const piece of asked) pieces.push(piece as Buffer);
    if (fault?.kind === "stall") return;
    if (fault?.kind === "reset") {
      asked.socket.destroy();
      return;
    }
    if (fault?.kind === "wait") await fault.until;
    if (fault?.kind === "answer") {
      answer.writeHead(fault.status, { "content-type": "application/xml", ...fault.headers });
      answer.end(
        method === "HEAD" || fault.status < 400
          ? ""
          : `<Error><Code>${fault.code}</Code><Message>by the proxy</Message></Error>`,
      );
      return;
    }
    const { hostname, port } = this.#target;
    const out = forward({ hostname, port, method, path, headers, agent: false });
    const sent = Buffer.concat(pieces);
    if (fault?.kind === "half sent") {
      out.on("error", () => {});
      out.write(sent.subarray(0, sent.length >> 1), () => out.destroy());
      asked.socket.destroy();
      return;
    }
    out.end(sent);
    const [come] = (await once(out, "response")) as [IncomingMessage];
    const body: Buffer[] = [];
    for await (const piece of come) body.push(piece as Buffer);
    if (fault?.kind === "lose response") {
      answer.destroy();
      return;
    }
    const whole = Buffer.concat(body);
    answer.writeHead(come.statusCode ?? 500, come.rawHeaders);
    if (fault?.kind === "cut") {
      answer.write(whole.subarray(0, fault.afterBytes), () => answer.destroy());
      return;
    }
    if (fault?.kind === "trickle") await trickle(answer, whole, fault.pieceBytes);
    answer.end(fault?.kind === "trickle" ? "" : whole);
  }
}

async function trickle(answer: ServerResponse, whole: Buffer, pieceBytes: number): Promise<void> {
  for (let start = 0; start < whole.length && !answer.destroyed; start += pieceBytes) {
    answer.write(whole.subarray(start, start + pieceBytes));
    await turn();
  }
}
