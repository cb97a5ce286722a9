/**
 * Owns: reading the protocol's primitive types, for the answers that we decode ourselves.
 */

/** A place in an answer's bytes. Errors: RangeError when they end too early. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#step(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#step(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#step(4));
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#step(8)));
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#step(1));
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  string(): string {
    return this.#text(this.int16());
  }

  compactString(): string {
    return this.#text(this.unsignedVarint() - 1);
  }

  /** Not copied. */
  bytes(): Buffer {
    return this.#slice(Math.max(0, this.int32()));
  }

  array<R>(read: () => R): R[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read);
  }

  compactArray<R>(read: () => R): R[] {
    return Array.from({ length: Math.max(0, this.unsignedVarint() - 1) }, read);
  }

  /** What newer versions add; nothing that we know. */
  skipTags(): void {
    for (let left = this.unsignedVarint(); left > 0; left--) {
      this.unsignedVarint();
      this.#step(this.unsignedVarint());
    }
  }

  #text(length: number): string {
    return length <= 0 ? "" : this.#slice(length).toString("utf8");
  }

  #slice(length: number): Buffer {
    const start = this.#step(length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Moves on; returns where it was. */
  #step(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.length)
      throw new RangeError(`an answer of ${this.#bytes.length} bytes ends too early`);
    this.#at = at + bytes;
    return at;
  }
}
