/**
 * Owns: strings as bytes of a text column, and back (CLM2, CLM3).
 *
 * TXT1 What is written and read back has the same UTF-16 units, lone surrogates included.
 * TXT2 A string that is read keeps nothing of its batch alive.
 */
import { SLICED_LENGTH_MIN } from "../own-string.ts";

/** Texts up to this length are written unit by unit, as long as they are ASCII. */
const LOOP_UNITS_MAX = 15;

/** Where texts are written to: grows, and keeps its memory when it is cleared. */
export class TextBytes {
  bytes: Uint8Array<ArrayBuffer>;
  words: Int32Array<ArrayBuffer>;
  /** Over `bytes`; null: it is made when it is asked for, by texts from strings. */
  #buffer: Buffer | null = null;
  /** Bytes in use: where the next text begins; a multiple of 4. */
  used = 0;
  isWellFormed = true;

  constructor(initialBytes: number) {
    const memory = new ArrayBuffer((Math.max(1, initialBytes) + 7) & ~7);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
  }

  clear(): void {
    this.used = 0;
    this.isWellFormed = true;
  }

  /** Room for so many more bytes, and the padding. */
  reserve(bytes: number): void {
    const needed = this.used + bytes + 4;
    if (needed <= this.bytes.length) return;
    let size = this.bytes.length * 2;
    while (size < needed) size *= 2;
    const larger = new ArrayBuffer(size);
    new Uint8Array(larger).set(this.bytes.subarray(0, this.used));
    this.bytes = new Uint8Array(larger);
    this.words = new Int32Array(larger);
    this.#buffer = null;
  }

  /** Returns the length in bytes; it begins at what `used` was. */
  write(text: string): number {
    const units = text.length;
    this.reserve(units * 3);
    const start = this.used;
    if (units > LOOP_UNITS_MAX) return this.#writeLong(text, start);
    const { bytes } = this;
    this.words[(start + units) >> 2] = 0;
    for (let at = 0; at < units; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= 0x80) return this.#writeLong(text, start);
      bytes[start + at] = unit;
    }
    this.used = (start + units + 3) & ~3;
    return units;
  }

  writeBytes(source: Uint8Array): number {
    this.reserve(source.length);
    const start = this.used;
    this.words[(start + source.length) >> 2] = 0;
    this.bytes.set(source, start);
    this.used = (start + source.length + 3) & ~3;
    return source.length;
  }

  /** A text of a column, by words (CLM2). */
  copy(words: Int32Array, start: number, length: number): void {
    this.reserve(length);
    const target = this.words;
    const first = start >> 2;
    const count = (length + 3) >> 2;
    const to = this.used >> 2;
    for (let word = 0; word < count; word++) target[to + word] = words[first + word] as number;
    this.used += count << 2;
  }

  /** What may begin within a word, by bytes. */
  copyPart(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    const { bytes, used } = this;
    this.words[(used + length) >> 2] = 0;
    for (let at = 0; at < length; at++) bytes[used + at] = source[start + at] as number;
    this.used = (used + length + 3) & ~3;
  }

  /** A text of at most four words, which are there. */
  copyFour(words: Int32Array, length: number): void {
    this.reserve(16);
    const target = this.words;
    const to = this.used >> 2;
    // What is not of the text is overwritten by the next one: a loop that ends sooner costs more.
    target[to] = words[0] as number;
    target[to + 1] = words[1] as number;
    target[to + 2] = words[2] as number;
    target[to + 3] = words[3] as number;
    this.used += (length + 3) & ~3;
  }

  /** One call, which costs what a loop over some fifteen units does; or of any characters. */
  #writeLong(text: string, start: number): number {
    this.#buffer ??= Buffer.from(this.bytes.buffer);
    let length = this.#buffer.write(text, start, "utf8");
    // As many bytes as units: all are ASCII.
    if (length !== text.length && !text.isWellFormed()) {
      this.isWellFormed = false;
      length = this.#writeUnits(text, start);
    }
    const end = start + length;
    for (let at = end; (at & 3) !== 0; at++) this.bytes[at] = 0;
    this.used = (end + 3) & ~3;
    return length;
  }

  #writeUnits(text: string, start: number): number {
    const { bytes } = this;
    let to = start;
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at) as number;
      if (code < 0x80) {
        bytes[to++] = code;
      } else if (code < 0x800) {
        bytes[to++] = 0xc0 | (code >> 6);
        bytes[to++] = 0x80 | (code & 63);
      } else if (code < 0x1_0000) {
        bytes[to++] = 0xe0 | (code >> 12);
        bytes[to++] = 0x80 | ((code >> 6) & 63);
        bytes[to++] = 0x80 | (code & 63);
      } else {
        bytes[to++] = 0xf0 | (code >> 18);
        bytes[to++] = 0x80 | ((code >> 12) & 63);
        bytes[to++] = 0x80 | ((code >> 6) & 63);
        bytes[to++] = 0x80 | (code & 63);
        at += 1;
      }
    }
    return to - start;
  }
}

/** The bits of a word that no ASCII character has. */
const NOT_ASCII = 0x8080_8080 | 0;

/** Of a text column. */
type Texts = {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly isWellFormed: boolean;
};

export function readText({ bytes, starts, lengths, isWellFormed }: Texts, row: number): string {
  const start = starts[row] as number;
  const end = start + (lengths[row] as number);
  if (start === end) return "";
  return isWellFormed ? bufferOf(bytes).toString("utf8", start, end) : readUnits(bytes, start, end);
}

/** The texts at the places `rows[from]` up to `rows[to - 1]`. */
export function readTexts(texts: Texts, rows: Int32Array, from: number, to: number): string[] {
  const strings: string[] = new Array(to - from);
  const { bytes, starts, lengths } = texts;
  const region = regionOf(texts, rows, from, to);
  // One call decodes all, and a cut is cheap; texts that are far apart, or have more bytes than units, are decoded one by one.
  const buffer = bufferOf(bytes);
  const whole = region === null ? null : buffer.toString("latin1", region.first, region.last);
  for (let at = from; at < to; at++) {
    const row = rows[at] as number;
    const length = lengths[row] as number;
    if (whole === null || region === null) {
      strings[at - from] = readText(texts, row);
      continue;
    }
    const start = starts[row] as number;
    // A cut of this length would keep the text of the whole batch alive for as long as its record lives.
    strings[at - from] =
      length < SLICED_LENGTH_MIN
        ? whole.substring(start - region.first, start - region.first + length)
        : buffer.toString("latin1", start, start + length);
  }
  return strings;
}

/** The bytes from the first to the last of these texts, when they are ASCII and hardly anything else is between them; else null. */
function regionOf({ bytes, words, starts, lengths }: Texts, rows: Int32Array, from: number, to: number): Region | null {
  let first = bytes.length;
  let last = 0;
  let own = 0;
  for (let at = from; at < to; at++) {
    const row = rows[at] as number;
    const length = lengths[row] as number;
    if (length === 0) continue;
    const start = starts[row] as number;
    if (start < first) first = start;
    if (start + length > last) last = start + length;
    own += length + 4;
  }
  if (last - first > own * 2) return null;
  // Begins and ends with a word (CLM2).
  for (let word = first >> 2; word << 2 < last; word++) if (((words[word] as number) & NOT_ASCII) !== 0) return null;
  return first < last ? { first, last } : null;
}

type Region = { readonly first: number; readonly last: number };

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Calls back with the UTF-16 units of a text, one after the other, from its bytes. */
export function forEachUnit(bytes: Uint8Array, start: number, end: number, take: (unit: number) => void): void {
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number;
    if (byte < 0x80) {
      take(byte);
      at += 1;
    } else if (byte < 0xe0) {
      take(((byte & 31) << 6) | continued(bytes, at + 1));
      at += 2;
    } else if (byte < 0xf0) {
      take(((byte & 15) << 12) | (continued(bytes, at + 1) << 6) | continued(bytes, at + 2));
      at += 3;
    } else {
      const high = ((byte & 7) << 18) | (continued(bytes, at + 1) << 12);
      const code = (high | (continued(bytes, at + 2) << 6) | continued(bytes, at + 3)) - 0x1_0000;
      take(0xd800 | (code >> 10));
      take(0xdc00 | (code & 0x3ff));
      at += 4;
    }
  }
}

function continued(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) & 63;
}

function readUnits(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  forEachUnit(bytes, start, end, (unit) => {
    text += String.fromCharCode(unit);
  });
  return text;
}
