/**
 * Owns: batches of records as columns, the one binary form for channels, state files and committables.
 *
 * Grammar:
 *   block   = header flags count timestamps? hashes? kinds? oddities? column*
 *   header  = u8 version (1), u8 isRecord, u8 fields, (u8 nameBytes, name, u8 kind, u8 traits)* with traits 1: nullable, 2: optional, padded to 8
 *   flags   = u32 (1: timestamps, 2: key hashes, 4: oddities of rows, record-rows.ts, 8: row kinds) · count = u32 · timestamps = [f64]8 · hashes = [i32]8 · kinds = [u8]8, row-kind.ts
 *
 * BC1 A block describes itself, so that a reader with a later version of a record type reads it by field name: a field that
 *     the block lacks is null when its type is nullable, or lacking when it is optional, a field that the type lacks is dropped, and every other difference
 *     is STATE_INCOMPATIBLE.
 * BC2 The usual case, the reader's type equals the writer's, costs one comparison of the header's bytes.
 */
import { newerFormat, StreamError } from "../../base/index.ts";
import { ByteReader, ByteWriter } from "./byte-buffer.ts";
import { ABSENT, type ColumnValues, decodeColumn, decodeOptional, encodeColumn, encodeOptional } from "./column.ts";
import { buildRows } from "./row-objects.ts";
import { readOddities, restoreOddities, takeColumns, writeOddities } from "./record-rows.ts";
import type { RowBatch } from "./row-batch.ts";
import { areRowKinds, writtenKinds } from "./row-kind.ts";
import { describeType, type Field, TYPE_KINDS, type TypeKind, type ValueType } from "./value-type.ts";

const VERSION = 1;
const HAS_TIMESTAMPS = 1;
const HAS_HASHES = 2;
const HAS_ODDITIES = 4;
const HAS_ROW_KINDS = 8;
const ALL_FLAGS = HAS_TIMESTAMPS | HAS_HASHES | HAS_ODDITIES | HAS_ROW_KINDS;
/** Traits of a field in a header. */
const IS_NULLABLE = 1;
const IS_OPTIONAL = 2;
/** Rows of one block: bounds what a damaged length can ask for. */
export const COUNT_MAX = 1 << 24;

type StoredField = {
  readonly name: string;
  readonly kind: TypeKind;
  readonly nullable: boolean;
  readonly optional: boolean;
};
type AnyRow = Record<string, unknown>;

const headers = new WeakMap<ValueType<unknown>, Uint8Array>();
// Blocks are encoded one after the other in a thread; the scratch is copied out or sent before the next one.
const scratch = new ByteWriter();

/** Appends one batch to `writer`, which must be at an 8-byte boundary. */
export function encodeBatch<T>(type: ValueType<T>, batch: RowBatch<T>, writer: ByteWriter): void {
  const { rows, timestamps, keyHashes } = batch;
  const count = rows.length;
  const fields = columnsOf(type);
  const columns = fields === null ? [rows] : fields.map((): unknown[] => new Array(count));
  const oddities = fields === null ? null : takeColumns(type, rows, columns as unknown[][]);
  const kinds = writtenKinds(batch.rowKinds, count);
  writer.bytes(headerOf(type));
  writer.u32(
    (timestamps === null ? 0 : HAS_TIMESTAMPS) |
      (keyHashes === null ? 0 : HAS_HASHES) |
      (oddities === null ? 0 : HAS_ODDITIES) |
      (kinds === null ? 0 : HAS_ROW_KINDS),
  );
  writer.u32(count);
  if (timestamps !== null) writer.float64(count).set(timestamps.subarray(0, count));
  if (keyHashes !== null) writer.int32(count).set(keyHashes.subarray(0, count));
  if (kinds !== null) {
    writer.bytes(kinds);
    writer.align8();
  }
  if (oddities !== null) writeOddities(oddities, writer);
  if (fields === null) {
    encodeColumn(type, "", rows, writer);
  } else {
    for (const [place, field] of fields.entries()) {
      const values = columns[place] as unknown[];
      if (field.optional === true) encodeOptional(field.type, field.name, values, writer);
      else encodeColumn(field.type, field.name, values, writer);
    }
  }
  writer.align8();
}

/** Reads one batch from `reader`. Strings and objects are new; number columns may refer to the reader's memory only while decoding. */
export function decodeBatch<T>(type: ValueType<T>, reader: ByteReader): RowBatch<T> {
  const stored = readHeader(type, reader);
  const flags = reader.u32();
  const count = reader.u32();
  if (count > COUNT_MAX) throw damaged(`a block claims ${count} records; it was damaged on its way`);
  if ((flags & ~ALL_FLAGS) !== 0) throw damaged(`a block has unknown flags ${flags}; it was damaged on its way`);
  // Copied: the caller keeps them after the memory of the frame is used again.
  const timestamps = flags & HAS_TIMESTAMPS ? reader.float64(count).slice() : null;
  const keyHashes = flags & HAS_HASHES ? reader.int32(count).slice() : null;
  const rowKinds = flags & HAS_ROW_KINDS ? readKinds(count, reader) : null;
  const oddities = flags & HAS_ODDITIES ? readOddities(count, reader) : null;
  if (stored !== null) {
    // Another version's order of fields means nothing here.
    const rows = decodeEvolved(type, stored, count, reader);
    reader.align8();
    return batchOf(rows, timestamps, keyHashes, rowKinds);
  }
  const plain = decodeSame(type, count, reader);
  const rows = oddities === null ? plain : (restoreOddities(namesOf(type), plain as AnyRow[], oddities) as T[]);
  reader.align8();
  return batchOf(rows, timestamps, keyHashes, rowKinds);
}

function batchOf<T>(
  rows: readonly T[],
  timestamps: Float64Array | null,
  keyHashes: Int32Array | null,
  rowKinds: Uint8Array | null,
): RowBatch<T> {
  // One shape for the usual case: readers in the hot path see no other.
  return rowKinds === null ? { rows, timestamps, keyHashes } : { rows, timestamps, keyHashes, rowKinds };
}

function readKinds(count: number, reader: ByteReader): Uint8Array {
  const kinds = new Uint8Array(reader.bytes(count));
  reader.align8();
  if (!areRowKinds(kinds)) throw damaged("a block has unknown row kinds; it was damaged on its way");
  return kinds;
}

export function damaged(what: string): StreamError {
  return new StreamError("PROTOCOL_VIOLATION", what);
}

/** Values of one type as a self-contained block. */
export function encodeValues<T>(type: ValueType<T>, values: readonly T[]): Uint8Array {
  scratch.reset();
  encodeBatch(type, { rows: values, timestamps: null, keyHashes: null }, scratch);
  return scratch.copy();
}

/** The reverse of encodeValues; reads with an evolved type as BC1 says. */
export function decodeValues<T>(type: ValueType<T>, bytes: Uint8Array): T[] {
  return decodeBatch(type, new ByteReader(bytes)).rows as T[];
}

function decodeSame<T>(type: ValueType<T>, count: number, reader: ByteReader): T[] {
  const fields = columnsOf(type);
  if (fields === null) return toArray(decodeColumn(type.kind, type.nullable, count, reader), count) as T[];
  const columns = fields.map(({ type: { kind, nullable }, optional }) =>
    optional === true ? decodeOptional(kind, nullable, count, reader) : decodeColumn(kind, nullable, count, reader),
  );
  return rowsOf(type, fields, columns, count) as T[];
}

function rowsOf(
  type: ValueType<unknown>,
  fields: readonly Field[],
  columns: readonly ColumnValues[],
  count: number,
): AnyRow[] {
  const isSparse = fields.some((field) => field.optional === true);
  if (!isSparse) return buildRows(type, columns, count);
  const names = fields.map((field) => field.name);
  return buildSparseRows(names, columns, count);
}

/** The columns of a record; null for every other type, also for a record that may be null: one column of objects. */
function columnsOf(type: ValueType<unknown>): readonly Field[] | null {
  return type.fields === undefined || type.nullable ? null : type.fields;
}

function toArray(values: ColumnValues, count: number): unknown[] {
  if (Array.isArray(values)) return values;
  const copy: unknown[] = new Array(count);
  for (let row = 0; row < count; row++) copy[row] = values[row];
  return copy;
}

/** Rows of a type with optional fields. */
function buildSparseRows(names: readonly string[], columns: readonly ColumnValues[], count: number): AnyRow[] {
  const rows: AnyRow[] = new Array(count);
  for (let row = 0; row < count; row++) {
    const value: AnyRow = {};
    for (let column = 0; column < names.length; column++) {
      const item = (columns[column] as ColumnValues)[row];
      if (item !== ABSENT) value[names[column] as string] = item;
    }
    rows[row] = value;
  }
  return rows;
}

function namesOf(type: ValueType<unknown>): readonly string[] {
  return (columnsOf(type) ?? []).map((field) => field.name);
}

export function headerOf(type: ValueType<unknown>): Uint8Array {
  let header = headers.get(type);
  if (header === undefined) {
    header = buildHeader(type);
    headers.set(type, header);
  }
  return header;
}

function buildHeader(type: ValueType<unknown>): Uint8Array {
  const writer = new ByteWriter(256);
  const fields: readonly Field[] = columnsOf(type) ?? [{ name: "", type }];
  writer.u8(VERSION);
  writer.u8(columnsOf(type) === null ? 0 : 1);
  writer.u8(fields.length);
  for (const field of fields) {
    const name = Buffer.from(field.name, "utf8");
    writer.u8(name.length);
    writer.bytes(name);
    writer.u8(TYPE_KINDS.indexOf(field.type.kind));
    writer.u8((field.type.nullable ? IS_NULLABLE : 0) | (field.optional === true ? IS_OPTIONAL : 0));
  }
  writer.align8();
  return writer.copy();
}

/** null when the block was written with this very type (BC2). */
function readHeader(type: ValueType<unknown>, reader: ByteReader): readonly StoredField[] | null {
  const expected = headerOf(type);
  const { buffer, position } = reader;
  if (
    buffer.length - position >= expected.length &&
    buffer.compare(expected, 0, expected.length, position, position + expected.length) === 0
  ) {
    reader.position += expected.length;
    return null;
  }
  const version = reader.u8();
  if (version > VERSION) throw newerFormat("a block of records", version, VERSION);
  if (version < VERSION)
    throw new StreamError("PROTOCOL_VIOLATION", "a block of records has no version; it was damaged");
  const isRecord = reader.u8() === 1;
  const fields = Array.from({ length: reader.u8() }, (): StoredField => {
    const name = reader.bytes(reader.u8()).toString("utf8");
    const kind = TYPE_KINDS[reader.u8()];
    if (kind === undefined)
      throw new StreamError("PROTOCOL_VIOLATION", `field "${name}" has an unknown kind; the block was damaged`);
    const traits = reader.u8();
    return { name, kind, nullable: (traits & IS_NULLABLE) !== 0, optional: (traits & IS_OPTIONAL) !== 0 };
  });
  reader.align8();
  if (isRecord !== (columnsOf(type) !== null)) throw incompatible(type, "the other is not a record");
  return fields;
}

function decodeEvolved<T>(type: ValueType<T>, stored: readonly StoredField[], count: number, reader: ByteReader): T[] {
  const columns = new Map<string, ColumnValues>();
  const wanted: readonly Field[] = columnsOf(type) ?? [{ name: "", type }];
  for (const field of stored) {
    const target = wanted.find((candidate) => candidate.name === field.name);
    const values = field.optional
      ? decodeOptional(field.kind, field.nullable, count, reader)
      : decodeColumn(field.kind, field.nullable, count, reader);
    if (target === undefined) continue;
    const widens =
      field.kind === target.type.kind &&
      (!field.nullable || target.type.nullable) &&
      (!field.optional || target.optional === true);
    if (!widens) throw incompatible(type, `field "${field.name}" was ${inWords(field)}`);
    columns.set(field.name, values);
  }
  for (const field of wanted) {
    if (columns.has(field.name)) continue;
    if (!field.type.nullable && field.optional !== true)
      throw incompatible(type, `it has no field "${field.name}"; make the new field t.nullable(…) or t.optional(…)`);
    columns.set(field.name, new Array(count).fill(field.optional === true ? ABSENT : null));
  }
  const ordered = wanted.map((field) => columns.get(field.name) as ColumnValues);
  if (columnsOf(type) === null) return toArray(ordered[0] as ColumnValues, count) as T[];
  return rowsOf(type, wanted, ordered, count) as T[];
}

function inWords({ kind, nullable, optional }: StoredField): string {
  return `${optional ? "an optional " : ""}${kind}${nullable ? " | null" : ""}`;
}

function incompatible(type: ValueType<unknown>, difference: string): StreamError {
  return new StreamError(
    "STATE_INCOMPATIBLE",
    `values were written with another type than ${describeType(type)}: ${difference}; restore with a type that adds only nullable fields or removes some`,
    { destiny: "terminal" },
  );
}
