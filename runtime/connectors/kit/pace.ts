/**
 * Owns: keeping to a rate: how many records are due now, and waking the task when the next one is.
 * Called by: the generator and the text files source.
 *
 * PA1 Over any span the number allowed is at most rate × span + the burst; in the long run it is rate × time.
 * PA2 What could not be taken for longer than CATCH_UP_MS is given up: no flood follows a stall.
 * PA3 At most one timer waits at a time.
 */
import type { Clock, Timer } from "../../../base/index.ts";

/** A stall of at most this long is caught up. */
const CATCH_UP_MS = 100;
/** Timers are no finer; what falls due within one wait is given together. */
const WAIT_MS_MIN = 1;

/** A token bucket over the task's clock. */
export class Pace {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  readonly #wake: () => void;
  #tokens: number;
  #lastMs: number | null = null;
  #timer: Timer | null = null;

  /** `firstAfter`: how much of the time between two records passes before the first, 0 … 1; readers start staggered by it. */
  constructor(clock: Clock, perSecond: number, firstAfter: number, wake: () => void) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = Math.max(1, this.#perMs * CATCH_UP_MS);
    this.#tokens = 1 - Math.min(1, Math.max(0, firstAfter));
    this.#wake = wake;
  }

  /** The number of records that may be given now, at most `max`. */
  due(max: number): number {
    const nowMs = this.#clock.monotonicMs();
    if (this.#lastMs !== null) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#lastMs) * this.#perMs);
    }
    this.#lastMs = nowMs;
    // A hair less than one is one: sums of fractions are not exact, and a timer for the rest would wait a whole millisecond.
    return Math.min(max, Math.floor(this.#tokens + 1e-6));
  }

  spend(records: number): void {
    this.#tokens -= records;
  }

  /** Wakes the task when the next record is due. */
  wakeWhenDue(): void {
    if (this.#timer !== null) return;
    this.#timer = this.#clock.after(Math.max(WAIT_MS_MIN, (1 - this.#tokens) / this.#perMs), () => {
      this.#timer = null;
      this.#wake();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
