/**
 * Owns: attempts of requests to S3: how often, how long each, how long between them. The SDK's own retries are off.
 * Not here: what a request is (s3-object-store.ts, s3-writer.ts), what an answer means (s3-trouble.ts).
 *
 * S3C1 A request is tried `attemptsMax` times, within `callTimeoutMs` and a second for each MiB that it moves; then the error is the last one.
 * S3C2 Between attempts it waits a random time up to a bound that doubles (full jitter), longer for a store that throttles, and as long as
 *     the store asks for. So many tasks that were refused together do not come back together.
 * S3C3 An attempt that is over its time is cut: its socket is closed, and nothing of it is waited for.
 * S3C4 What is denied is tried a few times at once: MinIO denies a write, too, whose folder is deleted at that moment.
 */
import { type Clock, type Random, sleep, StreamError } from "../../../base/index.ts";
import { retryAfterMsOf, s3Error, troubleOf } from "./s3-trouble.ts";

const MIB = 1024 * 1024;
const MS_PER_MIB = 1000;
const DELAY_MS = 50;
const THROTTLED_DELAY_MS = 500;
const DELAY_MAX_MS = 10_000;
/** Of what the credentials may not do, or so the store says: it is mostly true. */
const DENIED_ATTEMPTS_MAX = 4;

/** `doing`: an infinitive, for messages. */
export type S3Call = { readonly doing: string; readonly where: string; readonly bytes?: number };

/** One attempt: `signal` ends it; `allow` gives it the time that so many bytes need. */
export type Attempt = { readonly signal: AbortSignal; allow(bytes: number): void };

export type S3CallsOptions = {
  readonly attemptsMax: number;
  readonly requestTimeoutMs: number;
  readonly callTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
};

export class S3Calls {
  readonly #options: S3CallsOptions;

  constructor(options: S3CallsOptions) {
    this.#options = options;
  }

  /** Errors: STORE_UNAVAILABLE, STORE_FULL, or, with `isAnswer`, the server's own answer that the caller wants to see. */
  async run<T>(
    call: S3Call,
    act: (attempt: Attempt) => Promise<T>,
    isAnswer: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    const { attemptsMax, callTimeoutMs, clock, random } = this.#options;
    const startedMs = clock.monotonicMs();
    let allowedMs = callTimeoutMs + msFor(call.bytes ?? 0);
    const leftMs = (): number => startedMs + allowedMs - clock.monotonicMs();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(call, leftMs(), (one) =>
          act({
            signal: one.signal,
            allow: (bytes) => {
              allowedMs = Math.max(allowedMs, callTimeoutMs + msFor(bytes));
              one.allow(bytes);
            },
          }),
        );
      } catch (error) {
        if (isAnswer(error)) throw error;
        const trouble = troubleOf(error);
        const mayHelp =
          trouble === "passing" ||
          trouble === "throttled" ||
          trouble === "conflict" ||
          (trouble === "denied" && attempt < DENIED_ATTEMPTS_MAX);
        const boundMs = (trouble === "throttled" ? THROTTLED_DELAY_MS : DELAY_MS) * 2 ** (attempt - 1);
        const delayMs = Math.max(retryAfterMsOf(error), random.next() * Math.min(DELAY_MAX_MS, boundMs));
        if (error instanceof StreamError || !mayHelp || attempt >= attemptsMax || leftMs() <= delayMs)
          throw s3Error(call.doing, call.where, error, attempt);
        await sleep(clock, delayMs);
      }
    }
  }

  /** S3C3 */
  async #once<T>(call: S3Call, leftMs: number, act: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { requestTimeoutMs, clock } = this.#options;
    const controller = new AbortController();
    const startedMs = clock.monotonicMs();
    let onLate = (_: Error): void => undefined;
    const late = new Promise<never>((_, reject) => (onLate = reject));
    const arm = (limitMs: number): { cancel(): void } =>
      clock.after(Math.max(0, limitMs - (clock.monotonicMs() - startedMs)), () => {
        onLate(new Error(`no answer within ${Math.round(limitMs)} ms`));
        controller.abort();
      });
    let timer = arm(Math.min(leftMs, requestTimeoutMs + msFor(call.bytes ?? 0)));
    const allow = (bytes: number): void => {
      timer.cancel();
      timer = arm(requestTimeoutMs + msFor(bytes));
    };
    const acting = act({ signal: controller.signal, allow });
    // Lost the race it fails by the abort; nobody asks for that any more.
    acting.catch(() => undefined);
    try {
      return await Promise.race([acting, late]);
    } finally {
      timer.cancel();
    }
  }
}

function msFor(bytes: number): number {
  return Math.ceil(bytes / MIB) * MS_PER_MIB;
}
