/**
 * Owns: numbers of 64 bits in the pages of states by their words: a bigint that is read is allocated, again and again.
 *
 * SQBIW1 Below 2^52 they are doubles, whose sums are exact, and whose quotients, cut off, are: a double next to a whole number is nearer to the quotient than that number is.
 */
import { TABLE_PAGE_BITS } from "../../../record/index.ts";
import type { Pages } from "./column-accumulator.ts";

type Words = Int32Array<ArrayBufferLike>;

const TWO_32 = 0x1_0000_0000;
/** The higher word of 2^52. */
const HIGH_MAX = 0x10_0000;

/** A page lives as long as its table. */
const views = new WeakMap<BigInt64Array, Words>();

function viewOf(page: BigInt64Array): Words {
  const known = views.get(page);
  if (known !== undefined) return known;
  const made = new Int32Array(page.buffer, page.byteOffset, page.length * 2);
  views.set(page, made);
  return made;
}

/** The pages of one field. Most slots are on the page of the one before. */
export class PageWords {
  readonly #pages: readonly BigInt64Array[];
  #number = -1;
  #words: Words = new Int32Array(0);

  constructor(pages: Pages | undefined) {
    this.#pages = pages as unknown as readonly BigInt64Array[];
  }

  /** Of the page of a slot. */
  at(slot: number): Words {
    const number = slot >> TABLE_PAGE_BITS;
    if (number === this.#number) return this.#words;
    this.#number = number;
    this.#words = viewOf(this.#pages[number] as BigInt64Array);
    return this.#words;
  }
}

/** NaN: the number at that place is far from what doubles hold (SQBIW1). */
export function doubleAt(words: Words, place: number): number {
  const high = words[2 * place + 1] as number;
  return high >= -HIGH_MAX && high < HIGH_MAX ? high * TWO_32 + ((words[2 * place] as number) >>> 0) : Number.NaN;
}

/** -1, 0 or 1. */
export function compareWords(left: Words, place: number, right: Words, other: number): number {
  const [high, otherHigh] = [left[2 * place + 1] as number, right[2 * other + 1] as number];
  if (high !== otherHigh) return high < otherHigh ? -1 : 1;
  const [low, otherLow] = [(left[2 * place] as number) >>> 0, (right[2 * other] as number) >>> 0];
  return low === otherLow ? 0 : low < otherLow ? -1 : 1;
}

export function copyWords(from: Words, place: number, to: Words, other: number): void {
  to[2 * other] = from[2 * place] as number;
  to[2 * other + 1] = from[2 * place + 1] as number;
}
