/**
 * Owns: the bytes of values without a declared type, one after the other, each with a tag.
 * Not here: columns of like values, which are smaller and faster (dynamic-column.ts); what is plain (plain-value.ts).
 *
 * Grammar: value = u8 tag, body
 *   0 null · 1 undefined · 2 true · 3 false · 4 hole of an array · 5 i32 · 6 f64 · 7 bigint: i64 · 8 bigint: size, hex digits as latin1
 *   9 string: size, latin1 · 10 string: size in characters, utf16
 *   11 array: size, value* · 12 object: shape, value* · 13 object without prototype: shape, value*
 *   14 Map: size, (value value)* · 15 Set: size, value* · 16 Date: f64 · 17 RegExp: string, string (source, flags)
 *   18 Buffer: size, bytes · 19 typed array: u8 (place in TYPED_ARRAYS), size in bytes, bytes · 20 ArrayBuffer: size, bytes
 *   shape = size: 0 = a new one: size of names, string* ; n = the n-th new one of this block
 *   size = u8 below 255, else 255 and u32 ; numbers are not aligned
 *
 * VX1 A plain value comes back equal: same prototype, same bits of numbers, same UTF-16 units of strings, holes as holes, an own
 *     property `__proto__` as one. Everything else is refused (PLV2); what contains itself is refused too.
 * VX2 Nothing that is decoded refers to the memory it was read from.
 */
import { StreamError } from "../../base/index.ts";
import type { ByteReader, ByteWriter } from "./byte-buffer.ts";
import {
  ARRAY_LENGTH_MAX,
  DateValue,
  DEPTH_MAX,
  findImpurity,
  formOfObject,
  hasExpandos,
  hasHiddenProperties,
  notPlain,
  TYPED_ARRAYS,
} from "./plain-value.ts";

const NULL = 0;
const UNDEFINED = 1;
const TRUE = 2;
const FALSE = 3;
const HOLE = 4;
const INT32 = 5;
const FLOAT64 = 6;
const BIGINT64 = 7;
const BIGINT = 8;
const LATIN1 = 9;
const UTF16 = 10;
const ARRAY = 11;
const OBJECT = 12;
const BARE_OBJECT = 13;
const MAP = 14;
const SET = 15;
const DATE = 16;
const REGEXP = 17;
const BUFFER = 18;
const TYPED_ARRAY = 19;
const ARRAY_BUFFER = 20;

/** Strings up to this length are looked at and written in one loop. */
const SHORT_STRING_MAX = 48;
const BEYOND_LATIN1 = /[\u0100-\uffff]/;
/** Of this many arrays of a block all names are looked at (DYC2). */
const ARRAYS_LOOKED_AT = 4;
/** The shapes that are compared with an object's before a new one is written. */
const RECENT_SHAPES = 8;

type Encoding = { readonly writer: ByteWriter; readonly shapes: (readonly string[])[]; arrays: number };
type Decoding = { readonly reader: ByteReader; readonly shapes: (readonly string[])[] };

/** Leaves the recursion; who began it looks for the value and its path then (`refusal`). */
export class NotPlain extends Error {}

/** Appends all values; throws NotPlain. */
export function encodeTagged(values: readonly unknown[], writer: ByteWriter): void {
  const encoding: Encoding = { writer, shapes: [], arrays: 0 };
  for (let row = 0; row < values.length; row++) encodeValue(values[row], encoding, 0);
}

export function decodeTagged(count: number, reader: ByteReader): unknown[] {
  const decoding: Decoding = { reader, shapes: [] };
  const values: unknown[] = new Array(count);
  for (let row = 0; row < count; row++) values[row] = decodeValue(decoding);
  return values;
}

/** Why the values of a column without a declared type were refused: the first that is not plain, and where in it. */
export function refusal(name: string, values: readonly unknown[], cause: NotPlain): StreamError {
  for (const [row, value] of values.entries()) {
    const found = findImpurity(value);
    if (found !== null)
      return notPlain(
        `${name === "" ? "a value" : `a value of field "${name}"`} (record ${row} of its batch)`,
        found,
        cause,
      );
  }
  return notPlain("a value", { path: "", what: cause.message }, cause);
}

function encodeValue(value: unknown, encoding: Encoding, depth: number): void {
  const { writer } = encoding;
  switch (typeof value) {
    case "string":
      encodeString(value, writer);
      return;
    case "number":
      encodeNumber(value, writer);
      return;
    case "boolean":
      writer.u8(value ? TRUE : FALSE);
      return;
    case "undefined":
      writer.u8(UNDEFINED);
      return;
    case "bigint":
      encodeBigInt(value, writer);
      return;
    case "object":
      if (value === null) writer.u8(NULL);
      else encodeObject(value, encoding, depth);
      return;
    default:
      throw new NotPlain(typeof value);
  }
}

function encodeObject(value: object, encoding: Encoding, depth: number): void {
  if (depth > DEPTH_MAX) throw new NotPlain("too deep");
  const { writer } = encoding;
  switch (formOfObject(value)) {
    case "object":
      writer.u8(OBJECT);
      encodeFields(value as Record<string, unknown>, encoding, depth);
      return;
    case "bare":
      writer.u8(BARE_OBJECT);
      encodeFields(value as Record<string, unknown>, encoding, depth);
      return;
    case "array":
      encodeArray(value as readonly unknown[], encoding, depth);
      return;
    case "map":
      encodeMap(value as ReadonlyMap<unknown, unknown>, encoding, depth);
      return;
    case "set":
      encodeSet(value as ReadonlySet<unknown>, encoding, depth);
      return;
    case null:
      throw new NotPlain("a class");
    default:
      encodeBuiltIn(value, writer);
  }
}

function encodeFields(value: Record<string, unknown>, encoding: Encoding, depth: number): void {
  const names = Object.keys(value);
  encodeShape(value, names, encoding);
  for (const name of names) encodeValue(value[name], encoding, depth + 1);
}

function encodeShape(value: object, names: readonly string[], { writer, shapes }: Encoding): void {
  const oldest = Math.max(0, shapes.length - RECENT_SHAPES);
  for (let index = shapes.length - 1; index >= oldest; index--) {
    if (!isSameShape(shapes[index] as readonly string[], names)) continue;
    writeSize(index + 1, writer);
    return;
  }
  if (hasHiddenProperties(value, names)) throw new NotPlain("hidden properties");
  shapes.push(names);
  writeSize(0, writer);
  writeSize(names.length, writer);
  for (const name of names) encodeString(name, writer);
}

function isSameShape(shape: readonly string[], names: readonly string[]): boolean {
  if (shape.length !== names.length) return false;
  for (let index = 0; index < names.length; index++) if (shape[index] !== names[index]) return false;
  return true;
}

function encodeArray(values: readonly unknown[], encoding: Encoding, depth: number): void {
  const isOdd = encoding.arrays++ < ARRAYS_LOOKED_AT ? hasExpandos(values) : Object.hasOwn(values, "index");
  if (values.length > ARRAY_LENGTH_MAX || isOdd) throw new NotPlain("not only elements");
  const { writer } = encoding;
  writer.u8(ARRAY);
  writeSize(values.length, writer);
  for (let index = 0; index < values.length; index++) {
    const item = values[index];
    if (item === undefined && !(index in values)) writer.u8(HOLE);
    else encodeValue(item, encoding, depth + 1);
  }
}

function encodeMap(value: ReadonlyMap<unknown, unknown>, encoding: Encoding, depth: number): void {
  if (Reflect.ownKeys(value).length > 0) throw new NotPlain("properties beside entries");
  encoding.writer.u8(MAP);
  writeSize(value.size, encoding.writer);
  for (const [key, item] of value) {
    encodeValue(key, encoding, depth + 1);
    encodeValue(item, encoding, depth + 1);
  }
}

function encodeSet(value: ReadonlySet<unknown>, encoding: Encoding, depth: number): void {
  if (Reflect.ownKeys(value).length > 0) throw new NotPlain("properties beside items");
  encoding.writer.u8(SET);
  writeSize(value.size, encoding.writer);
  for (const item of value) encodeValue(item, encoding, depth + 1);
}

function encodeBuiltIn(value: object, writer: ByteWriter): void {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const kind = TYPED_ARRAYS.findIndex((type) => Object.getPrototypeOf(value) === type.prototype);
    writer.u8(kind < 0 ? BUFFER : TYPED_ARRAY);
    if (kind >= 0) writer.u8(kind);
    writeSize(bytes.length, writer);
    writer.bytes(bytes);
    return;
  }
  const isBusyExpression = value instanceof RegExp && value.lastIndex !== 0;
  // A RegExp has `lastIndex` of its own, and that only.
  if (isBusyExpression || Reflect.ownKeys(value).length > (value instanceof RegExp ? 1 : 0))
    throw new NotPlain("properties beside the content");
  if (value instanceof DateValue) {
    writer.u8(DATE);
    writeFloat64(value.getTime(), writer);
  } else if (value instanceof RegExp) {
    writer.u8(REGEXP);
    encodeString(value.source, writer);
    encodeString(value.flags, writer);
  } else {
    const bytes = new Uint8Array(value as ArrayBuffer);
    writer.u8(ARRAY_BUFFER);
    writeSize(bytes.length, writer);
    writer.bytes(bytes);
  }
}

function encodeNumber(value: number, writer: ByteWriter): void {
  if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
    writer.u8(INT32);
    const at = writer.take(4);
    writer.buffer.writeInt32LE(value, at);
    return;
  }
  writer.u8(FLOAT64);
  writeFloat64(value, writer);
}

function writeFloat64(value: number, writer: ByteWriter): void {
  const at = writer.take(8);
  writer.buffer.writeDoubleLE(value, at);
}

function encodeBigInt(value: bigint, writer: ByteWriter): void {
  if (BigInt.asIntN(64, value) === value) {
    writer.u8(BIGINT64);
    const at = writer.take(8);
    writer.buffer.writeBigInt64LE(value, at);
    return;
  }
  const digits = value.toString(16);
  writer.u8(BIGINT);
  writeSize(digits.length, writer);
  const at = writer.take(digits.length);
  writer.buffer.write(digits, at, digits.length, "latin1");
}

function encodeString(text: string, writer: ByteWriter): void {
  const { length } = text;
  const start = writer.length;
  if (length <= SHORT_STRING_MAX) {
    const at = writer.take(length + 2) + 2;
    const { buffer } = writer;
    buffer[at - 2] = LATIN1;
    buffer[at - 1] = length;
    let index = 0;
    for (; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0xff) break;
      buffer[at + index] = unit;
    }
    if (index === length) return;
    writer.length = start;
  } else if (!BEYOND_LATIN1.test(text)) {
    writer.u8(LATIN1);
    writeSize(length, writer);
    const at = writer.take(length);
    writer.buffer.write(text, at, length, "latin1");
    return;
  }
  writer.u8(UTF16);
  writeSize(length, writer);
  const at = writer.take(length * 2);
  writer.buffer.write(text, at, length * 2, "utf16le");
}

function writeSize(size: number, writer: ByteWriter): void {
  if (size < 255) {
    writer.u8(size);
    return;
  }
  writer.u8(255);
  writer.u32(size);
}

function readSize(reader: ByteReader): number {
  const size = reader.u8();
  return size < 255 ? size : reader.u32();
}

function decodeValue(decoding: Decoding): unknown {
  const { reader } = decoding;
  const tag = reader.u8();
  switch (tag) {
    case NULL:
      return null;
    case UNDEFINED:
      return undefined;
    case TRUE:
      return true;
    case FALSE:
      return false;
    case INT32:
      return reader.buffer.readInt32LE(reader.take(4));
    case FLOAT64:
      return reader.buffer.readDoubleLE(reader.take(8));
    case LATIN1:
    case UTF16:
      return decodeText(tag, reader);
    case ARRAY:
      return decodeArray(decoding);
    case OBJECT:
      return decodeFields({}, decoding);
    case BARE_OBJECT:
      return decodeFields(Object.create(null) as Record<string, unknown>, decoding);
    default:
      return decodeRare(tag, decoding);
  }
}

function decodeRare(tag: number, decoding: Decoding): unknown {
  const { reader } = decoding;
  switch (tag) {
    case BIGINT64:
      return reader.buffer.readBigInt64LE(reader.take(8));
    case BIGINT: {
      const digits = reader.bytes(readSize(reader)).toString("latin1");
      return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
    }
    case MAP: {
      const map = new Map<unknown, unknown>();
      for (let left = readSize(reader); left > 0; left--) {
        const key = decodeValue(decoding);
        map.set(key, decodeValue(decoding));
      }
      return map;
    }
    case SET: {
      const set = new Set<unknown>();
      for (let left = readSize(reader); left > 0; left--) set.add(decodeValue(decoding));
      return set;
    }
    case DATE:
      return new DateValue(reader.buffer.readDoubleLE(reader.take(8)));
    case REGEXP: {
      const source = decodeText(reader.u8(), reader);
      return new RegExp(source, decodeText(reader.u8(), reader));
    }
    case BUFFER:
      return Buffer.from(reader.bytes(readSize(reader)));
    case TYPED_ARRAY: {
      const type = TYPED_ARRAYS[reader.u8()];
      if (type === undefined) throw damaged("a typed array of an unknown kind");
      return new type(ownBytes(reader));
    }
    case ARRAY_BUFFER:
      return ownBytes(reader);
    default:
      throw damaged(`a value with the unknown tag ${tag}`);
  }
}

function ownBytes(reader: ByteReader): ArrayBuffer {
  const bytes = new Uint8Array(reader.bytes(readSize(reader)));
  return bytes.buffer;
}

function decodeText(tag: number, reader: ByteReader): string {
  const length = readSize(reader);
  if (tag === LATIN1) {
    const at = reader.take(length);
    if (length <= DECODED_HERE_MAX) return shortText(reader.buffer, at, at + length);
    return reader.buffer.toString("latin1", at, at + length);
  }
  if (tag !== UTF16) throw damaged(`a text with the tag ${tag}`);
  const at = reader.take(length * 2);
  return reader.buffer.toString("utf16le", at, at + length * 2);
}

/** A native call costs more than this many characters. */
const DECODED_HERE_MAX = 12;

function shortText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  let at = from;
  for (; at + 4 <= to; at += 4)
    text += String.fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
    );
  for (; at < to; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

function decodeArray(decoding: Decoding): unknown[] {
  const { reader } = decoding;
  const length = readSize(reader);
  // Not made at full length: a damaged length would ask for as much memory; and arrays that are pushed to have no holes.
  const values: unknown[] = [];
  for (let index = 0; index < length; index++) {
    if (reader.buffer[reader.position] === HOLE) {
      reader.position += 1;
      values.length = index + 1;
    } else values.push(decodeValue(decoding));
  }
  return values;
}

function decodeFields(target: Record<string, unknown>, decoding: Decoding): Record<string, unknown> {
  const { reader, shapes } = decoding;
  const shape = readSize(reader);
  let names = shapes[shape - 1];
  if (shape === 0) {
    const read: string[] = [];
    for (let left = readSize(reader); left > 0; left--) read.push(decodeText(reader.u8(), reader));
    shapes.push(read);
    names = read;
  }
  if (names === undefined) throw damaged(`an object of the unknown shape ${shape}`);
  for (const name of names) setOwn(target, name, decodeValue(decoding));
  return target;
}

/** Assigning `__proto__` would set the prototype instead. */
export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else target[name] = value;
}

function damaged(what: string): StreamError {
  return new StreamError(
    "PROTOCOL_VIOLATION",
    `a block of values has ${what}; it was changed on its way or comes from another version`,
  );
}
