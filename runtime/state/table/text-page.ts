/**
 * Owns: the texts of one field in a page of a table: one for each slot, changed in place of the one before.
 *
 * TXP1 Bytes that a snapshot may hold are never written again: new texts go behind them, and a slot says where its own begins. A copy shares the bytes, and has places of its own.
 * TXP2 Bytes that no slot says are dropped when they are more than those that are said: then all texts move to new memory.
 */
import { TextBytes, type TextColumn } from "../../record/index.ts";
import type { TextValues } from "../../ports/index.ts";

const BYTES_FIRST = 1024;
/** Below so many bytes nothing is dropped. */
const DROPPED_MIN = 4096;

const padded = (length: number): number => (length + 3) & ~3;

export class TextPage implements TextValues {
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  #text: TextBytes;
  /** Bytes that slots say, with their padding. */
  #said: number;
  /** A copy of this page has the bytes, too. */
  #isShared: boolean;
  #column: TextColumn | null = null;

  private constructor(
    places: { readonly starts: Int32Array; readonly lengths: Int32Array },
    { text, said, isShared }: { readonly text: TextBytes; readonly said: number; readonly isShared: boolean },
  ) {
    this.#starts = places.starts;
    this.#lengths = places.lengths;
    this.#text = text;
    this.#said = said;
    this.#isShared = isShared;
  }

  /** Empty texts; `bytes`: that they will take. */
  static create(slots: number, bytes = 0): TextPage {
    const places = { starts: new Int32Array(slots), lengths: new Int32Array(slots) };
    return new TextPage(places, { text: new TextBytes(Math.max(BYTES_FIRST, bytes)), said: 0, isShared: false });
  }

  /** Bytes in use. */
  get used(): number {
    return this.#said;
  }

  get length(): number {
    return this.#starts.length;
  }

  column(): TextColumn {
    const { bytes, words, isWellFormed } = this.#text;
    const known = this.#column;
    if (known !== null && known.bytes === bytes && known.isWellFormed === isWellFormed) return known;
    const places = { starts: this.#starts, lengths: this.#lengths };
    this.#column = { kind: "text", bytes, words, ...places, isWellFormed, nulls: null };
    return this.#column;
  }

  put(from: TextColumn, row: number, place: number): void {
    const length = from.lengths[row] as number;
    const before = padded(this.#lengths[place] as number);
    const bytes = padded(length);
    if (!from.isWellFormed) this.#text.isWellFormed = false;
    this.#said += bytes - before;
    this.#lengths[place] = length;
    if (bytes === 0) return;
    if (!this.#isShared && bytes <= before) {
      this.#overwrite(from, row, place);
      return;
    }
    // The slot's own text is not one to keep.
    if (this.#text.used + bytes > Math.max(DROPPED_MIN, 2 * this.#said)) this.#moveAll(place);
    this.#starts[place] = this.#text.used;
    this.#text.copy(from.words, from.starts[row] as number, length);
  }

  clear(place: number): void {
    this.#said -= padded(this.#lengths[place] as number);
    this.#lengths[place] = 0;
  }

  /** The same texts; the one who goes on changing them has the copy. */
  slice(): TextPage {
    const places = { starts: this.#starts.slice(), lengths: this.#lengths.slice() };
    return new TextPage(places, { text: this.#text, said: this.#said, isShared: true });
  }

  #overwrite({ words, starts }: TextColumn, row: number, place: number): void {
    const target = this.#text.words;
    const to = (this.#starts[place] as number) >> 2;
    const first = (starts[row] as number) >> 2;
    const count = padded(this.#lengths[place] as number) >> 2;
    for (let word = 0; word < count; word++) target[to + word] = words[first + word] as number;
  }

  /** TXP2: of all slots but this one. */
  #moveAll(except: number): void {
    const { words, isWellFormed } = this.#text;
    const text = new TextBytes(Math.max(BYTES_FIRST, 2 * this.#said));
    text.isWellFormed = isWellFormed;
    for (let slot = 0; slot < this.#starts.length; slot++) {
      const length = this.#lengths[slot] as number;
      if (length === 0 || slot === except) continue;
      const start = this.#starts[slot] as number;
      this.#starts[slot] = text.used;
      text.copy(words, start, length);
    }
    this.#text = text;
    this.#isShared = false;
  }
}
