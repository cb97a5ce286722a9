/**
 * Owns: answers of lookups that are asked for by several records: one request for all that want the same at a time, and, where the user says so,
 * its answer for a while.
 *
 * LCA1 An answer is kept for `ttl` from its request on, and of the `size` answers that are kept the one that was not asked for longest goes
 *      first. A failure is never kept.
 * LCA2 When the time of the call that asked is up, the others that wait for its answer ask themselves.
 */
import { type Clock, type Duration, readDuration } from "../../../base/index.ts";
import { checkNumber } from "./option-check.ts";

/** Keep answers: what changes at the server in the meantime is not seen until `ttl` is over. */
export type LookupCacheOptions = {
  /** Answers of a subtask; at least 1. */
  readonly size: number;
  readonly ttl: Duration;
};

export type CheckedCache = { readonly size: number; readonly ttlMs: number };

/** Errors: OPTION_INVALID. */
export function checkCache(connector: string, cache: LookupCacheOptions | undefined): CheckedCache | null {
  if (cache === undefined) return null;
  checkNumber(
    connector,
    ["cache.size", cache.size],
    (size) => Number.isSafeInteger(size) && size >= 1,
    "a whole number from 1",
  );
  return { size: cache.size, ttlMs: readDuration(cache.ttl, `${connector}: cache.ttl`) };
}

/** `signal`: of the call that asked. */
type Asked<A> = { readonly answer: Promise<A>; readonly signal: AbortSignal | undefined };
type Kept<A> = { readonly answer: A; readonly untilMs: number };

/** The answers of one subtask, by what was asked. */
export class LookupCache<A> {
  readonly #cache: CheckedCache | null;
  readonly #clock: Clock;
  readonly #asked = new Map<string, Asked<A>>();
  /** The one asked for last is the last. */
  readonly #kept = new Map<string, Kept<A>>();

  /** `cache` null: no answer is kept. */
  constructor(cache: CheckedCache | null, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** The kept answer, that of a request under way, or that of a new one. */
  get(question: string, ask: () => Promise<A>, signal?: AbortSignal): A | Promise<A> {
    const kept = this.#kept.get(question);
    if (kept !== undefined) {
      this.#kept.delete(question);
      if (kept.untilMs > this.#clock.monotonicMs()) {
        this.#kept.set(question, kept);
        return kept.answer;
      }
    }
    const asked = this.#asked.get(question);
    return asked === undefined
      ? this.#ask(question, ask, signal)
      : this.#join(asked, () => this.get(question, ask, signal));
  }

  /** LCA2 */
  async #join(asked: Asked<A>, askAgain: () => A | Promise<A>): Promise<A> {
    try {
      return await asked.answer;
    } catch (error) {
      if (asked.signal?.aborted !== true) throw error;
      return askAgain();
    }
  }

  async #ask(question: string, ask: () => Promise<A>, signal: AbortSignal | undefined): Promise<A> {
    const untilMs = this.#clock.monotonicMs() + (this.#cache?.ttlMs ?? 0);
    const asked = { answer: ask(), signal };
    this.#asked.set(question, asked);
    try {
      const answer = await asked.answer;
      if (this.#cache !== null) this.#keep(question, { answer, untilMs }, this.#cache.size);
      return answer;
    } finally {
      this.#asked.delete(question);
    }
  }

  #keep(question: string, kept: Kept<A>, size: number): void {
    this.#kept.set(question, kept);
    if (this.#kept.size <= size) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}
