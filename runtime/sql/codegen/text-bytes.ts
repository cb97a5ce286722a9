/**
 * Owns: lengths of the texts of a column, and parts between separators, found in their bytes (UTF-8) without making strings of them.
 * Called by: column-texts.ts, for generated loops.
 *
 * SQXJ1 A character is what begins with a byte that continues none: lengths count code points, as characters.ts has it. The bytes behind a text's end, up to its word's, are zeros (CLM2).
 */
import type { TextColumn } from "../../record/index.ts";

const HIGH_BITS = 0x8080_8080 | 0;
const LOW_BITS = 0x7f7f_7f7f;

/** Of a text that is no NULL, in code points. */
export function lengthAt({ words, starts, lengths }: TextColumn, row: number): number {
  const length = lengths[row] as number;
  const first = (starts[row] as number) >> 2;
  const end = first + ((length + 3) >> 2);
  let continued = 0;
  for (let word = first; word < end; word++) {
    const bits = words[word] as number;
    if ((bits & HIGH_BITS) === 0) continue;
    // 10xxxxxx
    continued += marked(bits & ~(bits << 1) & HIGH_BITS);
  }
  return length - continued;
}

/** How many bytes have their highest bit; no other bits are set. */
const marked = (bits: number): number => Math.imul(bits >>> 7, 0x0101_0101) >>> 24;

/** How often a text has another, which is well formed and not empty, one behind the other. */
export function occurrences(text: string): (column: TextColumn, row: number) => number {
  const wanted = new TextEncoder().encode(text);
  const [byte] = wanted;
  return wanted.length === 1 && byte !== 0 ? ofByte(byte as number) : ofBytes(wanted);
}

/** Four at a time. */
function ofByte(byte: number): (column: TextColumn, row: number) => number {
  const pattern = Math.imul(byte, 0x0101_0101);
  return ({ words, starts, lengths }, row) => {
    const first = (starts[row] as number) >> 2;
    const end = first + (((lengths[row] as number) + 3) >> 2);
    let found = 0;
    for (let word = first; word < end; word++) {
      const others = (words[word] as number) ^ pattern;
      // The highest bit of each byte that is zero.
      const zeros = ~(((others & LOW_BITS) + LOW_BITS) | others | LOW_BITS);
      if (zeros !== 0) found += marked(zeros);
    }
    return found;
  };
}

function ofBytes(wanted: Uint8Array): (column: TextColumn, row: number) => number {
  const { length } = wanted;
  return (column, row) => {
    const end = (column.starts[row] as number) + (column.lengths[row] as number);
    let found = 0;
    for (let at = column.starts[row] as number; at + length <= end; )
      if (isAt(column.bytes, at, wanted)) {
        found += 1;
        at += length;
      } else at += 1;
    return found;
  };
}

export function isAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false;
  return true;
}

/** The parts of a text between separators, in the order of their places: a text is gone through once, however many of its parts are asked for. */
export class TextParts {
  /** Of the part that `find` has found. */
  start = 0;
  end = 0;
  readonly #separator: Uint8Array;
  readonly #first: number;
  /** By number where a part begins; that of the next one is behind this one's end and a separator. */
  readonly #starts: number[] = [];
  #known = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #last = 0;

  /** Well formed, not empty. */
  constructor(separator: string) {
    this.#separator = new TextEncoder().encode(separator);
    this.#first = this.#separator[0] as number;
  }

  /** What `find` is about from now on; no NULL. An empty text has no parts. */
  begin({ bytes, starts, lengths }: TextColumn, row: number): void {
    const start = starts[row] as number;
    const length = lengths[row] as number;
    this.#bytes = bytes;
    this.#last = start + length;
    this.#starts[0] = start;
    this.#known = length === 0 ? 0 : 1;
  }

  /** Whether there is a part of that number, from 0 on. */
  find(number: number): boolean {
    // A part's end says whether there is a next one.
    while (this.#known <= number + 1) {
      if (this.#known === 0) return false;
      const before = this.#starts[this.#known - 1] as number;
      if (before > this.#last) break;
      this.#starts[this.#known++] = this.#separatorFrom(before) + this.#separator.length;
    }
    if (number + 1 >= this.#known) return false;
    this.start = this.#starts[number] as number;
    this.end = (this.#starts[number + 1] as number) - this.#separator.length;
    return true;
  }

  /** The text's end: there is none. */
  #separatorFrom(start: number): number {
    const bytes = this.#bytes;
    const last = this.#last;
    const first = this.#first;
    const width = this.#separator.length;
    for (let at = start; at + width <= last; at++)
      if (bytes[at] === first && (width === 1 || isAt(bytes, at, this.#separator))) return at;
    return last;
  }
}
