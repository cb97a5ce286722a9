/**
 * Owns: reading batches of records as they lie in the log, one record at a time, without an object for each.
 *
 * BAR1 A batch that is cut off at the end of an answer is left out; one whose checksum is wrong is an error.
 * BAR2 A record's numbers are valid until the next call of `next`.
 */
import { KafkaError } from "../client/kafka-error.ts";
import { crc32c } from "./crc32c.ts";
import {
  APPEND_TIME_BIT,
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  CONTROL_BIT,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PACKING_BITS,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
  TRANSACTIONAL_BIT,
} from "./record-batch.ts";
import { unpack } from "./packing.ts";
import type { Header } from "./batch-builder.ts";

export type LogBatch = {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly producerId: number;
  readonly epoch: number;
  readonly isTransactional: boolean;
  /** A marker of the end of a transaction, no data. */
  readonly isControl: boolean;
  /** All of it, as it lies in the log. */
  readonly bytes: Buffer;
};

/** The whole batches of an answer. Errors: KafkaError, CORRUPT_MESSAGE or an old format. */
export function batchesOf(bytes: Buffer): LogBatch[] {
  const batches: LogBatch[] = [];
  for (let start = 0; start + RECORDS_AT <= bytes.length; ) {
    const end = start + LEADER_EPOCH_AT + bytes.readInt32BE(start + LENGTH_AT);
    if (bytes.readInt8(start + MAGIC_AT) !== MAGIC)
      throw new KafkaError("UNSUPPORTED_VERSION", "the log has batches of a format from before Kafka 0.11", {
        isRetriable: false,
      });
    if (end > bytes.length) break;
    batches.push(batchAt(bytes.subarray(start, end)));
    start = end;
  }
  return batches;
}

function batchAt(bytes: Buffer): LogBatch {
  const baseOffset = Number(bytes.readBigInt64BE(0));
  const attributes = bytes.readInt16BE(ATTRIBUTES_AT);
  if (crc32c(bytes, ATTRIBUTES_AT) !== bytes.readUInt32BE(CRC_AT))
    throw new KafkaError("CORRUPT_MESSAGE", `the batch at offset ${baseOffset} has a wrong checksum`, {
      isRetriable: true,
    });
  return {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(LAST_OFFSET_DELTA_AT),
    producerId: Number(bytes.readBigInt64BE(PRODUCER_ID_AT)),
    epoch: bytes.readInt16BE(PRODUCER_EPOCH_AT),
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    bytes,
  };
}

/** Of a control batch: whether it says that the transaction was committed. */
export function isCommitMarker(batch: LogBatch): boolean {
  const cursor = new RecordCursor(batch);
  // The key: a version and a type, 0 abort, 1 commit.
  return cursor.next() && cursor.bytes.readInt16BE(cursor.keyStart + 2) === 1;
}

/** Goes through the records of a batch that is no control batch. */
export class RecordCursor {
  readonly bytes: Buffer;
  offset = -1;
  timestamp = 0;
  /** Places in `bytes`; -1 as start: null. */
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  #headersAt = 0;
  #at = 0;
  #left: number;
  readonly #baseOffset: number;
  readonly #baseTimestamp: number;
  /** Where the broker stamped the batch when it was appended: that time, for all its records. */
  readonly #appendTime: number | null;

  constructor({ bytes, baseOffset }: LogBatch) {
    const attributes = bytes.readInt16BE(ATTRIBUTES_AT);
    this.#baseOffset = baseOffset;
    this.#baseTimestamp = Number(bytes.readBigInt64BE(BASE_TIMESTAMP_AT));
    this.#appendTime = (attributes & APPEND_TIME_BIT) === 0 ? null : Number(bytes.readBigInt64BE(MAX_TIMESTAMP_AT));
    this.#left = bytes.readInt32BE(COUNT_AT);
    this.bytes = unpack(bytes.subarray(RECORDS_AT), attributes & PACKING_BITS);
  }

  /** Moves to the next record; false when there is none. */
  next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    const length = this.#varint();
    const end = this.#at + length;
    this.#at++;
    const timestampDelta = this.#varint();
    this.timestamp = this.#appendTime ?? this.#baseTimestamp + timestampDelta;
    this.offset = this.#baseOffset + this.#varint();
    const keyLength = this.#varint();
    this.keyStart = keyLength < 0 ? -1 : this.#at;
    this.keyEnd = this.#at += Math.max(0, keyLength);
    const valueLength = this.#varint();
    this.valueStart = valueLength < 0 ? -1 : this.#at;
    this.valueEnd = this.#at += Math.max(0, valueLength);
    this.#headersAt = this.#at;
    if (this.#at > end || end > this.bytes.length)
      throw new KafkaError("CORRUPT_MESSAGE", `the record at offset ${this.offset} ends outside its batch`, {
        isRetriable: false,
      });
    this.#at = end;
    return true;
  }

  key(): Buffer | null {
    return this.keyStart < 0 ? null : this.bytes.subarray(this.keyStart, this.keyEnd);
  }

  value(): Buffer | null {
    return this.valueStart < 0 ? null : this.bytes.subarray(this.valueStart, this.valueEnd);
  }

  headers(): Header[] {
    const after = this.#at;
    this.#at = this.#headersAt;
    const headers = Array.from({ length: this.#varint() }, (): Header => {
      const name = this.#field()?.toString("utf8") ?? "";
      return [name, this.#field()];
    });
    this.#at = after;
    return headers;
  }

  #field(): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  #varint(): number {
    const { bytes } = this;
    let byte = bytes[this.#at++] as number;
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1);
    let folded = byte & 127;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[this.#at++] as number;
      folded |= (byte & 127) << shift;
      if (byte < 128) return (folded >>> 1) ^ -(folded & 1);
    }
    return this.#longVarint(folded);
  }

  /** More than four bytes: a large timestamp. */
  #longVarint(low: number): number {
    let folded = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.#at++] ?? 0;
      folded |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    return Number((folded >> 1n) ^ -(folded & 1n));
  }
}
