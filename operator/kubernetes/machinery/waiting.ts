/**
 * Owns: waiting that ends: for a while, or for a call that may never answer.
 * Called by: list-watch, lease-elector, retry, recorder.
 *
 * WT1 Both end at once when the signal does, and leave neither a timer nor a listener behind.
 * WT2 A call that ignores its signal is left alone at the deadline: the caller goes on, and what the call still brings is dropped.
 */
import type { Clock } from "../../../base/index.ts";
import { ApiError } from "../api/index.ts";

/** Resolves after `delayMs`, or at once when the signal ends. Never rejects: ask the signal why it resolved. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal.addEventListener("abort", done);
  });
}

export type CallLimits = {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** What is called, for the message: "list Pod". */
  readonly what: string;
};

/** Calls with a signal that ends at the deadline. Errors: those of the call, ApiError Timeout, the outer signal's reason. */
export function callWithin<T>(limits: CallLimits, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, timeoutMs, signal, what } = limits;
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const inner = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const finish = (settle: () => void): void => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const giveUp = (reason: unknown): void => {
      finish(() => reject(reason));
      inner.abort(reason);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const timer = clock.after(timeoutMs, () =>
      giveUp(new ApiError("Timeout", `${what} had no answer from the API server in ${Math.round(timeoutMs)} ms`)),
    );
    signal?.addEventListener("abort", onAbort);
    // After giving up, settling again does nothing (WT2). Async: a call that throws is one that rejects.
    const called = async (): Promise<T> => call(inner.signal);
    called().then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}
