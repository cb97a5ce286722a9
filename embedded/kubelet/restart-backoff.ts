/**
 * Owns: how long a container that ended waits for its next start.
 * Called by: pod-worker.ts.
 *
 * RB1 The first restart is at once; then `firstMs`, longer by `factor` each time up to `maxMs`.
 * RB2 A container that lived `resetAfterMs` has proved itself: its next restart is a first one again.
 */

export type RestartBackoffOptions = {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly resetAfterMs: number;
};

/** Shorter than a cluster's (10 s to 5 min): nobody else waits for this machine. */
export const defaultRestartBackoff: RestartBackoffOptions = {
  firstMs: 250,
  factor: 2,
  maxMs: 10_000,
  resetAfterMs: 60_000,
};

export class RestartBackoff {
  readonly #options: RestartBackoffOptions;
  #waitMs = 0;

  constructor(options: RestartBackoffOptions) {
    this.#options = options;
  }

  /** The wait before the next start, after a life of `livedMs` (0: it did not even start). */
  next(livedMs: number): number {
    const { firstMs, factor, maxMs, resetAfterMs } = this.#options;
    if (livedMs >= resetAfterMs) this.#waitMs = 0;
    const waitMs = this.#waitMs;
    this.#waitMs = waitMs === 0 ? firstMs : Math.min(maxMs, waitMs * factor);
    return waitMs;
  }

  /** The wait before another try of something that never started: never at once. */
  nextTry(): number {
    const waitMs = this.next(0);
    return waitMs === 0 ? this.next(0) : waitMs;
  }
}
