/**
 * Owns: the splits of sources whose records have numbers 0, 1, 2, …: split k of n has k, k + n, k + 2n, …; and the order in
 *       which a reader of several splits goes round them.
 * Called by: the collection and the generator source.
 *
 * SOR1 `take` gives the smallest number that is left, so one reader of all splits gives 0, 1, 2, …, also after a restore.
 * SOR2 While the splits are in step, which they are but for a restore with another parallelism, `take` is O(1).
 */
import { assert } from "../../../base/index.ts";

/** `next`: the number of the next record; `next` mod `of` = `part`. */
export type StridedSplit = { readonly part: number; readonly of: number; readonly next: number };

/** Divisible by 1, 2, 3, 4, 6 and 12, so that most parallelisms get shares of the same size. */
const SPLITS_MIN = 12;

/** The splits of a new start: `count`, or the smallest multiple of the parallelism that is at least 12. */
export function stridedSplits(parallelism: number, count?: number): StridedSplit[] {
  const of = count ?? Math.ceil(SPLITS_MIN / parallelism) * parallelism;
  return Array.from({ length: of }, (_, part) => ({ part, of, next: part }));
}

/** The numbers of some splits in ascending order. */
export class StridedOrder {
  readonly #of: number;
  readonly #size: number;
  /** A ring, ascending from `#head`. */
  readonly #next: Float64Array;
  #head = 0;

  constructor(splits: readonly StridedSplit[]) {
    const of = splits[0]?.of ?? 1;
    assert(
      splits.every((split) => split.of === of),
      "splits of different cuts in one reader",
    );
    this.#of = of;
    this.#size = splits.length;
    this.#next = Float64Array.from(splits.map(({ next }) => next)).sort();
  }

  /** The number that `take` gives next; Infinity without splits. */
  get head(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#next[this.#head] as number);
  }

  /** The share of all numbers that these splits have, 0 … 1. `among`: how many splits there are that have any. */
  share(among: number): number {
    return this.#size / among;
  }

  /** When the first of these numbers comes in a round, counted in the time between two of them: 0 … 1. `among`: as for `share`. */
  stagger(among: number): number {
    const first = Math.min(this.#of, ...this.#next.map((next) => next % this.#of));
    return Math.min(1, first * this.share(among));
  }

  take(): number {
    const ring = this.#next;
    const head = this.#head;
    const number = ring[head] as number;
    const following = number + this.#of;
    const last = head === 0 ? this.#size - 1 : head - 1;
    ring[head] = following;
    if (following >= (ring[last] as number)) this.#head = head + 1 === this.#size ? 0 : head + 1;
    else this.#sink(head);
    return number;
  }

  /** The splits that have numbers below `end` left, in the order of their next number. */
  snapshot(end: number): StridedSplit[] {
    const splits: StridedSplit[] = [];
    for (let place = 0; place < this.#size; place++) {
      const next = this.#next[(this.#head + place) % this.#size] as number;
      if (next < end) splits.push({ part: next % this.#of, of: this.#of, next });
    }
    return splits;
  }

  /** Moves the head's new number behind the smaller ones. */
  #sink(head: number): void {
    const ring = this.#next;
    const number = ring[head] as number;
    let place = head;
    for (;;) {
      const after = place + 1 === this.#size ? 0 : place + 1;
      if (after === head || (ring[after] as number) >= number) break;
      ring[place] = ring[after] as number;
      place = after;
    }
    ring[place] = number;
  }
}
