/**
 * Owns: one request to an API server over HTTP and its answer, and what a failure of the transport means.
 * Does not own: what is asked (http-api.ts). Called by: HttpKubernetesApi.
 *
 * HX1 No connection, a broken one, or an answer that is no answer is `Unavailable`; none in time is `Timeout` (KA2: a write may
 *     have been done). Nothing is tried again here, but a GET on a kept connection that the server had just closed, once.
 * HX2 A call ends when its signal does, with the signal's reason, and leaves no socket behind.
 * HX3 After a Timeout no idle connection is used again: those to a network or server that was lost look just like good ones.
 */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Clock } from "../../../base/index.ts";
import { ApiError } from "../api/index.ts";
import type { Credentials, Presented } from "./credentials.ts";

export type HttpExchangeOptions = {
  /** Such as https://10.0.0.1:6443; a path in it stands before every path. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** Who asks, and what carries the connection. Their owner closes them. */
  readonly credentials: Credentials;
  /** Who says that it asks: `User-Agent`. */
  readonly userAgent: string;
  /** Until the whole answer is there; of a watch, until it begins. */
  readonly timeoutMs: number;
};

export type Exchange = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
};

export type Answer = { readonly code: number; readonly body: string; readonly retryAfterSeconds?: number };

/** Larger answers are refused: memory must have a bound. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

export class HttpExchanger {
  readonly #options: HttpExchangeOptions;
  readonly #base: URL;
  /** With the last request. */
  #presented: Presented | null = null;

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
    this.#base = new URL(options.baseUrl);
  }

  /** The whole answer, whatever its code. */
  async exchange(call: Exchange): Promise<Answer> {
    return this.#within(call, async (signal) => {
      const response = await this.#begin(call, signal);
      return { ...answerFacts(response), body: await this.readAll(response, call) };
    });
  }

  /** The answer as it begins; its reader ends it, or `call.signal` does. */
  async stream(call: Exchange): Promise<IncomingMessage> {
    const { signal } = call;
    const cut = new AbortController();
    // Lives as long as the stream: who waits for the beginning and who reads are cut by the same signal.
    const onAbort = (): void => cut.abort(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const response = await this.#within({ ...call, signal: cut.signal }, (within) => {
      within.addEventListener("abort", () => cut.abort(within.reason), { once: true });
      return this.#begin(call, cut.signal);
    });
    response.once("close", () => signal?.removeEventListener("abort", onAbort));
    return response;
  }

  /** Reads a whole body. */
  async readAll(response: IncomingMessage, call: Exchange): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of response) {
        chunks.push(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
      }
    } catch (error) {
      throw this.#unavailable(call, error);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  /** Runs a step with the deadline and the call's signal (HX2). */
  async #within<T>(call: Exchange, step: (signal: AbortSignal) => Promise<T>): Promise<T> {
    call.signal?.throwIfAborted();
    const { timeoutMs, clock } = this.#options;
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(call.signal?.reason);
    call.signal?.addEventListener("abort", onAbort, { once: true });
    const timer = clock.after(timeoutMs, () => {
      this.#dropIdle();
      controller.abort(
        new ApiError(
          "Timeout",
          `${this.#nameOf(call)} was not answered within ${timeoutMs} ms: whether it was done is not known`,
        ),
      );
    });
    try {
      return await step(controller.signal);
    } catch (error) {
      throw controller.signal.aborted ? (controller.signal.reason as unknown) : error;
    } finally {
      timer.cancel();
      call.signal?.removeEventListener("abort", onAbort);
    }
  }

  /** HX3 */
  #dropIdle(): void {
    const idle = Object.values(this.#presented?.agent.freeSockets ?? {});
    for (const sockets of idle) for (const socket of sockets ?? []) socket.destroy();
  }

  async #begin(call: Exchange, signal: AbortSignal): Promise<IncomingMessage> {
    const { credentials } = this.#options;
    const presented = await unlessAborted(credentials.present(), signal);
    const response = await this.#tryTwice(call, presented, signal);
    if (response.statusCode !== 401) return response;
    const other = await unlessAborted(credentials.present(presented), signal);
    if (other === presented) return response;
    response.resume();
    return this.#tryTwice(call, other, signal);
  }

  async #tryTwice(call: Exchange, presented: Presented, signal: AbortSignal): Promise<IncomingMessage> {
    this.#presented = presented;
    const first = await this.#send(call, presented, signal);
    if (first.kind === "answer") return first.response;
    const mayRepeat = call.method === "GET" && first.wasKept && !signal.aborted;
    const second = mayRepeat ? await this.#send(call, presented, signal) : first;
    if (second.kind === "answer") return second.response;
    throw this.#unavailable(call, second.error);
  }

  #send(
    call: Exchange,
    { headers, agent }: Presented,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: "answer"; readonly response: IncomingMessage }
    | { readonly kind: "failed"; error: unknown; wasKept: boolean }
  > {
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const url = new URL(this.#base.pathname.replace(/\/$/, "") + call.path, this.#base);
    return new Promise((resolve) => {
      const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(
        url,
        {
          method: call.method,
          agent,
          signal,
          headers: {
            Accept: "application/json",
            "User-Agent": this.#options.userAgent,
            ...headers,
            ...(body === undefined
              ? {}
              : { "Content-Type": call.contentType ?? "application/json", "Content-Length": String(body.length) }),
          },
        },
        (response) => resolve({ kind: "answer", response }),
      );
      request.on("error", (error) => resolve({ kind: "failed", error, wasKept: request.reusedSocket }));
      request.end(body);
    });
  }

  #unavailable(call: Exchange, cause: unknown): ApiError {
    const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
    const advice =
      call.method === "GET" ? "check that it runs and that the address is right" : "whether it was done is not known";
    return new ApiError("Unavailable", `${this.#nameOf(call)} failed: ${why}: ${advice}`, { cause });
  }

  #nameOf({ method, path }: Exchange): string {
    return `${method} ${path.split("?")[0]} at the API server ${this.#base.origin}`;
  }
}

/** What is promised, or the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promised, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function answerFacts(response: IncomingMessage): { code: number; retryAfterSeconds?: number } {
  const seconds = Number(response.headers["retry-after"] ?? Number.NaN);
  return { code: response.statusCode ?? 0, ...(Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {}) };
}
