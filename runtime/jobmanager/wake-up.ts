/**
 * Owns: the one timer of a part of the JobManager whose `advance` says when it wants to be called again.
 * Not here: that call (after every turn, TU3).
 *
 * WAK1 There is one time at most: another replaces it, the same one again changes nothing.
 */
import type { Turns } from "./turns.ts";

export class WakeUp {
  readonly #turns: Turns;
  #wake: { readonly atMs: number; cancel(): void } | null = null;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** A turn at `atMs` (monotonic); null: none. */
  at(atMs: number | null, nowMs: number): void {
    if (atMs !== null && this.#wake?.atMs === atMs) return;
    this.#wake?.cancel();
    this.#wake = null;
    if (atMs === null) return;
    // One millisecond more: a timer may fire a fraction early, and then nothing would be due.
    const timer = this.#turns.after(Math.max(0, atMs - nowMs) + 1, () => {
      this.#wake = null;
    });
    this.#wake = { atMs, cancel: () => timer.cancel() };
  }
}
