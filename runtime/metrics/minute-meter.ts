/**
 * Owns: a meter: a count, and its rate over the last minute.
 *
 * MM1 Time is cut into whole seconds since the meter was made. The rate is over the last 60 whole ones and the present, unfinished one.
 */
import type { Clock } from "../../base/index.ts";
import type { Meter } from "../ports/index.ts";

const WINDOW_S = 60;
const BUCKETS = WINDOW_S + 1;

export class MinuteMeter implements Meter {
  readonly kind = "meter";
  count = 0;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #madeMs: number;
  /** One for each second of the window; that of second `s` at `s % BUCKETS`. */
  readonly #marks = new Float64Array(BUCKETS);
  /** The second up to which the buckets are right. */
  #second = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#madeMs = clock.monotonicMs();
  }

  mark(by = 1): void {
    this.count += by;
    const second = Math.floor((this.#clock.monotonicMs() - this.#madeMs) / 1000);
    if (second !== this.#second) this.#advance(second);
    this.#marks[second % BUCKETS] = (this.#marks[second % BUCKETS] as number) + by;
  }

  get rate(): number {
    const seconds = (this.#clock.monotonicMs() - this.#madeMs) / 1000;
    const second = Math.floor(seconds);
    this.#advance(second);
    const spanned = Math.min(second, WINDOW_S) + (seconds - second);
    return this.#marks.reduce((total, marks) => total + marks, 0) / Math.max(1, spanned);
  }

  /** Empties the buckets of the seconds in which nothing was marked. */
  #advance(second: number): void {
    const skipped = Math.min(second - this.#second, BUCKETS);
    for (let step = 0; step < skipped; step++) this.#marks[(second - step) % BUCKETS] = 0;
    this.#second = second;
  }
}
