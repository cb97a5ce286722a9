/**
 * Owns: answers of lookups that are asked for by several records: one request for all that want the same at a time, and, where the user says so,
 * its answer for a while.
 *
 * LCA1 An answer is kept for `ttl` from its request on, and for `idle` since it was asked for last, whichever is over first; of the `size` answers that are kept the one that
 *      was not asked for longest goes first. A failure is never kept. What is over leaves the memory when others come, after twice its time at the latest.
 * LCA2 When the time of the call that asked is up, the others that wait for its answer ask themselves.
 */
import { type Clock, type Duration, readDuration } from "../../../base/index.ts";
import { checkNumber } from "./option-check.ts";

/** Keep answers: what changes at the server in the meantime is not seen until one of the times is over. */
export type LookupCacheOptions = {
  /** Answers of a subtask; at least 1. */
  readonly size: number;
  /** From the request on. Default: for ever. */
  readonly ttl?: Duration;
  /** Since it was asked for last. Default: for ever. */
  readonly idle?: Duration;
  /** Whether it is kept that there is no row, no key or no field. Default true. */
  readonly keepsMissing?: boolean;
};

export type CheckedCache = {
  readonly size: number;
  readonly ttlMs: number;
  readonly idleMs: number;
  readonly keepsMissing: boolean;
};

/** Errors: OPTION_INVALID. */
export function checkCache(connector: string, cache: LookupCacheOptions | undefined): CheckedCache | null {
  if (cache === undefined) return null;
  checkNumber(
    connector,
    ["cache.size", cache.size],
    (size) => Number.isSafeInteger(size) && size >= 1,
    "a whole number from 1",
  );
  const { size, ttl, idle, keepsMissing = true } = cache;
  const readMs = (name: string, duration: Duration | undefined): number =>
    duration === undefined ? Number.POSITIVE_INFINITY : readDuration(duration, `${connector}: cache.${name}`);
  return { size, ttlMs: readMs("ttl", ttl), idleMs: readMs("idle", idle), keepsMissing };
}

/** `signal`: of the call that asked. */
type Asked<A> = { readonly answer: Promise<A>; readonly signal: AbortSignal | undefined };
/** `idleAtMs`: when it was not asked for for too long. */
type Kept<A> = { readonly answer: A; readonly untilMs: number; idleAtMs: number };

const DROPPED_MAX = 100;

/** The answers of one subtask, by what was asked. */
export class LookupCache<A> {
  readonly #cache: CheckedCache | null;
  readonly #clock: Clock;
  readonly #isMissing: (answer: A) => boolean;
  readonly #asked = new Map<string, Asked<A>>();
  /** The one asked for last is the last. */
  readonly #kept = new Map<string, Kept<A>>();

  /** How many answers are in memory. */
  get size(): number {
    return this.#kept.size;
  }

  /** `cache` null: no answer is kept. `isMissing`: whether the answer is that there is nothing. */
  constructor(cache: CheckedCache | null, clock: Clock, isMissing: (answer: A) => boolean) {
    this.#cache = cache;
    this.#clock = clock;
    this.#isMissing = isMissing;
  }

  /** The kept answer, that of a request under way, or that of a new one. */
  get(question: string, ask: () => Promise<A>, signal?: AbortSignal): A | Promise<A> {
    const kept = this.#kept.get(question);
    if (kept !== undefined) {
      this.#kept.delete(question);
      const nowMs = this.#clock.monotonicMs();
      if (kept.untilMs > nowMs && kept.idleAtMs > nowMs) {
        kept.idleAtMs = nowMs + (this.#cache?.idleMs ?? 0);
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
      this.#keep(question, answer, untilMs);
      return answer;
    } finally {
      this.#asked.delete(question);
    }
  }

  #keep(question: string, answer: A, untilMs: number): void {
    const cache = this.#cache;
    if (cache === null || (!cache.keepsMissing && this.#isMissing(answer))) return;
    const nowMs = this.#clock.monotonicMs();
    this.#kept.set(question, { answer, untilMs, idleAtMs: nowMs + cache.idleMs });
    // From the one that was not asked for longest on: what nobody asks for again would stay for ever. More than comes leaves, and no step is long.
    let dropped = 0;
    for (const [oldest, kept] of this.#kept) {
      const isOver = kept.untilMs <= nowMs || kept.idleAtMs <= nowMs;
      if (dropped === DROPPED_MAX || (!isOver && this.#kept.size <= cache.size)) return;
      this.#kept.delete(oldest);
      dropped += 1;
    }
  }
}
