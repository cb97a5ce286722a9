/**
 * Owns: a clock that runs faster than this machine's, for all parts of one world: what an operator waits for is waited for in a fraction of
 * its time.
 *
 * FCL1 All parts of one world have the same one: a time that one of them wrote is a time for the others.
 * FCL2 It ticks by turns of this process, not by the machine's time: on a machine that is busy with other things it is slower, so no deadline passes because
 *     nobody came to do what it is for.
 */
import { type Clock, systemClock } from "../../../base/index.ts";

const TICK_MS = 5;

export class FastClock implements Clock {
  readonly #stepMs: number;
  readonly #wallMs = systemClock.nowMs();
  readonly #due = new Map<number, { readonly atMs: number; readonly callback: () => void }>();
  #passedMs = 0;
  #timers = 0;
  #tick: { cancel(): void } | null = null;

  /** So many times as fast, at most. */
  constructor(factor: number) {
    this.#stepMs = TICK_MS * factor;
    this.#tickAgain();
  }

  nowMs(): number {
    return this.#wallMs + this.#passedMs;
  }

  monotonicMs(): number {
    return this.#passedMs;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const id = this.#timers++;
    this.#due.set(id, { atMs: this.#passedMs + Math.max(0, delayMs), callback });
    return { cancel: () => void this.#due.delete(id) };
  }

  /** Nothing is called any more. */
  stop(): void {
    this.#tick?.cancel();
    this.#due.clear();
  }

  #tickAgain(): void {
    this.#tick = systemClock.after(TICK_MS, () => {
      this.#tickAgain();
      this.#passedMs += this.#stepMs;
      const due = [...this.#due].filter(([, { atMs }]) => atMs <= this.#passedMs);
      for (const [id, { callback }] of due.toSorted(([, a], [, b]) => a.atMs - b.atMs)) {
        // Another one may have cancelled it.
        if (this.#due.delete(id)) callback();
      }
    });
  }
}
