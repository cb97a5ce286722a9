/**
 * Owns: finding a table's slots by keys that are one text: how each begins lies by slot, in one place of memory.
 * Called by: column-table.ts, for every batch (hot path).
 *
 * TXK1 A text of up to 12 bytes is compared in one look, and a longer one is not looked at where its beginning or its length is another. What its hash, its length, where it
 *      begins and its bytes are lies in four places: that measured twice the time for ten thousand keys.
 */
import { TABLE_PAGE_BITS, type TextColumn } from "../../record/index.ts";
import { PAGE_SLOTS, SLOT_MASK } from "./page.ts";
import { firstPlace, type Places } from "./slot-index.ts";

/** Of each slot: the length in bytes, and the first three words. */
const WORDS_BITS = 2;
const FIRST_WORDS = 3;
const FIRST_BYTES = FIRST_WORDS << 2;

export class TextKeys {
  /** By page. */
  readonly #beginnings: Int32Array[] = [];
  readonly #texts: TextColumn[] = [];

  /** The next slot has the key that was added to its page last. */
  add(slot: number, texts: TextColumn): void {
    const page = slot >> TABLE_PAGE_BITS;
    // The memory of texts moves as they grow.
    this.#texts[page] = texts;
    const own = slot & SLOT_MASK;
    const beginnings = (this.#beginnings[page] ??= new Int32Array(PAGE_SLOTS << WORDS_BITS));
    const length = texts.lengths[own] as number;
    const first = (texts.starts[own] as number) >> 2;
    const words = (length + 3) >> 2;
    const to = own << WORDS_BITS;
    beginnings[to] = length;
    for (let word = 0; word < FIRST_WORDS && word < words; word++)
      beginnings[to + 1 + word] = texts.words[first + word] as number;
  }

  /** -1: it is not there. */
  find({ entries, shift }: Places, { words, starts, lengths }: TextColumn, row: number, hash: number): number {
    const mask = entries.length - 1;
    const length = lengths[row] as number;
    const first = (starts[row] as number) >> 2;
    // A word that is not of the text counts as 0, as in `add`.
    const one = length > 0 ? (words[first] as number) : 0;
    const two = length > 4 ? (words[first + 1] as number) : 0;
    const three = length > 8 ? (words[first + 2] as number) : 0;
    for (let place = firstPlace(hash, shift); ; place = (place + 1) & mask) {
      const slot = (entries[place] as number) - 1;
      if (slot < 0) return -1;
      const beginnings = this.#beginnings[slot >> TABLE_PAGE_BITS] as Int32Array;
      const at = (slot & SLOT_MASK) << WORDS_BITS;
      if (
        beginnings[at + 1] === one &&
        beginnings[at] === length &&
        beginnings[at + 2] === two &&
        beginnings[at + 3] === three &&
        (length <= FIRST_BYTES || this.#isSame(slot, words, first, length))
      )
        return slot;
    }
  }

  /** Behind the beginning. */
  #isSame(slot: number, words: Int32Array, first: number, length: number): boolean {
    const texts = this.#texts[slot >> TABLE_PAGE_BITS] as TextColumn;
    const own = (texts.starts[slot & SLOT_MASK] as number) >> 2;
    for (let word = (length + 3) >> 2; word-- > FIRST_WORDS; )
      if (texts.words[own + word] !== words[first + word]) return false;
    return true;
  }
}
