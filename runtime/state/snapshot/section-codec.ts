/**
 * Owns: the bytes of a chunk: some rows of one state and key group, in columns.
 * Not here: where chunks are in the file (keyed-file.ts), key columns (key-column.ts), value columns (room record).
 *
 * Grammar: chunk = u32 rows, u32 reserved, keys, counts?, userKeys?, values ; every part ends at an 8-byte boundary
 *   value, reducing, aggregating: keys[rows] values[rows]
 *   list:                         keys[rows] counts[rows] values[sum of counts]      a long list goes on in later chunks
 *   map:                          keys[rows] counts[rows] userKeys[sum] values[sum]  a big map goes on in later chunks
 *   timers:                       keys[rows] values[rows] (times, float64)
 *   counts = block of int32, values = block of the state's type (encodeBatch)
 */
import { StreamError } from "../../../base/index.ts";
import {
  type ByteReader,
  ByteWriter,
  decodeBatch,
  encodeBatch,
  encodeValues,
  type Key,
  t,
  type ValueType,
} from "../../record/index.ts";
import { decodeKeys, encodeKeys } from "./key-column.ts";
import { notSerializable, type RowBatchBuffer } from "../heap/section.ts";
import type { StateMeta } from "./state-meta.ts";
import type { Row } from "../heap/versions.ts";

export type DecodedChunk = {
  readonly keys: readonly Key[];
  /** How many values (and user keys) belong to each key; null when it is one. */
  readonly counts: readonly number[] | null;
  readonly userKeys: readonly Key[] | null;
  readonly values: readonly unknown[];
};

/** Appends a chunk; throws VALUE_NOT_SERIALIZABLE naming operator, state, key and value. */
export function encodeChunk(uid: string, meta: StateMeta, batch: RowBatchBuffer, writer: ByteWriter): void {
  const start = writer.length;
  const columns = columnsOf(meta, batch);
  writer.u32(columns.keys.length);
  writer.u32(0);
  encodeKeys(columns.keys, null, writer);
  if (columns.counts !== null) encodeBlock(t.int32, columns.counts, writer);
  try {
    if (columns.userKeys !== null) encodeKeys(columns.userKeys, meta.keyType, writer);
    encodeBlock(meta.type, columns.values, writer);
  } catch (cause) {
    writer.length = start;
    throw culprit(uid, meta, batch) ?? cause;
  }
}

export function decodeChunk(meta: StateMeta, reader: ByteReader): DecodedChunk {
  const rows = reader.u32();
  reader.u32();
  const keys = decodeKeys(null, reader);
  const counts = meta.kind === "list" || meta.kind === "map" ? decodeBatch(t.int32, reader).rows : null;
  const userKeys = meta.kind === "map" ? decodeKeys(meta.keyType, reader) : null;
  const values = decodeBatch(meta.type, reader).rows;
  const expected = counts === null ? rows : counts.reduce((sum, count) => sum + count, 0);
  if (keys.length !== rows || values.length !== expected || (userKeys !== null && userKeys.length !== expected)) {
    throw new StreamError(
      "CHECKPOINT_CORRUPT",
      `state "${meta.name}" has a chunk whose columns differ in length; restore from another checkpoint`,
      {
        destiny: "terminal",
      },
    );
  }
  return { keys, counts, userKeys, values };
}

function encodeBlock(type: ValueType<unknown>, rows: readonly unknown[], writer: ByteWriter): void {
  encodeBatch(type, { rows, timestamps: null, keyHashes: null }, writer);
}

function columnsOf(meta: StateMeta, batch: RowBatchBuffer): DecodedChunk {
  const { keys, userKeys, values } = batch;
  if (meta.kind === "list") {
    const lists = values as readonly (readonly unknown[])[];
    return { keys, counts: lists.map((list) => list.length), userKeys: null, values: lists.flat() };
  }
  if (meta.kind !== "map") return { keys, counts: null, userKeys: null, values };
  const heads: Key[] = [];
  const counts: number[] = [];
  for (let row = 0; row < keys.length; row++) {
    if (row > 0 && keys[row] === keys[row - 1]) {
      counts[counts.length - 1] = (counts[counts.length - 1] as number) + 1;
    } else {
      heads.push(keys[row] as Key);
      counts.push(1);
    }
  }
  return { keys: heads, counts, userKeys: userKeys as readonly Key[], values };
}

/** The first row that cannot be encoded by itself, as an error; looked for only after a chunk failed. */
function culprit(uid: string, meta: StateMeta, batch: RowBatchBuffer): StreamError | null {
  for (let row = 0; row < batch.keys.length; row++) {
    const at = { key: batch.keys[row] as Key, userKey: batch.userKeys[row] as Key | null };
    const values = meta.kind === "list" ? (batch.values[row] as readonly unknown[]) : [batch.values[row]];
    for (const value of values) {
      const failed: Row = { ...at, value };
      try {
        encodeValues(meta.type, [value]);
        if (at.userKey !== null) encodeKeys([at.userKey], meta.keyType, new ByteWriter(256));
      } catch (cause) {
        return notSerializable(uid, meta, failed, cause);
      }
    }
  }
  return null;
}
