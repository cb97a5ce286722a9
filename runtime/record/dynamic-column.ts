/**
 * Owns: the encoding of a column without a declared type: in columns again where the values are alike, tagged values where not.
 * Not here: single values (value-codec.ts), declared columns (column.ts).
 *
 * Grammar: column = u8 form, body
 *   0 strings: string column · 1 numbers: [f64]8 · 3 tagged: value* · 5 whole numbers: [i32]8 · (2 was msgpack)
 *   4 objects: u8 shapes, (u8 names, value{names})*, u8 shape[count] if more than one, then for each shape and name a column
 *   6 lists: [i32 length]8, u32 items, column of all items
 *
 * DYC1 The form is chosen by the values alone, and each form gives equal values back (VX1).
 * DYC2 Looking for getters, hidden properties and symbols in every object would cost as much as encoding it. They come from the
 *     place in the code that makes an object, so here the first of each shape in a batch is looked at; what operators emit
 *     first is looked at whole (taskmanager/value-guard.ts).
 */
import { StreamError } from "../../base/index.ts";
import type { ByteReader, ByteWriter } from "./byte-buffer.ts";
import type { ColumnValues } from "./column.ts";
import { hasExpandos, hasHiddenProperties } from "./plain-value.ts";
import { decodeStrings, encodeStrings } from "./string-column.ts";
import { decodeTagged, encodeTagged, NotPlain, refusal, setOwn } from "./value-codec.ts";

const STRINGS = 0;
const FLOATS = 1;
const TAGGED = 3;
const OBJECTS = 4;
const INTEGERS = 5;
const LISTS = 6;

/** Columns in columns pay from this many values on; below, their headers weigh more. */
const NESTED_MIN = 4;
const SHAPES_MAX = 16;
const NAMES_MAX = 64;
/** Levels of columns in columns; what is deeper is tagged. */
const LEVELS_MAX = 8;

type AnyRow = Record<string, unknown>;
type Shapes = { readonly shapes: readonly (readonly string[])[]; readonly ofRow: Uint8Array };

/** Appends the column; throws VALUE_NOT_SERIALIZABLE naming `name`, the record and the path in it. */
export function encodeUndeclared(name: string, values: readonly unknown[], writer: ByteWriter): void {
  try {
    encodeDynamic(values, writer, 0);
  } catch (error) {
    throw error instanceof NotPlain ? refusal(name, values, error) : error;
  }
}

function encodeDynamic(values: readonly unknown[], writer: ByteWriter, level: number): void {
  const kind = commonKind(values);
  if (kind === "string") {
    writer.u8(STRINGS);
    encodeStrings("", values, writer);
    return;
  }
  if (kind === "number") {
    encodeNumbers(values as readonly number[], writer);
    return;
  }
  if (kind === "object" && level < LEVELS_MAX && values.length >= NESTED_MIN) {
    if (Array.isArray(values[0])) {
      if (values.every(isDenseList)) {
        encodeLists(values as readonly (readonly unknown[])[], writer, level);
        return;
      }
    } else {
      const found = findShapes(values);
      if (found !== null) {
        encodeObjects(values as readonly AnyRow[], found, writer, level);
        return;
      }
    }
  }
  writer.u8(TAGGED);
  encodeTagged(values, writer);
}

export function decodeDynamic(count: number, reader: ByteReader): ColumnValues {
  const form = reader.u8();
  switch (form) {
    case STRINGS:
      return decodeStrings(count, reader);
    case FLOATS:
      return reader.float64(count);
    case INTEGERS:
      return reader.int32(count);
    case TAGGED:
      return decodeTagged(count, reader);
    case OBJECTS:
      return decodeObjects(count, reader);
    case LISTS:
      return decodeLists(count, reader);
    default:
      throw new StreamError(
        "PROTOCOL_VIOLATION",
        `a column of ${count} values has the unknown form ${form}; it was changed on its way or comes from another version`,
      );
  }
}

function commonKind(values: readonly unknown[]): "string" | "number" | "object" | "other" {
  const kind = typeof values[0];
  if (kind !== "string" && kind !== "number" && kind !== "object") return "other";
  for (let row = 1; row < values.length; row++) if (typeof values[row] !== kind) return "other";
  return kind;
}

function encodeNumbers(values: readonly number[], writer: ByteWriter): void {
  const count = values.length;
  let row = 0;
  // -0 is no int32.
  for (; row < count; row++) {
    const value = values[row] as number;
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) break;
  }
  writer.u8(row === count ? INTEGERS : FLOATS);
  const target = row === count ? writer.int32(count) : writer.float64(count);
  for (row = 0; row < count; row++) target[row] = values[row] as number;
}

function isDenseList(value: unknown, index: number): boolean {
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) return false;
  // The result of `match` is the one array that often has properties (DYC2).
  if (index === 0 ? hasExpandos(value) : Object.hasOwn(value, "index")) return false;
  for (let at = 0; at < value.length; at++) if (value[at] === undefined && !(at in value)) return false;
  return true;
}

function encodeLists(lists: readonly (readonly unknown[])[], writer: ByteWriter, level: number): void {
  writer.u8(LISTS);
  const lengths = writer.int32(lists.length);
  const items: unknown[] = [];
  for (let row = 0; row < lists.length; row++) {
    const list = lists[row] as readonly unknown[];
    lengths[row] = list.length;
    for (let at = 0; at < list.length; at++) items.push(list[at]);
  }
  writer.u32(items.length);
  encodeDynamic(items, writer, level + 1);
}

function decodeLists(count: number, reader: ByteReader): unknown[][] {
  const lengths = reader.int32(count);
  const items = decodeDynamic(reader.u32(), reader);
  const lists: unknown[][] = new Array(count);
  let from = 0;
  for (let row = 0; row < count; row++) {
    const list: unknown[] = [];
    for (const end = from + (lengths[row] as number); from < end; from++) list.push(items[from]);
    lists[row] = list;
  }
  return lists;
}

function encodeObjects(rows: readonly AnyRow[], { shapes, ofRow }: Shapes, writer: ByteWriter, level: number): void {
  writer.u8(OBJECTS);
  writer.u8(shapes.length);
  for (const names of shapes) {
    writer.u8(names.length);
    encodeTagged(names, writer);
  }
  if (shapes.length > 1) writer.bytes(ofRow);
  for (const [index, names] of shapes.entries()) {
    const group = shapes.length === 1 ? rows : rows.filter((_row, row) => ofRow[row] === index);
    for (const each of names) {
      const column: unknown[] = new Array(group.length);
      for (let row = 0; row < group.length; row++) column[row] = (group[row] as AnyRow)[each];
      encodeDynamic(column, writer, level + 1);
    }
  }
}

function decodeObjects(count: number, reader: ByteReader): AnyRow[] {
  const shapes: string[][] = [];
  for (let left = reader.u8(); left > 0; left--) shapes.push(decodeTagged(reader.u8(), reader) as string[]);
  const ofRow = shapes.length > 1 ? new Uint8Array(reader.bytes(count)) : null;
  const rows: AnyRow[] = new Array(count);
  for (let row = 0; row < count; row++) rows[row] = {};
  for (const [index, names] of shapes.entries()) {
    const group = ofRow === null ? rows : rows.filter((_row, row) => ofRow[row] === index);
    for (const name of names) fillColumn(group, name, decodeDynamic(group.length, reader));
  }
  return rows;
}

function fillColumn(rows: readonly AnyRow[], name: string, column: ColumnValues): void {
  if (name === "__proto__") {
    for (let row = 0; row < rows.length; row++) setOwn(rows[row] as AnyRow, name, column[row]);
    return;
  }
  for (let row = 0; row < rows.length; row++) (rows[row] as AnyRow)[name] = column[row];
}

/** The shapes of plain objects (names in order), and which of them each value has; null when one is none, or there are too many. */
function findShapes(values: readonly unknown[]): Shapes | null {
  const shapes: (readonly string[])[] = [];
  const ofRow = new Uint8Array(values.length);
  let last = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return null;
    if (last >= shapes.length || !hasNames(value, shapes[last] as readonly string[])) {
      last = shapes.findIndex((names) => hasNames(value, names));
      if (last < 0) {
        const names = Object.keys(value);
        const isUnfit = names.length === 0 || names.length > NAMES_MAX || shapes.length === SHAPES_MAX;
        if (isUnfit || hasHiddenProperties(value, names)) return null;
        last = shapes.push(names) - 1;
      }
    }
    ofRow[row] = last;
  }
  return { shapes, ofRow };
}

function hasNames(value: object, names: readonly string[]): boolean {
  let place = 0;
  for (const name in value) if (name !== names[place++]) return false;
  return place === names.length;
}
