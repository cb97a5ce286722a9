/**
 * Owns: the text that is a row's key, as bytes of a column, before it is known which column it goes to.
 * Called by: exchange/record-writer.ts, for every row that is gathered for an edge by hash (hot path).
 *
 * STX1 Reading a string's units costs most of what hashing and writing it cost, so one pass does both.
 */
import { type Key, keyHash, mix, TEXT_HASH_FACTOR, TEXT_HASH_FIRST } from "../key.ts";

/** Longer ones, and those that are not ASCII, are written from the string. */
const UNITS_MAX = 15;

export class StagedText {
  /** Zero behind the text, up to a word's end (CLM2). */
  readonly words = new Int32Array((UNITS_MAX + 1) >> 2);
  /** In bytes. */
  length = 0;
  /** Whether the last key is here. */
  isFilled = false;

  /** As `keyHash`. */
  hashOf(key: Key): number {
    this.isFilled = false;
    if (typeof key !== "string" || key.length > UNITS_MAX) return keyHash(key);
    const units = key.length;
    const { words } = this;
    let hash = TEXT_HASH_FIRST;
    let all = 0;
    let word = 0;
    for (let at = 0; at < units; at++) {
      const unit = key.charCodeAt(at);
      all |= unit;
      // By whole words: bytes that are read as a word right after they were written hold the processor up.
      word |= unit << ((at & 3) << 3);
      if ((at & 3) === 3) {
        words[at >> 2] = word;
        word = 0;
      }
      hash = Math.imul(hash ^ unit, TEXT_HASH_FACTOR);
    }
    if (all >= 0x80) return keyHash(key);
    words[units >> 2] = word;
    this.length = units;
    this.isFilled = true;
    return mix(hash ^ units);
  }
}
