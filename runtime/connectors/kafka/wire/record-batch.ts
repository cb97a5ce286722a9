/**
 * Owns: the layout of a batch of records as it lies in Kafka's log (format 2).
 * Not here: packing.ts.
 *
 *   0 base_offset i64 · 8 length i32 (of what follows) · 12 leader_epoch i32 · 16 magic i8 · 17 crc u32 (of all from 21 on)
 *   21 attributes i16 · 23 last_offset_delta i32 · 27 base_timestamp i64 · 35 max_timestamp i64 · 43 producer_id i64
 *   51 producer_epoch i16 · 53 base_sequence i32 · 57 count i32 · 61 records
 *   attributes: bits 0–2 packing, 3 time of appending, 4 transactional, 5 control
 *   record: length, attributes i8, timestamp_delta, offset_delta, key, value, headers [name, value]; numbers are zigzag varints,
 *   a key, value or header is its length and its bytes, -1 is null
 */
import { assert } from "../../../../base/index.ts";
import { crc32c } from "./crc32c.ts";

export const LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const COUNT_AT = 57;
export const RECORDS_AT = 61;
export const MAGIC = 2;

export const PACKING_BITS = 7;
export const APPEND_TIME_BIT = 8;
export const TRANSACTIONAL_BIT = 16;
export const CONTROL_BIT = 32;

/** Whose a batch is: what the broker checks for duplicates, gaps and fenced producers. `sequence`: of its first record. */
export type BatchOwner = {
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly isTransactional: boolean;
};

/** Writes the owner and the checksum into a batch that is otherwise complete; also into one that was another's. */
export function seal(batch: Buffer, owner: BatchOwner): void {
  assert(batch.length >= RECORDS_AT, "a batch of records has a header");
  const attributes = batch.readInt16BE(ATTRIBUTES_AT) & ~(TRANSACTIONAL_BIT | CONTROL_BIT);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - LEADER_EPOCH_AT, LENGTH_AT);
  batch.writeInt32BE(-1, LEADER_EPOCH_AT);
  batch.writeInt16BE(attributes | (owner.isTransactional ? TRANSACTIONAL_BIT : 0), ATTRIBUTES_AT);
  batch.writeBigInt64BE(BigInt(owner.producerId), PRODUCER_ID_AT);
  batch.writeInt16BE(owner.epoch, PRODUCER_EPOCH_AT);
  batch.writeInt32BE(owner.sequence, BASE_SEQUENCE_AT);
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT);
}
