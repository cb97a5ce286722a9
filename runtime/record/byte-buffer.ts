/**
 * Owns: a growing buffer to encode into and a cursor to decode from. Little-endian, numbers on 8-byte boundaries.
 *
 * BB1 Offsets are aligned relative to the start of the encoded block, and blocks start on 8-byte boundaries where they are
 *     received by reference; a block received elsewhere is copied number column by number column, never misread.
 * BB2 A reader never reads past the end: a block that is too short is PROTOCOL_VIOLATION.
 */
import { assert, StreamError } from "../../base/index.ts";

// `take` may replace `buffer`, so it is always called before `buffer` is read.
/** Grows by doubling; `reset` keeps the memory for the next block. Not safe to keep views across writes. */
export class ByteWriter {
  buffer: Buffer;
  length = 0;

  constructor(initialBytes = 64 * 1024) {
    this.buffer = Buffer.from(new ArrayBuffer(initialBytes));
  }

  reset(): void {
    this.length = 0;
  }

  /** Room for `bytes` more; returns where they start and moves past them. */
  take(bytes: number): number {
    const start = this.length;
    const end = start + bytes;
    if (end > this.buffer.length) this.#grow(end);
    this.length = end;
    return start;
  }

  align8(): void {
    const padding = -this.length & 7;
    if (padding === 0) return;
    const start = this.take(padding);
    this.buffer.fill(0, start, start + padding);
  }

  u8(value: number): void {
    const at = this.take(1);
    this.buffer[at] = value;
  }

  u32(value: number): void {
    const at = this.take(4);
    this.buffer.writeUInt32LE(value, at);
  }

  bytes(source: Uint8Array): void {
    const at = this.take(source.length);
    this.buffer.set(source, at);
  }

  /** A view of what was written, valid until the next write. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return new Uint8Array(this.buffer.subarray(0, this.length));
  }

  float64(count: number): Float64Array {
    this.align8();
    const start = this.take(count * 8);
    return new Float64Array(this.buffer.buffer, this.buffer.byteOffset + start, count);
  }

  bigInt64(count: number): BigInt64Array {
    this.align8();
    const start = this.take(count * 8);
    return new BigInt64Array(this.buffer.buffer, this.buffer.byteOffset + start, count);
  }

  int32(count: number): Int32Array {
    this.align8();
    const start = this.take(count * 4);
    return new Int32Array(this.buffer.buffer, this.buffer.byteOffset + start, count);
  }

  uint16(count: number): Uint16Array {
    this.align8();
    const start = this.take(count * 2);
    return new Uint16Array(this.buffer.buffer, this.buffer.byteOffset + start, count);
  }

  #grow(needed: number): void {
    let size = this.buffer.length * 2;
    while (size < needed) size *= 2;
    const larger = Buffer.from(new ArrayBuffer(size));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}

/** Reads a block from its start. */
export class ByteReader {
  readonly buffer: Buffer;
  position = 0;
  readonly #isAligned: boolean;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isAligned = (this.buffer.byteOffset & 7) === 0;
  }

  /** Moves past `bytes` and returns where they start. */
  take(bytes: number): number {
    const start = this.position;
    if (bytes < 0 || start + bytes > this.buffer.length) {
      throw new StreamError(
        "PROTOCOL_VIOLATION",
        `a block of records ends early: ${bytes} bytes wanted at ${start} of ${this.buffer.length}; it was cut or comes from another version`,
      );
    }
    this.position = start + bytes;
    return start;
  }

  get isAtEnd(): boolean {
    return this.position === this.buffer.length;
  }

  align8(): void {
    this.position = (this.position + 7) & ~7;
  }

  u8(): number {
    return this.buffer[this.take(1)] as number;
  }

  u32(): number {
    return this.buffer.readUInt32LE(this.take(4));
  }

  bytes(length: number): Buffer {
    const start = this.take(length);
    return this.buffer.subarray(start, start + length);
  }

  float64(count: number): Float64Array {
    const at = this.#numbers(count, 8);
    return new Float64Array(at.buffer, at.offset, count);
  }

  bigInt64(count: number): BigInt64Array {
    const at = this.#numbers(count, 8);
    return new BigInt64Array(at.buffer, at.offset, count);
  }

  int32(count: number): Int32Array {
    const at = this.#numbers(count, 4);
    return new Int32Array(at.buffer, at.offset, count);
  }

  uint16(count: number): Uint16Array {
    const at = this.#numbers(count, 2);
    return new Uint16Array(at.buffer, at.offset, count);
  }

  #numbers(count: number, width: number): { buffer: ArrayBufferLike; offset: number } {
    this.align8();
    const start = this.take(count * width);
    if (this.#isAligned) return { buffer: this.buffer.buffer, offset: this.buffer.byteOffset + start };
    const copy = new Uint8Array(count * width);
    copy.set(this.buffer.subarray(start, start + count * width));
    assert(copy.byteOffset === 0, "a fresh array starts at 0");
    return { buffer: copy.buffer, offset: 0 };
  }
}
