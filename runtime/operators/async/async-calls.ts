/**
 * Owns: the calls for the records of an async operator: their attempts, their time, their end.
 * Not here: the order of their answers (async-queue.ts).
 *
 * ACL1 The first answer of a record counts; whatever comes after it, or after its time was up, is of no account (AS-5).
 * ACL2 A record's time is that of all its attempts together. When it is up, `onTimeout` answers; when it does not, or there is none,
 *     the task fails, with the operator and the record in the message (AS-4). No call can hold the queue up for ever unless
 *     `timeout` is 0; the task's status names it then.
 * ACL3 With retries a restored record goes on with the attempts and the time that it had; at least one delay of a retry is left (AS-3). Where the plan says so, and without retries,
 *     it is begun anew.
 * ACL4 A function that keeps the thread from other work for long is told so, once: nothing else of the slot runs meanwhile (AS-8).
 */
import { type Clock, isPromiseLike, StreamError, type Timer } from "../../../base/index.ts";
import type {
  AsyncCall,
  AsyncCallback,
  AsyncFunction,
  Counter,
  Histogram,
  OperatorContext,
} from "../../ports/index.ts";
import type { AsyncPlan } from "./async-options.ts";
import type { AsyncRequest } from "./async-queue.ts";
import { Deadlines } from "./deadlines.ts";

/** A call that returns its promise later than that blocks the thread. */
const BLOCKING_MS = 100;
const RECORD_TEXT_MAX = 200;

type Request<I> = AsyncRequest<I, unknown>;

export type CallEvents<I, R> = {
  onAnswer(request: Request<I>, result: R): void;
  onFailure(error: unknown): void;
};

/** Where a record is. A state is replaced as a whole: who holds an older one has nothing to say any more (ACL1). */
type CallState<C> =
  | { readonly kind: "called" | "timedOut"; readonly call: Call<C>; readonly done: () => void }
  | { readonly kind: "waiting"; readonly timer: Timer };

class Call<C> implements AsyncCall<C> {
  readonly resource: C;
  readonly attempt: number;
  readonly timestamp: number;
  /** Made for who asks for it. */
  #abort: AbortController | null = null;

  constructor(resource: C, { attempts, timestamp }: Request<unknown>) {
    this.resource = resource;
    this.attempt = attempts;
    this.timestamp = timestamp;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  abort(): void {
    this.#abort?.abort();
  }
}

type CallsParts<I, R, C> = {
  readonly name: string;
  readonly fn: AsyncFunction<I, R, C>;
  readonly plan: AsyncPlan<I, R, C>;
};

export class AsyncCalls<I, R, C> {
  readonly #context: OperatorContext;
  readonly #clock: Clock;
  readonly #parts: CallsParts<I, R, C>;
  readonly #events: CallEvents<I, R>;
  readonly #states = new Map<Request<I>, CallState<C>>();
  readonly #deadlines: Deadlines<Request<I>>;
  readonly #latency: Histogram;
  readonly #timeouts: Counter;
  readonly #retries: Counter;
  #resource: { readonly value: C } | null = null;
  #isClosed = false;
  #isEnding = false;
  #hasToldBlocking = false;

  constructor(context: OperatorContext, parts: CallsParts<I, R, C>, events: CallEvents<I, R>) {
    this.#context = context;
    this.#clock = context.clock;
    this.#parts = parts;
    this.#events = events;
    this.#deadlines = new Deadlines(context.clock, (request) => this.#onDue(request));
    this.#latency = context.metrics.histogram("asyncLatencyMs");
    this.#timeouts = context.metrics.counter("asyncTimeouts");
    this.#retries = context.metrics.counter("asyncRetries");
  }

  async open(): Promise<void> {
    const { uid, name, subtask, parallelism, clock, log, metrics } = this.#context;
    const value = await this.#parts.fn.open?.({ uid, name, subtask, parallelism, clock, log, metrics });
    this.#resource = { value: value as C };
  }

  /** The records of a restored checkpoint, those with the least time left first; each is begun afterwards (ACL3). */
  resume(requests: readonly Request<I>[]): void {
    const { retry, timeoutMs, resumesAnew } = this.#parts.plan;
    for (const request of requests) {
      if (retry === null || request.attempts === 0 || resumesAnew === true) {
        request.attempts = 0;
        request.retryAtMs = null;
        continue;
      }
      if (timeoutMs === null) continue;
      const leftMs = timeoutMs - (this.#clock.nowMs() - request.startedMs);
      this.#deadlines.add(request, leftMs > 0 ? leftMs : retry.delayMs(request.attempts));
    }
  }

  /** Its first call, or the one that a restored record waits for. */
  begin(request: Request<I>): void {
    const { timeoutMs, retry } = this.#parts.plan;
    if (request.attempts > 0) {
      const waitMs = Math.max(0, (request.retryAtMs ?? 0) - this.#clock.nowMs());
      // An attempt that was under way is made again, and not counted twice.
      if (request.retryAtMs === null) request.attempts -= 1;
      if (waitMs > 0 && retry !== null) this.#wait(request, Math.min(waitMs, retry.delayMs(request.attempts)));
      else this.#call(request);
      return;
    }
    request.startedMs = this.#clock.nowMs();
    if (timeoutMs !== null) this.#deadlines.add(request, timeoutMs);
    this.#call(request);
  }

  /** The end of the data does not wait for delays: each has its next attempt now (AS-7). */
  retryNow(): void {
    this.#isEnding = true;
    for (const [request, state] of this.#states) {
      if (state.kind !== "waiting") continue;
      state.timer.cancel();
      this.#call(request);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#deadlines.close();
    for (const state of this.#states.values()) giveUp(state);
    this.#states.clear();
    if (this.#resource !== null) await this.#parts.fn.close?.(this.#resource.value);
  }

  #call(request: Request<I>): void {
    request.attempts += 1;
    request.retryAtMs = null;
    if (request.attempts > 1) this.#retries.inc();
    this.#ask(request, "called", (value, call) => this.#parts.fn.invoke(value, call));
  }

  #ask(request: Request<I>, kind: "called" | "timedOut", callback: AsyncCallback<I, R, C>): void {
    const call = new Call(this.#resource?.value as C, request);
    const done = this.#context.outside.await("a call that has not been answered");
    const state: CallState<C> = { kind, call, done };
    this.#states.set(request, state);
    const beganMs = this.#clock.monotonicMs();
    try {
      const answer = callback(request.value, call);
      this.#checkBlocking(this.#clock.monotonicMs() - beganMs);
      if (isPromiseLike(answer)) {
        (answer as PromiseLike<R>).then(
          (result) => this.#onResult(request, state, result),
          (error: unknown) => this.#onError(request, state, error),
        );
      } else {
        this.#onResult(request, state, answer as R);
      }
    } catch (error) {
      this.#onError(request, state, error);
    }
  }

  #onResult(request: Request<I>, state: CallState<C>, result: R): void {
    if (this.#states.get(request) !== state) return;
    const { retry } = this.#parts.plan;
    try {
      if (state.kind === "called" && retry?.isRetriedResult(result) === true && this.#mayRetry(request))
        return this.#retry(request, state);
    } catch (error) {
      return this.#events.onFailure(error);
    }
    this.#release(request, state);
    this.#latency.update(this.#clock.nowMs() - request.startedMs);
    this.#events.onAnswer(request, result);
  }

  #onError(request: Request<I>, state: CallState<C>, error: unknown): void {
    if (this.#states.get(request) !== state) return;
    try {
      if (state.kind === "called" && this.#mayRetry(request) && this.#parts.plan.retry?.isRetriedError(error) === true)
        return this.#retry(request, state);
    } catch (failure) {
      return this.#events.onFailure(failure);
    }
    this.#release(request, state);
    this.#events.onFailure(error);
  }

  #mayRetry(request: Request<I>): boolean {
    const { retry } = this.#parts.plan;
    return retry !== null && request.attempts < retry.attemptsMax;
  }

  #retry(request: Request<I>, state: CallState<C>): void {
    const { retry } = this.#parts.plan;
    leave(state);
    if (retry === null || this.#isEnding) this.#call(request);
    else this.#wait(request, retry.delayMs(request.attempts));
  }

  #wait(request: Request<I>, delayMs: number): void {
    request.retryAtMs = this.#clock.nowMs() + delayMs;
    const timer = this.#clock.after(delayMs, () => this.#call(request));
    this.#states.set(request, { kind: "waiting", timer });
  }

  /** ACL2 */
  #onDue(request: Request<I>): void {
    const state = this.#states.get(request);
    const { onTimeout, timeoutMs, lateRemedy = "give it onTimeout, or a longer timeout" } = this.#parts.plan;
    if (this.#isClosed || state === undefined) return;
    giveUp(state);
    this.#states.delete(request);
    if (state.kind === "timedOut")
      return this.#events.onFailure(this.#late(request, "onTimeout has not settled either"));
    this.#timeouts.inc();
    if (onTimeout === null) return this.#events.onFailure(this.#late(request, lateRemedy));
    if (timeoutMs !== null) this.#deadlines.add(request, timeoutMs);
    this.#ask(request, "timedOut", onTimeout);
  }

  #late(request: Request<I>, remedy: string): StreamError {
    const { name, uid } = this.#context;
    const { timeoutMs } = this.#parts.plan;
    const attempts = request.attempts === 1 ? "1 attempt" : `${request.attempts} attempts`;
    return new StreamError(
      "ASYNC_TIMEOUT",
      `${name} (uid ${uid}): the call for the record ${recordText(request.value)} has not been answered in ${timeoutMs} ms (${attempts}); ${remedy}`,
    );
  }

  #release(request: Request<I>, state: CallState<C>): void {
    leave(state);
    this.#states.delete(request);
    this.#deadlines.delete(request);
  }

  /** ACL4 */
  #checkBlocking(tookMs: number): void {
    if (tookMs < BLOCKING_MS || this.#hasToldBlocking) return;
    this.#hasToldBlocking = true;
    this.#context.log.warn(
      { durationMs: Math.round(tookMs) },
      "an async function works before it returns its promise; nothing else of this slot runs meanwhile",
    );
  }
}

/** It has its answer, or its failure. */
function leave<C>(state: CallState<C>): void {
  if (state.kind !== "waiting") state.done();
}

/** Nobody waits for it any more. */
function giveUp<C>(state: CallState<C>): void {
  if (state.kind === "waiting") {
    state.timer.cancel();
  } else {
    state.done();
    state.call.abort();
  }
}

/** A record for a message: enough of it to find it by. */
function recordText(value: unknown): string {
  const text =
    JSON.stringify(value, (_name, inner: unknown) => (typeof inner === "bigint" ? `${inner}n` : inner)) ??
    String(value);
  return text.length > RECORD_TEXT_MAX ? `${text.slice(0, RECORD_TEXT_MAX)}…` : text;
}
