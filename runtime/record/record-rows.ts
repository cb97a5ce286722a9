/**
 * Owns: what the columns of a declared record do not show: whether its rows are plain objects with exactly the declared fields,
 *       which of them have no prototype, and the order of their fields where it is another one.
 * Called by: batch-codec.ts, for every batch of records (hot path: one pass over each row, which checks it and takes its values).
 *
 * Grammar: oddities = u8 orders, (u8 fields, u8 field[fields])*, u8 oddity[count] ; bit 7 of an oddity: no prototype, the others: 0 = declared order,
 *   n = the n-th order
 *
 * RR1 A row comes back with the prototype and the order of fields that it had: a sink that writes JSON writes the same at every
 *     parallelism. Batches whose rows have both as declared, which is the usual case, carry nothing for it.
 */
import { StreamError } from "../../base/index.ts";
import type { ByteReader, ByteWriter } from "./byte-buffer.ts";
import { ABSENT } from "./column.ts";
import { refuseMisfit } from "./misfit.ts";
import { preview } from "./plain-value.ts";
import { findMisfit, findNameMisfit } from "./type-check.ts";
import { describeType, type Field, type ValueType } from "./value-type.ts";

type AnyRow = Record<string, unknown>;

const NO_PROTOTYPE = 0x80;
const ORDERS_MAX = 0x7f;

/** `orders`: each a list of places in the declared fields. */
export type RowOddities = { readonly orders: readonly (readonly number[])[]; readonly ofRow: Uint8Array };

/**
 * Checks all rows and fills `columns`, one for each field; null when they are as declared. An optional field that a row lacks is ABSENT
 * there. Throws VALUE_NOT_SERIALIZABLE for one that is not a record of these fields.
 */
export function takeColumns(
  type: ValueType<unknown>,
  rows: readonly unknown[],
  columns: readonly unknown[][],
): RowOddities | null {
  const fields = type.fields as readonly Field[];
  const names = fields.map((field) => field.name);
  const isSparse = fields.some(({ optional }) => optional === true);
  for (let row = 0; row < rows.length; row++) {
    const isTaken = isSparse ? takeSparse(rows[row], row, fields, columns) : takeRow(rows[row], row, names, columns);
    if (!isTaken) return takeOdd(type, rows, row, columns);
  }
  return null;
}

/**
 * Fills the row's fields in; false when it is not as declared. One pass checks the names and reads the values: what `for … in` has found V8
 * reads by its place, which costs less than a look-up by name.
 */
function takeRow(row: unknown, index: number, names: readonly string[], columns: readonly unknown[][]): boolean {
  if (typeof row !== "object" || row === null || !isLiteral(row)) return false;
  let place = 0;
  for (const name in row) {
    if (name !== names[place]) return false;
    (columns[place] as unknown[])[index] = (row as AnyRow)[name];
    place += 1;
  }
  return place === names.length;
}

/** The same where fields are optional. */
function takeSparse(row: unknown, index: number, fields: readonly Field[], columns: readonly unknown[][]): boolean {
  if (typeof row !== "object" || row === null || !isLiteral(row)) return false;
  let place = 0;
  const skip = (): boolean => {
    if ((fields[place] as Field).optional !== true) return false;
    (columns[place] as unknown[])[index] = ABSENT;
    place += 1;
    return true;
  };
  for (const name in row) {
    while (place < fields.length && name !== (fields[place] as Field).name) if (!skip()) return false;
    if (place === fields.length) return false;
    (columns[place] as unknown[])[index] = (row as AnyRow)[name];
    place += 1;
  }
  while (place < fields.length) if (!skip()) return false;
  return true;
}

/**
 * Whether the prototype is Object's. Its constructor is looked at only because V8 knows the row's shape then, and with it the prototype:
 * asked for alone it costs a call, five times as much. (No field of a record may be called `constructor`.)
 */
export function isLiteral(row: object): boolean {
  return row.constructor === Object && Object.getPrototypeOf(row) === Object.prototype;
}

/** The same from row `first` on, which is not as declared. */
function takeOdd(
  type: ValueType<unknown>,
  rows: readonly unknown[],
  first: number,
  columns: readonly unknown[][],
): RowOddities {
  const fields = type.fields as readonly Field[];
  const names = fields.map((field) => field.name);
  const orders: number[][] = [];
  const numbers = new Map<string, number>();
  const ofRow = new Uint8Array(rows.length);
  for (let row = first; row < rows.length; row++) {
    const value = rows[row];
    if (takeSparse(value, row, fields, columns)) continue;
    const order = orderOf(type, fields, value, row);
    for (const column of columns) column[row] = ABSENT;
    for (const place of order) (columns[place] as unknown[])[row] = (value as AnyRow)[names[place] as string];
    const text = order.join();
    let number = isRising(order) ? 0 : numbers.get(text);
    if (number === undefined) {
      number = orders.push(order);
      if (number > ORDERS_MAX) throw tooManyOrders(type);
      numbers.set(text, number);
    }
    ofRow[row] = number | (Object.getPrototypeOf(value) === null ? NO_PROTOTYPE : 0);
  }
  return { orders, ofRow };
}

/** As declared, though some optional fields may not be there. */
function isRising(order: readonly number[]): boolean {
  return order.every((place, index) => index === 0 || place > (order[index - 1] as number));
}

function orderOf(type: ValueType<unknown>, fields: readonly Field[], row: unknown, index: number): number[] {
  const expected = describeType(type);
  if (typeof row !== "object" || row === null)
    throw refuseMisfit("", { path: "", found: preview(row), expected }, index);
  const prototype: unknown = Object.getPrototypeOf(row);
  if (prototype !== Object.prototype && prototype !== null)
    throw refuseMisfit("", { path: "", found: preview(row), expected }, index);
  const names = Object.keys(row);
  const different = findNameMisfit(fields, names) ?? findMisfit(type, row);
  if (different !== null) throw refuseMisfit("", different, index);
  return names.map((name) => fields.findIndex((field) => field.name === name));
}

export function writeOddities({ orders, ofRow }: RowOddities, writer: ByteWriter): void {
  writer.u8(orders.length);
  for (const order of orders) {
    writer.u8(order.length);
    for (const place of order) writer.u8(place);
  }
  writer.bytes(ofRow);
}

export function readOddities(count: number, reader: ByteReader): RowOddities {
  const orders: number[][] = [];
  for (let left = reader.u8(); left > 0; left--) orders.push(Array.from({ length: reader.u8() }, () => reader.u8()));
  return { orders, ofRow: new Uint8Array(reader.bytes(count)) };
}

/** Rows as they were, from rows in declared order. */
export function restoreOddities(
  names: readonly string[],
  rows: readonly Record<string, unknown>[],
  { orders, ofRow }: RowOddities,
): Record<string, unknown>[] {
  return rows.map((row, index) => {
    const oddity = ofRow[index] as number;
    if (oddity === 0) return row;
    const target = (oddity & NO_PROTOTYPE ? Object.create(null) : {}) as Record<string, unknown>;
    const order = orders[(oddity & ORDERS_MAX) - 1];
    for (const name of order === undefined ? names : order.map((place) => names[place] as string))
      if (Object.hasOwn(row, name)) target[name] = row[name];
    return target;
  });
}

function tooManyOrders(type: ValueType<unknown>): StreamError {
  return new StreamError(
    "VALUE_NOT_SERIALIZABLE",
    `the records of one batch of type ${describeType(type)} have their fields in more than ${ORDERS_MAX} different orders; build them in one place, with the fields in declared order`,
    { destiny: "terminal" },
  );
}
