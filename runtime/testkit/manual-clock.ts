/**
 * Owns: a clock that moves only when a test says so.
 *
 * MCL1 Callbacks run inside `advance`, in the order of their times (equal times: in the order of `after`), with the clock standing
 *     at their time; what they arm within the span runs too.
 * MCL2 `setBack` and `setForward` move the wall clock alone, as a person or a time server does: timers do not notice.
 */
import { type Clock, type Duration, readDuration, type Timer } from "../../base/index.ts";

type Armed = { readonly atMs: number; readonly callback: () => void };

/** Starts at `startMs`, which both of its clocks show. */
export class ManualClock implements Clock {
  /** The monotonic one. */
  #nowMs: number;
  #wallAheadMs = 0;
  readonly #armed = new Set<Armed>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs + this.#wallAheadMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const armed = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#armed.add(armed);
    return { cancel: () => void this.#armed.delete(armed) };
  }

  /** Number of timers that have neither run nor been cancelled. */
  get armed(): number {
    return this.#armed.size;
  }

  setBack(by: Duration): void {
    this.#wallAheadMs -= readDuration(by, "ManualClock.setBack");
  }

  setForward(by: Duration): void {
    this.#wallAheadMs += readDuration(by, "ManualClock.setForward");
  }

  /** When the next timer is due; null: there is none. */
  get nextTimerMs(): number | null {
    return this.#earliest(Number.POSITIVE_INFINITY)?.atMs ?? null;
  }

  advance(by: Duration): void {
    const untilMs = this.#nowMs + readDuration(by, "ManualClock.advance");
    for (;;) {
      const next = this.#earliest(untilMs);
      if (next === undefined) break;
      this.#armed.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = untilMs;
  }

  #earliest(untilMs: number): Armed | undefined {
    let earliest: Armed | undefined;
    for (const armed of this.#armed) {
      if (armed.atMs <= untilMs && (earliest === undefined || armed.atMs < earliest.atMs)) earliest = armed;
    }
    return earliest;
  }
}
