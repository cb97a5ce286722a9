/**
 * Owns: the shapes of what users write for async I/O: the function that asks something outside for each record, and how it is asked.
 * Not here: the operator that calls it (operators/async).
 */
import type { Clock, Duration, Log } from "../../base/index.ts";
import type { MetricGroup } from "./metrics.ts";

/** What one call can see. `C`: what `open` made, such as a pool of connections. */
export interface AsyncCall<C = undefined> {
  /** What the function's `open` gave; undefined without one. */
  readonly resource: C;
  /** Aborted when the call's time is up and when the task ends: give it to `fetch` and the like. */
  readonly signal: AbortSignal;
  /** 1 for the first; more when the record is asked for again (`retry`). After a restore it goes on counting only with `retry`. */
  readonly attempt: number;
  /** Of the record, epoch milliseconds; NO_TIMESTAMP when it has none. */
  readonly timestamp: number;
}

/** What `open` can see. */
export interface AsyncOpenContext {
  readonly uid: string;
  readonly name: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricGroup;
}

/** `R`: what one call answers: a record for mapAsync, an array of them for flatMapAsync. */
export type AsyncCallback<I, R, C = undefined> = (value: I, call: AsyncCall<C>) => R | PromiseLike<R>;

/** A function with something of its own for each subtask, such as a client: made by `open`, in each call's `resource`, ended by `close`. */
export interface AsyncFunction<I, R, C> {
  /** Awaited before the first call. */
  open?(context: AsyncOpenContext): C | PromiseLike<C>;
  invoke(value: I, call: AsyncCall<C>): R | PromiseLike<R>;
  /** Called once, also after a failure. */
  close?(resource: C): void | PromiseLike<void>;
}

/** When a call that failed is made again. */
export type AsyncRetry<R> = {
  /** Calls for one record, the first one included; 2 or more. */
  readonly attempts: number;
  /** Before the second call. */
  readonly delay: Duration;
  /** Each further delay is so many times the one before it; 1 or more. Default 1: always the same. */
  readonly multiplier?: number;
  /** The longest delay. Default: no limit. */
  readonly maxDelay?: Duration;
  /** Whether a call that failed so is made again. Default: each. */
  readonly onError?: (error: unknown) => boolean;
  /** Whether an answer is as good as a failure. With the last attempt it is taken as it is. Default: none is. */
  readonly onResult?: (result: R) => boolean;
};

/**
 * `ordered`: answers leave in the order of their records. `unordered`: as they come, but none passes a watermark (AS-6). `keyed`: as they
 * come, but one call at a time for each key, so that the answers of a key are in order.
 */
export type AsyncOrder = "ordered" | "unordered" | "keyed";

export type AsyncOptions<I, R, C = undefined> = {
  /** Default `ordered`; `keyed` needs keyBy. */
  readonly order?: AsyncOrder;
  /** Records that are asked for, or wait for it, at a time, in each subtask: when there are so many the input waits. Default 100. */
  readonly capacity?: number;
  /** For all attempts of a record together, from its first call on. 0: none. Default 1 min. */
  readonly timeout?: Duration;
  /** What is emitted instead when a record's time is up; it has as long once more. Default: the job fails with ASYNC_TIMEOUT. */
  readonly onTimeout?: AsyncCallback<I, R, C>;
  /** Default: a call that fails fails the job. */
  readonly retry?: AsyncRetry<R>;
};
