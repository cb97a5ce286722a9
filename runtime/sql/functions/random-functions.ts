/**
 * Owns: RAND and RAND_INTEGER.
 *
 * SQUA1 With a seed the numbers are those of Java's Random, as in Flink: equal seeds, equal sequences. A sequence belongs to one place in a query and one subtask, and begins
 *     anew where the job is restored, or where the seed changes.
 */
import { assert } from "../../../base/index.ts";
import { type Integer, numberOf, rememberLast, typed } from "./implementations.ts";
import type { CallSite, ScalarFactory } from "./scalar-implementation.ts";

const MULTIPLIER = 0x5deece66dn;

/** The generator of java.util.Random: 48 bits, of which the upper ones are given out. */
class SeededSequence {
  #state: bigint;

  constructor(seed: Integer) {
    this.#state = BigInt.asUintN(48, BigInt(seed) ^ MULTIPLIER);
  }

  #next(bits: number): number {
    this.#state = BigInt.asUintN(48, this.#state * MULTIPLIER + 0xbn);
    return Number(this.#state >> BigInt(48 - bits));
  }

  /** In [0, 1), with 53 bits. */
  double(): number {
    const high = this.#next(26);
    return (high * 2 ** 27 + this.#next(27)) / 2 ** 53;
  }

  /** In [0, `bound`). */
  below(bound: number): number {
    if ((bound & -bound) === bound) return Math.floor((bound * this.#next(31)) / 2 ** 31);
    for (;;) {
      const bits = this.#next(31);
      const value = bits % bound;
      // The last, shorter run of remainders would come too often.
      if (bits - value + (bound - 1) < 2 ** 31) return value;
    }
  }
}

function randomOf({ session: { random } }: CallSite): NonNullable<CallSite["session"]["random"]> {
  assert(random !== undefined, "the session of a query with RAND has its `random`");
  return random;
}

/** A bound below 1 has no number below it; the result is an INT. */
const bounded = (bound: Integer): number => Math.min(2 ** 31 - 1, Math.max(1, numberOf(bound)));

const sequences = (): ((seed: Integer) => SeededSequence) => rememberLast((seed) => new SeededSequence(seed));

export const randomFunctions: Readonly<Record<string, ScalarFactory>> = {
  RAND: typed((site) => {
    if (site.arguments.length > 0) {
      const sequenceOf = sequences();
      return (seed: Integer) => sequenceOf(seed).double();
    }
    const random = randomOf(site);
    return () => random.next();
  }),
  RAND_INTEGER: typed((site) => {
    if (site.arguments.length > 1) {
      const sequenceOf = sequences();
      return (seed: Integer, bound: Integer) => sequenceOf(seed).below(bounded(bound));
    }
    const random = randomOf(site);
    return (bound: Integer) => Math.floor(random.next() * bounded(bound));
  }),
};
