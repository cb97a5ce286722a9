/**
 * Owns: encoding records into one batch, straight into its bytes.
 *
 * BAB1 A record costs no object: key, value and headers are written where they will lie.
 */
import { withRoom } from "./growing.ts";
import {
  type BatchOwner,
  BASE_TIMESTAMP_AT,
  ATTRIBUTES_AT,
  COUNT_AT,
  LAST_OFFSET_DELTA_AT,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  RECORDS_AT,
  seal,
} from "./record-batch.ts";
import { type KafkaCompression, pack } from "./packing.ts";

/** A string is written as UTF-8; null is no key, or a tombstone. */
export type Bytes = Uint8Array | string | null;
export type Header = readonly [name: string, value: Uint8Array | string | null];

const INITIAL_BYTES = 16 << 10;
const SMALL_MAX = 0x3fffffff;
/** Of five varints and the attributes. */
const FRAME_BYTES_MAX = 64;

export class BatchBuilder {
  #bytes: Buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = RECORDS_AT;
  #count = 0;
  #baseTimestamp = 0;
  #maxTimestamp = 0;

  /** Bytes so far, before they are packed. */
  get length(): number {
    return this.#length;
  }

  get count(): number {
    return this.#count;
  }

  add(key: Bytes, value: Bytes, timestamp: number, headers: readonly Header[] | null): void {
    if (this.#count === 0) this.#baseTimestamp = this.#maxTimestamp = timestamp;
    else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
    const timestampDelta = timestamp - this.#baseTimestamp;
    const keyBytes = byteLength(key);
    const valueBytes = byteLength(value);
    const headerBytes = headers === null ? 1 : headersLength(headers);
    const body =
      1 +
      varintLength(timestampDelta) +
      varintLength(this.#count) +
      fieldLength(keyBytes) +
      fieldLength(valueBytes) +
      headerBytes;
    this.#reserve(body + FRAME_BYTES_MAX);
    this.#varint(body);
    this.#bytes[this.#length++] = 0;
    this.#varint(timestampDelta);
    this.#varint(this.#count);
    this.#field(key, keyBytes);
    this.#field(value, valueBytes);
    if (headers === null) this.#bytes[this.#length++] = 0;
    else this.#headers(headers);
    this.#count++;
  }

  /** The batch, to be sent as it is. The builder is done with it. */
  finish(owner: BatchOwner, compression: KafkaCompression): Buffer {
    let batch = this.#bytes.subarray(0, this.#length);
    const { number: packing, bytes } = pack(batch.subarray(RECORDS_AT), compression);
    if (packing !== 0) {
      const packed = Buffer.allocUnsafe(RECORDS_AT + bytes.length);
      packed.set(bytes, RECORDS_AT);
      batch = packed;
    }
    batch.writeInt8(MAGIC, MAGIC_AT);
    batch.writeInt16BE(packing, ATTRIBUTES_AT);
    batch.writeInt32BE(this.#count - 1, LAST_OFFSET_DELTA_AT);
    batch.writeBigInt64BE(BigInt(this.#baseTimestamp), BASE_TIMESTAMP_AT);
    batch.writeBigInt64BE(BigInt(this.#maxTimestamp), MAX_TIMESTAMP_AT);
    batch.writeInt32BE(this.#count, COUNT_AT);
    seal(batch, owner);
    return batch;
  }

  #headers(headers: readonly Header[]): void {
    this.#varint(headers.length);
    for (const [name, value] of headers) {
      this.#field(name, byteLength(name));
      this.#field(value, byteLength(value));
    }
  }

  #field(content: Bytes, bytes: number): void {
    this.#varint(bytes);
    if (content === null || bytes === 0) return;
    const at = this.#length;
    if (typeof content !== "string") this.#bytes.set(content, at);
    else this.#bytes.write(content, at, bytes === content.length ? "latin1" : "utf8");
    this.#length = at + bytes;
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    if (value <= SMALL_MAX && value >= -SMALL_MAX) {
      let rest = ((value << 1) ^ (value >> 31)) >>> 0;
      for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
      bytes[at++] = rest;
    } else {
      let rest = zigzag(value);
      for (; rest > 127n; rest >>= 7n) bytes[at++] = Number(rest & 127n) | 128;
      bytes[at++] = Number(rest);
    }
    this.#length = at;
  }

  #reserve(bytes: number): void {
    this.#bytes = withRoom(this.#bytes, this.#length, bytes);
  }
}

function byteLength(content: Bytes): number {
  if (content === null) return -1;
  return typeof content === "string" ? Buffer.byteLength(content) : content.length;
}

function fieldLength(bytes: number): number {
  return varintLength(bytes) + Math.max(0, bytes);
}

function headersLength(headers: readonly Header[]): number {
  let length = varintLength(headers.length);
  for (const [name, value] of headers) length += fieldLength(byteLength(name)) + fieldLength(byteLength(value));
  return length;
}

const zigzag = (value: number): bigint => (value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n);

function varintLength(value: number): number {
  if (value > SMALL_MAX || value < -SMALL_MAX) {
    let bytes = 1;
    for (let rest = zigzag(value); rest > 127n; rest >>= 7n) bytes++;
    return bytes;
  }
  const folded = ((value << 1) ^ (value >> 31)) >>> 0;
  if (folded < 1 << 7) return 1;
  if (folded < 1 << 14) return 2;
  if (folded < 1 << 21) return 3;
  return folded < 1 << 28 ? 4 : 5;
}
