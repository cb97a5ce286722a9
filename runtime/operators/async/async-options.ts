/**
 * Owns: the options of async I/O, checked, with their defaults; and how long is waited between two attempts.
 *
 * ASO1 What cannot be is refused when the job is built, with what was given and what to write instead.
 */
import { readDuration, StreamError } from "../../../base/index.ts";
import type { AsyncCallback, AsyncOptions, AsyncOrder, AsyncRetry } from "../../ports/index.ts";

const CAPACITY = 100;
const TIMEOUT = "1 min";
const ORDERS: readonly AsyncOrder[] = ["ordered", "unordered", "keyed"];
const RETRY_NAMES = ["attempts", "delay", "multiplier", "maxDelay", "onError", "onResult"];

export type RetryPolicy<R> = {
  readonly attemptsMax: number;
  /** Before the attempt after `attempt`, milliseconds. */
  delayMs(attempt: number): number;
  isRetriedError(error: unknown): boolean;
  isRetriedResult(result: R): boolean;
};

export type AsyncPlan<I, R, C> = {
  readonly order: AsyncOrder;
  readonly capacity: number;
  /** null: none. */
  readonly timeoutMs: number | null;
  readonly onTimeout: AsyncCallback<I, R, C> | null;
  readonly retry: RetryPolicy<R> | null;
  /** Whether a restored record has its first call and all its time before it (ACL3). Absent: no. */
  readonly resumesAnew?: boolean;
  /** What to do where a call is late, for messages. Absent: what the API's users can. */
  readonly lateRemedy?: string;
};

/** `operation`: what the user called, for messages. Throws OPTION_INVALID. */
export function asyncPlan<I, R, C>(operation: string, options: AsyncOptions<I, R, C>): AsyncPlan<I, R, C> {
  const { order = "ordered", capacity = CAPACITY, timeout = TIMEOUT, onTimeout, retry } = options;
  if (!ORDERS.includes(order)) throw refused(`${operation}: order is ${String(order)}; use ${ORDERS.join(", ")}`);
  if (!Number.isSafeInteger(capacity) || capacity < 1)
    throw refused(`${operation}: capacity is ${String(capacity)}; give the number of records, 1 or more`);
  if (onTimeout !== undefined && typeof onTimeout !== "function")
    throw refused(`${operation}: onTimeout is no function; write onTimeout: (value) => …`);
  const timeoutMs = readDuration(timeout, `${operation}: timeout`);
  return {
    order,
    capacity,
    timeoutMs: timeoutMs > 0 ? timeoutMs : null,
    onTimeout: onTimeout ?? null,
    retry: retry === undefined ? null : retryPolicy(`${operation}: retry`, retry),
  };
}

function retryPolicy<R>(where: string, retry: AsyncRetry<R>): RetryPolicy<R> {
  const unknown = Object.keys(retry).find((name) => !RETRY_NAMES.includes(name));
  if (unknown !== undefined) throw refused(`${where}: there is no ${unknown}; there are ${RETRY_NAMES.join(", ")}`);
  const { attempts, multiplier = 1, onError = () => true, onResult = () => false } = retry;
  if (!Number.isSafeInteger(attempts) || attempts < 2)
    throw refused(`${where}.attempts is ${String(attempts)}; give the number of calls for one record, 2 or more`);
  if (typeof multiplier !== "number" || !(multiplier >= 1) || multiplier === Number.POSITIVE_INFINITY)
    throw refused(`${where}.multiplier is ${String(multiplier)}; give 1 or more`);
  const firstMs = readDuration(retry.delay, `${where}.delay`);
  const mostMs = retry.maxDelay === undefined ? Infinity : readDuration(retry.maxDelay, `${where}.maxDelay`);
  return {
    attemptsMax: attempts,
    delayMs: (attempt) => Math.min(mostMs, firstMs * multiplier ** (attempt - 1)),
    isRetriedError: onError,
    isRetriedResult: onResult,
  };
}

function refused(message: string): StreamError {
  return new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
}
