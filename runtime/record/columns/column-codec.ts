/**
 * Owns: the one binary form of batches of columns, for channels and state files.
 *
 * Grammar (as batch-codec.ts; `[x]8` = starts on an 8-byte boundary of the block):
 *   block  = header flags count timestamps? hashes? kinds? column*
 *   header = that of a block of rows, with a version of its own (1)
 *   flags  = u32 (1: timestamps, 2: key hashes, 8: row kinds) · count = u32 · timestamps = [f64]8 · hashes = [i32]8 · kinds = [u8]8
 *   column = u8 traits (1: nulls, 2: not well-formed), [nulls]8 if so (bit set = null), values
 *   values = float64: [f64]8 · bigint: [i64]8 · int32: [i32]8 · boolean: [u8]8 · objects: column of a block of rows
 *          | text: [i32 lengths]8 in bytes, u32 bytes, [bytes]8, each text padded to 4 bytes with zeros
 *
 * CCO1 What is read are views of the memory it was read from, wherever that is aligned: the batch is valid until it is released.
 * CCO2 A block that was damaged is PROTOCOL_VIOLATION, and no length of it is believed before it was compared with what there is.
 */
import { newerFormat } from "../../../base/index.ts";
import { COUNT_MAX, damaged, headerOf } from "../batch-codec.ts";
import type { ByteReader, ByteWriter } from "../byte-buffer.ts";
import { decodeColumn, encodeColumn } from "../column.ts";
import { areRowKinds, writtenKinds } from "../row-kind.ts";
import { type ValueType } from "../value-type.ts";
import { ColumnBatch, type ColumnMarks, type Release } from "./column-batch.ts";
import type { Column, TextColumn } from "./column.ts";
import { type ColumnField, type ColumnLayout, layoutOf } from "./layout.ts";

const VERSION = 1;
const HAS_TIMESTAMPS = 1;
const HAS_HASHES = 2;
const HAS_ROW_KINDS = 8;
const ALL_FLAGS = HAS_TIMESTAMPS | HAS_HASHES | HAS_ROW_KINDS;
const HAS_NULLS = 1;
const NOT_WELL_FORMED = 2;

/** Appends a batch as builders make them, without a selection, to `writer`, which is at an 8-byte boundary. */
export function encodeColumns({ layout, columns, count, marks }: ColumnBatch, writer: ByteWriter): void {
  const { timestamps, keyHashes } = marks;
  const kinds = writtenKinds(marks.rowKinds, count);
  writer.bytes(headerOf(layout.type));
  writer.u32(
    (timestamps === null ? 0 : HAS_TIMESTAMPS) |
      (keyHashes === null ? 0 : HAS_HASHES) |
      (kinds === null ? 0 : HAS_ROW_KINDS),
  );
  writer.u32(count);
  if (timestamps !== null) writer.float64(count).set(timestamps.subarray(0, count));
  if (keyHashes !== null) writer.int32(count).set(keyHashes.subarray(0, count));
  if (kinds !== null) writePadded(kinds, writer);
  for (const [place, field] of layout.fields.entries()) encodeOne(columns[place] as Column, field, count, writer);
  writer.align8();
}

function encodeOne(column: Column, field: ColumnField, count: number, writer: ByteWriter): void {
  const isOdd = column.kind === "text" && !column.isWellFormed;
  writer.u8((column.nulls === null ? 0 : HAS_NULLS) | (isOdd ? NOT_WELL_FORMED : 0));
  if (column.nulls !== null) writePadded(column.nulls.subarray(0, (count + 7) >> 3), writer);
  switch (column.kind) {
    case "float64":
      writer.float64(count).set(column.values.subarray(0, count));
      return;
    case "bigint":
      writer.bigInt64(count).set(column.values.subarray(0, count));
      return;
    case "int32":
      writer.int32(count).set(column.values.subarray(0, count));
      return;
    case "boolean":
      writePadded(column.values.subarray(0, count), writer);
      return;
    case "text":
      encodeText(column, count, writer);
      return;
    case "objects":
      encodeColumn(field.type, field.name, column.values.slice(0, count), writer);
  }
}

/** The texts of a builder's column lie in the order of their places, from 0 on. */
function encodeText({ words, starts, lengths }: TextColumn, count: number, writer: ByteWriter): void {
  writer.int32(count).set(lengths.subarray(0, count));
  const last = count - 1;
  const used = count === 0 ? 0 : ((starts[last] as number) + (lengths[last] as number) + 3) & ~3;
  writer.u32(used);
  writer.int32(used >> 2).set(words.subarray(0, used >> 2));
}

function writePadded(bytes: Uint8Array, writer: ByteWriter): void {
  writer.align8();
  writer.bytes(bytes);
}

/** `release` as a ColumnBatch has it; what is poisoned is the memory of the views, by whom it belongs to. */
export function decodeColumns(
  type: ValueType<unknown>,
  reader: ByteReader,
  release: Release | null = null,
): ColumnBatch {
  const layout = layoutOf(type);
  checkHeader(layout, reader);
  const flags = reader.u32();
  const count = reader.u32();
  if (count > COUNT_MAX || (flags & ~ALL_FLAGS) !== 0)
    throw damaged(`a block of columns claims ${count} records and has flags ${flags}; it was damaged on its way`);
  const marks: ColumnMarks = {
    timestamps: flags & HAS_TIMESTAMPS ? reader.float64(count) : null,
    keyHashes: flags & HAS_HASHES ? reader.int32(count) : null,
    rowKinds: flags & HAS_ROW_KINDS ? readKinds(count, reader) : null,
  };
  const columns = layout.fields.map((field) => decodeOne(field, count, reader));
  reader.align8();
  return new ColumnBatch(layout, columns, { count, marks }, release);
}

function checkHeader({ type }: ColumnLayout, reader: ByteReader): void {
  const expected = headerOf(type);
  const version = reader.buffer[reader.position] ?? 0;
  if (version > VERSION) throw newerFormat("a block of columns", version, VERSION);
  const found = reader.bytes(expected.length);
  if (found.compare(expected) !== 0)
    throw damaged("a block of columns has other fields than its reader; it was damaged on its way");
}

function decodeOne(field: ColumnField, count: number, reader: ByteReader): Column {
  const traits = reader.u8();
  const nulls = traits & HAS_NULLS ? readPadded((count + 7) >> 3, reader) : null;
  switch (field.kind) {
    case "float64":
      return { kind: "float64", values: reader.float64(count), nulls };
    case "bigint": {
      const values = reader.bigInt64(count);
      const words = new Int32Array(values.buffer, values.byteOffset, count * 2);
      return { kind: "bigint", values, words, nulls };
    }
    case "int32":
      return { kind: "int32", values: reader.int32(count), nulls };
    case "boolean":
      return { kind: "boolean", values: readPadded(count, reader), nulls };
    case "text":
      return decodeText(count, { nulls, isWellFormed: (traits & NOT_WELL_FORMED) === 0 }, reader);
    case "objects":
      return { kind: "objects", values: objectsOf(field, count, reader), nulls: null };
  }
}

function objectsOf({ type }: ColumnField, count: number, reader: ByteReader): unknown[] {
  return Array.from(decodeColumn(type.kind, type.nullable, count, reader));
}

function decodeText(
  count: number,
  traits: { readonly nulls: Uint8Array | null; readonly isWellFormed: boolean },
  reader: ByteReader,
): TextColumn {
  const lengths = reader.int32(count);
  const used = reader.u32();
  const starts = new Int32Array(count);
  let start = 0;
  for (let row = 0; row < count; row++) {
    starts[row] = start;
    const length = lengths[row] as number;
    if (length < 0 || length > used - start) throw damaged("a text of a block of columns ends outside of it");
    start += (length + 3) & ~3;
  }
  if (start !== used) throw damaged(`the texts of a block of columns have ${start} bytes instead of ${used}`);
  const words = reader.int32(used >> 2);
  const bytes = new Uint8Array(words.buffer, words.byteOffset, used);
  return { kind: "text", bytes, words, starts, lengths, ...traits };
}

function readKinds(count: number, reader: ByteReader): Uint8Array {
  const kinds = readPadded(count, reader);
  if (!areRowKinds(kinds)) throw damaged("a block of columns has unknown row kinds; it was damaged on its way");
  return kinds;
}

function readPadded(length: number, reader: ByteReader): Uint8Array {
  reader.align8();
  return reader.bytes(length);
}
