/**
 * Owns: trying a call again where that can help and can do no harm: reads, and writes that are the same however often they are done.
 * Called by: the CLI. The operator looks again instead: its queue is its retry.
 *
 * RET1 Only errors with destiny `retry` are tried again. Never `Conflict` (read again and decide again, which only the caller can), never
 *     `Gone` (the same old version stays gone), and never `Unauthorized` (fresh credentials were refused already).
 * RET2 A `retryAfterMs` of the server is waited for at least.
 * RET3 No try begins whose wait would end after the deadline; the last error is thrown then, at once and unchanged.
 * RET4 The signal ends waits and calls at once, with its reason.
 */
import { type Clock, type Random, StreamError } from "../../../base/index.ts";
import { type CallOptions, isApiError, type KubernetesApi } from "../api/index.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import { callWithin, pause } from "./waiting.ts";

export type RetryPolicy = {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal;
  /** For all tries and waits together. Default 30 000. */
  readonly deadlineMs?: number;
  /** For one try. Default 10 000. */
  readonly callTimeoutMs?: number;
  /** Default 100 ms to 5 s. */
  readonly backoff?: Backoff;
  /** What is called, for the message of a timeout: "get Pod a/b". */
  readonly what?: string;
  /** Told before each wait. */
  readonly onRetry?: (error: StreamError, waitMs: number) => void;
};

const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_CALL_TIMEOUT_MS = 10_000;
const DEFAULT_BACKOFF: Backoff = { firstMs: 100, maxMs: 5000 };

/** Calls until it succeeds, fails for good, or time is over. Give the call's signal to the API. */
export async function withRetry<T>(call: (signal: AbortSignal) => Promise<T>, policy: RetryPolicy): Promise<T> {
  const { clock, random, signal, what = "the call", onRetry } = policy;
  const endMs = clock.monotonicMs() + (policy.deadlineMs ?? DEFAULT_DEADLINE_MS);
  const backoff = policy.backoff ?? DEFAULT_BACKOFF;
  for (let retry = 0; ; retry++) {
    const leftMs = Math.max(0, endMs - clock.monotonicMs());
    const timeoutMs = Math.min(leftMs, policy.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS);
    try {
      return await callWithin({ clock, timeoutMs, what, ...(signal === undefined ? {} : { signal }) }, call);
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayRetry(error)) throw error;
      const waitMs = Math.max(error.retryAfterMs ?? 0, backoffMs(backoff, retry, random));
      if (clock.monotonicMs() + waitMs >= endMs) throw error;
      onRetry?.(error, waitMs);
      await pause(clock, waitMs, signal ?? new AbortController().signal);
      signal?.throwIfAborted();
    }
  }
}

/** The same API, whose reads are tried again; writes are sent once: whether one that failed was done is for the caller to find out. */
export function withRetriedReads(
  api: KubernetesApi,
  policy: Omit<RetryPolicy, "signal" | "what" | "onRetry">,
): KubernetesApi {
  const read = <T>(what: string, call: (options: CallOptions) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    withRetry((inner) => call({ signal: inner }), { ...policy, what, ...(signal === undefined ? {} : { signal }) });
  return {
    get: (kind, key, options) =>
      read(`get ${kind} ${key.name}`, (given) => api.get(kind, key, { ...options, ...given }), options?.signal),
    list: (kind, options) => read(`list ${kind}`, (given) => api.list(kind, { ...options, ...given }), options?.signal),
    logs: (pod, options) =>
      read(`logs of ${pod.name}`, (given) => api.logs(pod, { ...options, ...given }), options?.signal),
    watch: (kind, options, onEvent) => api.watch(kind, options, onEvent),
    create: (kind, object, options) => api.create(kind, object, options),
    update: (kind, object, options) => api.update(kind, object, options),
    updateStatus: (kind, object, options) => api.updateStatus(kind, object, options),
    patch: (kind, key, patch, options) => api.patch(kind, key, patch, options),
    apply: (kind, object, options) => api.apply(kind, object, options),
    delete: (kind, key, options) => api.delete(kind, key, options),
  };
}

function mayRetry(error: unknown): error is StreamError {
  return (
    error instanceof StreamError && error.destiny === "retry" && !isApiError(error, "Conflict", "Gone", "Unauthorized")
  );
}
