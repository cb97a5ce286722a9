/**
 * Owns: one HTTP request and its answer, within bounds of time and size.
 * Not here: what is asked and what an answer means (http-jobmanager-api.ts).
 *
 * HE1 An exchange always ends: at its deadline, when the caller's signal does, or when the answer grows beyond its bound. What was
 *     open is cut then.
 * HE2 A connection that the server closed while it was idle costs one more try, never an answer: every call may be sent again (PL2).
 */
import { type Agent, type ClientRequest, type IncomingMessage, request as startRequest } from "node:http";
import { request as startSecureRequest } from "node:https";
import type { ConnectionOptions } from "node:tls";
import type { Clock } from "../../base/index.ts";

export type ExchangeRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null: none. */
  readonly body: string | null;
};

export type ExchangeLimits = {
  /** Of the URL's protocol. */
  readonly agent: Agent;
  /** For https: who we are, and who has to answer. */
  readonly tls?: ConnectionOptions;
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly bodyBytesMax: number;
  readonly signal: AbortSignal;
};

export type Exchange =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: IncomingMessage["headers"];
      readonly text: string;
    }
  | { readonly kind: "none"; readonly message: string };

const UNKNOWN_CALLER = 401;

type Attempt = Exchange | { readonly kind: "staleConnection" };

/** Sends one request and reads its answer; never rejects. */
export function exchange(request: ExchangeRequest, limits: ExchangeLimits): Promise<Exchange> {
  const { signal, clock, deadlineMs } = limits;
  return new Promise((resolve) => {
    let isOver = false;
    let outgoing: ClientRequest | null = null;
    const end = (outcome: Exchange): void => {
      isOver = true;
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      resolve(outcome);
      // After a whole answer the connection is kept for the next call.
      if (outcome.kind === "none") outgoing?.destroy();
    };
    const onAbort = (): void => end({ kind: "none", message: `was given up: ${reasonOf(signal)}` });
    const timer = clock.after(deadlineMs, () =>
      end({ kind: "none", message: `did not answer within ${deadlineMs} ms` }),
    );
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const run = (isRetry: boolean): void => {
      outgoing = attempt(request, limits, (outcome) => {
        if (isOver) return;
        if (outcome.kind !== "staleConnection") end(outcome);
        else if (!isRetry) run(true);
        else end({ kind: "none", message: "closed the connection without an answer" });
      });
    };
    run(false);
  });
}

/**
 * By the first of several ways that knows us: who answers 401 has done nothing, and may know us by another certificate (AUT4). Of a JobManager
 * that does, the answer says which job it is for. null: there is no way.
 */
export async function exchangeAsKnown(
  request: ExchangeRequest,
  ways: readonly ExchangeLimits[],
): Promise<Exchange | null> {
  let outcome: Exchange | null = null;
  for (const limits of ways) {
    outcome = await exchange(request, limits);
    if (outcome.kind !== "response" || outcome.status !== UNKNOWN_CALLER) return outcome;
  }
  return outcome;
}

function attempt(
  request: ExchangeRequest,
  { agent, tls, bodyBytesMax }: ExchangeLimits,
  onEnd: (outcome: Attempt) => void,
): ClientRequest {
  let hasAnswered = false;
  const start = tls === undefined ? startRequest : startSecureRequest;
  const outgoing = start(
    request.url,
    { ...tls, method: request.method, headers: headersOf(request), agent },
    (response) => {
      hasAnswered = true;
      readBody(response, bodyBytesMax, (body) => {
        if (body.kind === "none") return onEnd(body);
        onEnd({ kind: "response", status: response.statusCode ?? 0, headers: response.headers, text: body.text });
      });
    },
  );
  outgoing.on("error", (error: NodeJS.ErrnoException) => {
    if (hasAnswered) return;
    const isStale = outgoing.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
    onEnd(isStale ? { kind: "staleConnection" } : { kind: "none", message: `cannot be reached: ${textOf(error)}` });
  });
  outgoing.end(request.body ?? undefined);
  return outgoing;
}

function readBody(
  response: IncomingMessage,
  bytesMax: number,
  onEnd: (body: { kind: "text"; text: string } | { kind: "none"; message: string }) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      response.removeAllListeners("data");
      onEnd({ kind: "none", message: `sent an answer of more than ${bytesMax} bytes` });
    } else chunks.push(chunk);
  });
  response.on("end", () => {
    if (bytes <= bytesMax) onEnd({ kind: "text", text: Buffer.concat(chunks).toString("utf8") });
  });
  response.on("error", (error) => onEnd({ kind: "none", message: `broke off its answer: ${textOf(error)}` }));
}

function headersOf({ headers, body }: ExchangeRequest): Record<string, string> {
  if (body === null) return { ...headers, accept: "application/json" };
  return {
    ...headers,
    accept: "application/json",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
  };
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}

/** Of an AggregateError (several addresses, none answers) the message is empty: its parts say it. */
function textOf(error: NodeJS.ErrnoException): string {
  if (error.message !== "") return error.message;
  const parts = error instanceof AggregateError ? error.errors.map(String).join("; ") : "";
  return parts !== "" ? parts : (error.code ?? error.name);
}
