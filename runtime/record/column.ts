/**
 * Owns: the encoding of one column of values, by kind.
 * Not here: which columns a type has (batch-codec.ts).
 *
 * Grammar (little-endian; `[x]8` = starts on an 8-byte boundary of the block):
 *   column  = nulls? body                       nulls only in nullable columns of kinds other than any
 *   nulls   = u8 hasNulls, bit[ceil(count/8)] if hasNulls          bit set = null; the body holds a neutral value there
 *   string  = string-column.ts
 *   numbers = [f64]8 (int64, float64, timestamp) | [i32]8 | [i64]8 (bigint) ; boolean = u8 each
 *   bytes   = [u32 lengths]8, blob               highest bit of a length: it is a Buffer
 *   date    = [f64]8 ; decimal = u8 isWide, [i64]8 or, when one does not fit into 64 bits, tagged values (value-codec.ts)
 *   any, record, list, map, literal = dynamic-column.ts
 *   a column of an optional field (`encodeOptional`) = u8 hasGaps, u8 gap[count] if hasGaps, column of the values that are there
 *     gap: 0 a value · 1 undefined · 2 no such field
 *
 * COL1 Decoding what was encoded gives equal values, bit by bit for numbers, unit by unit for strings (SCO1), for undeclared values
 *    as VX1 says. -0 is no int32; in an undeclared value and in a float64, int64 or timestamp it stays -0.
 * COL2 A value that does not fit its declared type is VALUE_NOT_SERIALIZABLE, naming column and value; nothing is converted silently.
 */
import type { ByteReader, ByteWriter } from "./byte-buffer.ts";
import { decodeDynamic, encodeUndeclared } from "./dynamic-column.ts";
import { misfit, refuseMisfit } from "./misfit.ts";
import { decodeStrings, encodeStrings } from "./string-column.ts";
import { DateValue } from "./plain-value.ts";
import { findMisfit, isBytes, isDate, isInt32 } from "./type-check.ts";
import { decodeTagged, encodeTagged } from "./value-codec.ts";
import type { TypeKind, ValueType } from "./value-type.ts";

/** Decoded values of a column: read only, indexable from 0. */
export type ColumnValues = ArrayLike<unknown>;

export function encodeColumn(
  type: ValueType<unknown>,
  name: string,
  values: readonly unknown[],
  writer: ByteWriter,
): void {
  if (isDynamic(type.kind)) {
    if (type.kind !== "any") checkAll(type, name, values);
    encodeUndeclared(name, values, writer);
    return;
  }
  const present = type.nullable ? encodeNulls(type.kind, values, writer) : values;
  switch (type.kind) {
    case "string":
      encodeStrings(name, present, writer);
      return;
    case "int64":
    case "timestamp":
      encodeSafeIntegers(name, type.kind, present, writer);
      return;
    case "float64":
      encodeFloats(name, present, writer);
      return;
    case "int32":
      encodeInt32(name, present, writer);
      return;
    case "bigint":
      encodeBigInts(name, present, writer);
      return;
    case "boolean":
      encodeBooleans(name, present, writer);
      return;
    case "bytes":
      encodeByteArrays(name, present, writer);
      return;
    case "decimal":
      encodeDecimals(name, present, writer);
      return;
    case "date":
      encodeDates(name, present, writer);
  }
}

/** Kinds whose values are encoded by what they are, after a check. */
type DynamicKind = "any" | "record" | "list" | "map" | "literal";

function isDynamic(kind: TypeKind): kind is DynamicKind {
  return kind === "any" || kind === "record" || kind === "list" || kind === "map" || kind === "literal";
}

function checkAll(type: ValueType<unknown>, name: string, values: readonly unknown[]): void {
  for (let row = 0; row < values.length; row++) {
    const found = findMisfit(type, values[row]);
    if (found !== null) throw refuseMisfit(name, found, row);
  }
}

/** In a column of an optional field: the row has no such field. */
export const ABSENT = Symbol("absent");

/** The column of an optional field: values, undefined, and ABSENT. */
export function encodeOptional(
  type: ValueType<unknown>,
  name: string,
  values: readonly unknown[],
  writer: ByteWriter,
): void {
  const hasGaps = values.some((value) => value === undefined || value === ABSENT);
  writer.u8(hasGaps ? 1 : 0);
  if (!hasGaps) {
    encodeColumn(type, name, values, writer);
    return;
  }
  const present: unknown[] = [];
  for (const value of values) {
    writer.u8(value === ABSENT ? 2 : value === undefined ? 1 : 0);
    if (value !== ABSENT && value !== undefined) present.push(value);
  }
  encodeColumn(type, name, present, writer);
}

export function decodeOptional(kind: TypeKind, nullable: boolean, count: number, reader: ByteReader): ColumnValues {
  if (reader.u8() === 0) return decodeColumn(kind, nullable, count, reader);
  const gaps = new Uint8Array(reader.bytes(count));
  let there = 0;
  for (const gap of gaps) if (gap === 0) there += 1;
  const present = decodeColumn(kind, nullable, there, reader);
  let next = 0;
  return Array.from(gaps, (gap) => (gap === 0 ? present[next++] : gap === 1 ? undefined : ABSENT));
}

export function decodeColumn(kind: TypeKind, nullable: boolean, count: number, reader: ByteReader): ColumnValues {
  if (isDynamic(kind)) return decodeDynamic(count, reader);
  const nulls = nullable && reader.u8() === 1 ? reader.bytes((count + 7) >> 3) : null;
  const values = decodePresent(kind, count, reader);
  if (nulls === null) return values;
  const withNulls: unknown[] = new Array(count);
  for (let row = 0; row < count; row++) {
    withNulls[row] = ((nulls[row >> 3] as number) >> (row & 7)) & 1 ? null : values[row];
  }
  return withNulls;
}

function decodePresent(kind: Exclude<TypeKind, DynamicKind>, count: number, reader: ByteReader): ColumnValues {
  switch (kind) {
    case "string":
      return decodeStrings(count, reader);
    case "int64":
    case "timestamp":
    case "float64":
      return reader.float64(count);
    case "int32":
      return reader.int32(count);
    case "bigint":
      return reader.bigInt64(count);
    case "boolean": {
      const flags = reader.bytes(count);
      return Array.from(flags, (flag) => flag === 1);
    }
    case "bytes":
      return decodeByteArrays(count, reader);
    case "decimal":
      return reader.u8() === 0 ? reader.bigInt64(count) : decodeTagged(count, reader);
    case "date":
      return Array.from(reader.float64(count), (time) => new DateValue(time));
  }
}

/** Neutral stand-ins for null, so that the body's loop stays simple. */
const NEUTRAL = {
  string: "",
  int32: 0,
  int64: 0,
  bigint: 0n,
  float64: 0,
  boolean: false,
  timestamp: 0,
  bytes: new Uint8Array(0),
  decimal: 0n,
  date: new DateValue(0),
} as const;

function encodeNulls(kind: keyof typeof NEUTRAL, values: readonly unknown[], writer: ByteWriter): readonly unknown[] {
  let hasNulls = false;
  for (const value of values) {
    if (value === null) {
      hasNulls = true;
      break;
    }
  }
  writer.u8(hasNulls ? 1 : 0);
  if (!hasNulls) return values;
  const bitmapBytes = (values.length + 7) >> 3;
  const start = writer.take(bitmapBytes);
  writer.buffer.fill(0, start, start + bitmapBytes);
  const present: unknown[] = new Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value === null) {
      const at = start + (row >> 3);
      writer.buffer[at] = (writer.buffer[at] as number) | (1 << (row & 7));
      present[row] = NEUTRAL[kind];
    } else {
      present[row] = value;
    }
  }
  return present;
}

function encodeSafeIntegers(name: string, kind: string, values: readonly unknown[], writer: ByteWriter): void {
  const count = values.length;
  const target = writer.float64(count);
  for (let row = 0; row < count; row++) {
    const value = values[row];
    if (!Number.isSafeInteger(value)) throw misfit(name, `${kind} (a safe integer)`, value, row);
    target[row] = value as number;
  }
}

function encodeFloats(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const count = values.length;
  const target = writer.float64(count);
  for (let row = 0; row < count; row++) {
    const value = values[row];
    if (typeof value !== "number") throw misfit(name, "float64", value, row);
    target[row] = value;
  }
}

function encodeInt32(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const count = values.length;
  const target = writer.int32(count);
  for (let row = 0; row < count; row++) {
    const value = values[row];
    if (!isInt32(value)) throw misfit(name, "int32", value, row);
    target[row] = value;
  }
}

function encodeBigInts(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const count = values.length;
  const target = writer.bigInt64(count);
  for (let row = 0; row < count; row++) {
    const value = values[row];
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value)
      throw misfit(name, "bigint (64 bits)", value, row);
    target[row] = value;
  }
}

function encodeDecimals(name: string, values: readonly unknown[], writer: ByteWriter): void {
  let isWide = false;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (typeof value !== "bigint") throw misfit(name, "decimal (a bigint of the smallest unit)", value, row);
    if (BigInt.asIntN(64, value) !== value) isWide = true;
  }
  writer.u8(isWide ? 1 : 0);
  if (isWide) encodeTagged(values, writer);
  else writer.bigInt64(values.length).set(values as readonly bigint[]);
}

function encodeDates(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const target = writer.float64(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (!isDate(value)) throw misfit(name, "date (a Date)", value, row);
    target[row] = value.getTime();
  }
}

function encodeBooleans(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const start = writer.take(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (typeof value !== "boolean") throw misfit(name, "boolean", value, row);
    writer.buffer[start + row] = value ? 1 : 0;
  }
}

/** Set in the length of what was a Buffer: its methods (toString!) are others than a Uint8Array's, so it comes back as one. */
const IS_BUFFER = 0x8000_0000 | 0;

function encodeByteArrays(name: string, values: readonly unknown[], writer: ByteWriter): void {
  for (let row = 0; row < values.length; row++) {
    if (!isBytes(values[row])) throw misfit(name, "bytes (Uint8Array)", values[row], row);
  }
  const lengths = writer.int32(values.length);
  for (let row = 0; row < values.length; row++) {
    const bytes = values[row] as Uint8Array;
    lengths[row] = Buffer.isBuffer(bytes) ? bytes.length | IS_BUFFER : bytes.length;
  }
  for (const value of values as readonly Uint8Array[]) writer.bytes(value);
}

function decodeByteArrays(count: number, reader: ByteReader): Uint8Array[] {
  const lengths = reader.int32(count);
  return Array.from(lengths, (length) => {
    const bytes = reader.bytes(length & ~IS_BUFFER);
    return length < 0 ? Buffer.from(bytes) : new Uint8Array(bytes);
  });
}
