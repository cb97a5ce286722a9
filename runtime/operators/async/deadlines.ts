/**
 * Owns: when the time of each request is up, with one timer for all of them.
 *
 * DLN1 Requests are added in the order of their deadlines, as they all have the same time, so the first that is still there is the earliest;
 *     those of a restored checkpoint, which have less time left, are added first, sorted.
 */
import type { Clock, Timer } from "../../../base/index.ts";

export class Deadlines<R> {
  readonly #clock: Clock;
  readonly #onDue: (request: R) => void;
  /** Monotonic milliseconds. */
  readonly #deadlines = new Map<R, number>();
  #timer: Timer | null = null;

  constructor(clock: Clock, onDue: (request: R) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  add(request: R, leftMs: number): void {
    this.#deadlines.set(request, this.#clock.monotonicMs() + leftMs);
    if (this.#timer === null) this.#arm(leftMs);
  }

  delete(request: R): void {
    this.#deadlines.delete(request);
  }

  close(): void {
    this.#deadlines.clear();
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#timer = null;
    const nowMs = this.#clock.monotonicMs();
    const due: R[] = [];
    for (const [request, deadlineMs] of this.#deadlines) {
      if (deadlineMs > nowMs) break;
      due.push(request);
    }
    for (const request of due) this.#deadlines.delete(request);
    const [earliest] = this.#deadlines.values();
    if (earliest !== undefined) this.#arm(earliest - nowMs);
    for (const request of due) this.#onDue(request);
  }
}
