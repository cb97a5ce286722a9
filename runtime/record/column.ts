/**
 * Owns: the encoding of one column of values, by kind.
 * Not here: which columns a type has (batch-codec.ts).
 *
 * Grammar (little-endian; `[x]8` = starts on an 8-byte boundary of the block):
 *   column  = nulls? body                       nulls only in nullable columns of kinds other than any
 *   nulls   = u8 hasNulls, bit[ceil(count/8)] if hasNulls          bit set = null; the body holds a neutral value there
 *   string  = u8 encoding (0 latin1, 1 utf8, 2 utf16), u8 width (1|2|4), u32 blobBytes, [lengths]8 in characters, blob
 *   numbers = [f64]8 (int64, float64, timestamp) | [i32]8 | [i64]8 (bigint) ; boolean = u8 each
 *   bytes   = [u32 lengths]8, blob
 *   any     = u8 form (0 strings: string column, 1 numbers: f64, 2 msgpack: u32 length, blob of one array)
 *
 * C1 Decoding what was encoded gives equal values, bit by bit for numbers. Lone surrogates in strings are kept in declared
 *    columns and where all values of an undeclared one are strings; deeper inside undeclared values msgpack, which is UTF-8,
 *    replaces them, and writes -0 as 0.
 * C2 A value that does not fit its declared type is VALUE_NOT_SERIALIZABLE, naming column and value; nothing is converted silently.
 */
import { Packr } from "msgpackr";
import { StreamError } from "../base/index.ts";
import type { ByteReader, ByteWriter } from "./byte-buffer.ts";
import { ownString, SLICED_LENGTH_MIN } from "./own-string.ts";
import type { TypeKind, ValueType } from "./value-type.ts";

/** Decoded values of a column: read only, indexable from 0. */
export type ColumnValues = ArrayLike<unknown>;

// Self-contained blobs: a record's structure is written with its first use in each blob, which keeps Map apart from plain objects
// and makes arrays of like objects small. `moreTypes` keeps Set, RegExp and errors what they are.
const packr = new Packr({ useRecords: true, moreTypes: true, mapsAsObjects: false, bundleStrings: false });
// The library would write a function as undefined, silently; a record that loses a part is worse than an error.
Object.assign(packr, {
  writeFunction: (value: unknown) => {
    throw new TypeError(`a function (${String(value).slice(0, 40)})`);
  },
});

export function encodeColumn(
  type: ValueType<unknown>,
  name: string,
  values: readonly unknown[],
  writer: ByteWriter,
): void {
  if (type.kind === "any" || type.kind === "record") {
    encodeAny(name, values, writer);
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
  }
}

export function decodeColumn(kind: TypeKind, nullable: boolean, count: number, reader: ByteReader): ColumnValues {
  if (kind === "any" || kind === "record") return decodeAny(count, reader);
  const nulls = nullable && reader.u8() === 1 ? reader.bytes((count + 7) >> 3) : null;
  const values = decodePresent(kind, count, reader);
  if (nulls === null) return values;
  const withNulls: unknown[] = new Array(count);
  for (let row = 0; row < count; row++) {
    withNulls[row] = ((nulls[row >> 3] as number) >> (row & 7)) & 1 ? null : values[row];
  }
  return withNulls;
}

function decodePresent(kind: Exclude<TypeKind, "any" | "record">, count: number, reader: ByteReader): ColumnValues {
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
} as const;

function encodeNulls(kind: keyof typeof NEUTRAL, values: readonly unknown[], writer: ByteWriter): readonly unknown[] {
  let hasNulls = false;
  for (const value of values) {
    if (value === null || value === undefined) {
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
    if (value === null || value === undefined) {
      const at = start + (row >> 3);
      writer.buffer[at] = (writer.buffer[at] as number) | (1 << (row & 7));
      present[row] = NEUTRAL[kind];
    } else {
      present[row] = value;
    }
  }
  return present;
}

const BLOB_ENCODINGS = ["latin1", "utf8", "utf16le"] as const;

// One rope flattened by one native call measured faster than join() and than copying characters one by one.
function encodeStrings(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const count = values.length;
  let text = "";
  let longest = 0;
  for (let row = 0; row < count; row++) {
    const value = values[row];
    if (typeof value !== "string") throw misfit(name, "string", value, row);
    if (value.length > longest) longest = value.length;
    text += value;
  }
  const utf8Bytes = Buffer.byteLength(text, "utf8");
  const encoding = utf8Bytes === text.length ? 0 : text.isWellFormed() ? 1 : 2;
  const blobBytes = encoding === 2 ? text.length * 2 : utf8Bytes;
  const width = longest < 0x100 ? 1 : longest < 0x1_0000 ? 2 : 4;
  writer.u8(encoding);
  writer.u8(width);
  writer.u32(blobBytes);
  writeLengths(values as readonly string[], width, writer);
  const start = writer.take(blobBytes);
  writer.buffer.write(text, start, blobBytes, BLOB_ENCODINGS[encoding]);
}

function writeLengths(values: readonly { readonly length: number }[], width: number, writer: ByteWriter): void {
  const count = values.length;
  if (width === 1) {
    const start = writer.take(count);
    const buffer = writer.buffer;
    for (let row = 0; row < count; row++) buffer[start + row] = (values[row] as { length: number }).length;
  } else if (width === 2) {
    const lengths = writer.uint16(count);
    for (let row = 0; row < count; row++) lengths[row] = (values[row] as { length: number }).length;
  } else {
    const lengths = writer.int32(count);
    for (let row = 0; row < count; row++) lengths[row] = (values[row] as { length: number }).length;
  }
}

function readLengths(width: number, count: number, reader: ByteReader): ArrayLike<number> {
  if (width === 1) return reader.bytes(count);
  if (width === 2) return reader.uint16(count);
  return reader.int32(count);
}

function decodeStrings(count: number, reader: ByteReader): string[] {
  const encoding = reader.u8();
  const width = reader.u8();
  const blobBytes = reader.u32();
  const lengths = readLengths(width, count, reader);
  const start = reader.take(blobBytes);
  const end = start + blobBytes;
  const text = reader.buffer.toString(BLOB_ENCODINGS[encoding] ?? "latin1", start, end);
  const strings: string[] = new Array(count);
  let from = 0;
  for (let row = 0; row < count; row++) {
    const to = from + (lengths[row] as number);
    // A view would keep the text of the whole batch alive for as long as its record lives, in state perhaps forever.
    if (to - from < SLICED_LENGTH_MIN) strings[row] = text.substring(from, to);
    else if (encoding === 0) strings[row] = reader.buffer.toString("latin1", start + from, start + to);
    else strings[row] = ownString(text.substring(from, to));
    from = to;
  }
  return strings;
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
    if (typeof value !== "number" || (value | 0) !== value) throw misfit(name, "int32", value, row);
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

function encodeBooleans(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const start = writer.take(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (typeof value !== "boolean") throw misfit(name, "boolean", value, row);
    writer.buffer[start + row] = value ? 1 : 0;
  }
}

function encodeByteArrays(name: string, values: readonly unknown[], writer: ByteWriter): void {
  for (let row = 0; row < values.length; row++) {
    if (!(values[row] instanceof Uint8Array)) throw misfit(name, "bytes (Uint8Array)", values[row], row);
  }
  writeLengths(values as readonly Uint8Array[], 4, writer);
  for (const value of values as readonly Uint8Array[]) writer.bytes(value);
}

function decodeByteArrays(count: number, reader: ByteReader): Uint8Array[] {
  const lengths = readLengths(4, count, reader);
  return Array.from(lengths, (length) => new Uint8Array(reader.bytes(length)));
}

function encodeAny(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const form = uniformForm(values);
  writer.u8(form);
  if (form === 0) encodeStrings(name, values, writer);
  else if (form === 1) encodeFloats(name, values, writer);
  else {
    const packed = packValues(name, values);
    writer.u32(packed.length);
    writer.bytes(packed);
  }
}

function packValues(name: string, values: readonly unknown[]): Uint8Array {
  try {
    return packr.pack(values);
  } catch (cause) {
    const row = values.findIndex((value) => !isPackable(value));
    throw new StreamError(
      "VALUE_NOT_SERIALIZABLE",
      `${where(name)} cannot be encoded (${cause instanceof Error ? cause.message : String(cause)})${row < 0 ? "" : `: ${preview(values[row])}`}; keep functions, symbols and class instances with them out of records and state, or declare a type`,
      { cause, destiny: "terminal" },
    );
  }
}

function isPackable(value: unknown): boolean {
  try {
    packr.pack(value);
    return true;
  } catch {
    // The caller reports the failure of the whole batch; here only the culprit is looked for.
    return false;
  }
}

function uniformForm(values: readonly unknown[]): 0 | 1 | 2 {
  const first = typeof values[0];
  if (first !== "string" && first !== "number") return 2;
  for (const value of values) if (typeof value !== first) return 2;
  return first === "string" ? 0 : 1;
}

function decodeAny(count: number, reader: ByteReader): ColumnValues {
  const form = reader.u8();
  if (form === 0) return decodeStrings(count, reader);
  if (form === 1) return reader.float64(count);
  const values: unknown = packr.unpack(reader.bytes(reader.u32()));
  if (!Array.isArray(values) || values.length !== count) {
    throw new StreamError(
      "PROTOCOL_VIOLATION",
      `a column of ${count} values holds something else; it was changed on its way`,
    );
  }
  return values;
}

function where(name: string): string {
  return name === "" ? "a value" : `a value of field "${name}"`;
}

function misfit(name: string, expected: string, value: unknown, row: number): StreamError {
  return new StreamError(
    "VALUE_NOT_SERIALIZABLE",
    `${where(name)} is ${preview(value)}, but its declared type is ${expected} (record ${row} of its batch); change the value, or the type (t.nullable(…) allows null)`,
    { destiny: "terminal" },
  );
}

function preview(value: unknown): string {
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return `an object (${value.constructor?.name ?? "no class"})`;
  return `${String(value)} (${typeof value})`;
}
