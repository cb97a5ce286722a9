/**
 * Owns: connections to ports of pods through the API server: the subresource pods/portforward over a WebSocket. The only file that loads ws.
 * Does not own: which pod is meant, what is said there. Called by: the command line.
 *
 *   GET …/pods/<name>/portforward?ports=<port>, subprotocol v4.channel.k8s.io, one WebSocket for one connection
 *   message = channel (0: data, 1: what the node says went wrong) bytes; the first message of each channel is the port again
 *
 * PFW1 A connection is there when the API server has let us through. What it refuses is an ApiError with its own words: `Forbidden` is a right
 *     that is missing, `NotFound` a pod that is gone.
 * PFW2 What goes wrong on the node (nothing listens on the port, the pod has ended) ends the connection with the node's words.
 * PFW3 Who reads slowly slows the other side down: nothing is kept without a bound.
 * PFW4 This protocol knows no half of a connection: ending our side ends it whole, after what was written.
 */
import type { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { Clock } from "../../../base/index.ts";
import { ApiError, formatApiPath, fromApiStatus, isApiError, type ObjectKey, parseApiStatus } from "../api/index.ts";
import type { Credentials, Presented } from "./credentials.ts";

export type PortForwarderOptions = {
  /** Such as https://10.0.0.1:6443. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** Whoever made them closes them. */
  readonly credentials: Credentials;
  readonly userAgent: string;
  /** Until the API server has let us through. Default 10 s. */
  readonly timeoutMs?: number;
};

const PROTOCOL = "v4.channel.k8s.io";
const DATA = 0;
const PORT_BYTES = 2;
const REFUSAL_BYTES_MAX = 64 * 1024;

export class PortForwarder {
  readonly #options: PortForwarderOptions;

  constructor(options: PortForwarderOptions) {
    this.#options = options;
  }

  /** A connection to the port, as a process in the pod has it on loopback. Who asks ends it. Errors: ApiError (PFW1). */
  async open(pod: ObjectKey, port: number): Promise<Duplex> {
    const { credentials } = this.#options;
    const presented = await credentials.present();
    try {
      return await this.#connect(pod, port, presented);
    } catch (error) {
      if (!isApiError(error, "Unauthorized")) throw error;
      const other = await credentials.present(presented);
      if (other === presented) throw error;
      return this.#connect(pod, port, other);
    }
  }

  async #connect(pod: ObjectKey, port: number, { headers, agent }: Presented): Promise<Duplex> {
    const { baseUrl, clock, userAgent, timeoutMs = 10_000 } = this.#options;
    const { WebSocket: Socket } = await import("ws");
    const path = `${formatApiPath({ kind: "Pod", ...pod, subresource: null })}/portforward`;
    const base = new URL(baseUrl);
    const url = new URL(`${base.pathname.replace(/\/$/, "")}${path}?ports=${port}`, base);
    return new Promise((resolve, reject) => {
      const socket = new Socket(url.href.replace(/^http/, "ws"), [PROTOCOL], {
        agent,
        headers: { "User-Agent": userAgent, ...headers },
        perMessageDeflate: false,
      });
      const fail = (error: ApiError): void => {
        timer.cancel();
        // Its own end is not what went wrong.
        socket.removeAllListeners("error").on("error", () => undefined);
        socket.terminate();
        reject(error);
      };
      const what = `GET ${path}`;
      const timer = clock.after(timeoutMs, () =>
        fail(new ApiError("Timeout", `${what} at ${base.origin} was not answered within ${timeoutMs} ms`)),
      );
      socket.on("unexpected-response", (_request, response: IncomingMessage) => {
        void readRefusal(response).then((body) =>
          fail(fromApiStatus(response.statusCode ?? 0, parseApiStatus(body), what)),
        );
      });
      socket.on("error", (cause) =>
        fail(new ApiError("Unavailable", `${what} at ${base.origin} failed: ${cause.message}`, { cause })),
      );
      socket.on("open", () => {
        timer.cancel();
        socket.removeAllListeners();
        resolve(new ForwardedPort(socket, `${pod.namespace}/${pod.name}`, port));
      });
    });
  }
}

/** What is left of a body that breaks off is enough: the code says the rest. */
function readRefusal(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const done = (): void => resolve(text);
    response.setEncoding("utf8");
    response.on("data", (piece: string) => {
      text += piece;
      if (text.length > REFUSAL_BYTES_MAX) done();
    });
    response.on("end", done);
    response.on("error", done);
    response.on("close", done);
  });
}

class ForwardedPort extends Duplex {
  readonly #socket: WebSocket;
  readonly #about: string;
  /** Channels whose port was read. */
  readonly #begun = new Set<number>();

  constructor(socket: WebSocket, pod: string, port: number) {
    super();
    this.#socket = socket;
    this.#about = `port ${port} of pod ${pod}`;
    socket.binaryType = "nodebuffer";
    socket.pause(); // until who asked listens: what goes wrong before is told then
    socket.on("message", (data: RawData) => this.#received(data as Buffer));
    socket.on("error", (cause) =>
      this.destroy(new ApiError("Unavailable", `the connection to ${this.#about} broke: ${cause.message}`, { cause })),
    );
    socket.on("close", () => {
      if (this.destroyed) return;
      this.push(null);
      this.end();
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.concat([Buffer.of(DATA), chunk]), (error) => done(error ?? null));
  }

  /** PFW4 */
  override _final(done: () => void): void {
    this.#socket.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }

  #received(message: Buffer): void {
    const channel = message[0] ?? DATA;
    const skipped = this.#begun.has(channel) ? 1 : 1 + PORT_BYTES;
    this.#begun.add(channel);
    const bytes = message.subarray(skipped);
    if (bytes.length === 0) return;
    if (channel !== DATA) {
      const text = bytes.toString("utf8").trim();
      this.destroy(new ApiError("Unavailable", `${this.#about} cannot be reached: ${text}`));
      return;
    }
    if (!this.push(bytes)) this.#socket.pause(); // PFW3
  }
}
