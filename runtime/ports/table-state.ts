/**
 * Owns: the port of column tables, the keyed state of operators that take batches of columns.
 * Not here: the tables (runtime/state/table).
 *
 * CTP1 A value is changed only at slots that `slotsOf`, `find` or `makeReady` had since the operator was called: it has made their pages ready for that. At any time
 *     values may be read.
 * CTP2 A new key's values are 0, false and an empty text, and null where the type is nullable. A text that is null is empty (CLM1).
 */
import type { Column, TextColumn, ValueType } from "../record/index.ts";

export type SlicedTableDescriptor = {
  /** Unique in its operator; names the table in checkpoints. */
  readonly name: string;
  /** A record: the columns that tell keys apart. */
  readonly key: ValueType<unknown>;
  /** A record of numbers, booleans and texts. */
  readonly value: ValueType<unknown>;
};

/** Some records of a batch. */
export type KeyedRecords = {
  /** As the fields of the table's key. */
  readonly keys: readonly Column[];
  /** The hashes of their keys, by place in the batch. Of one key it is always the same, and it says which key group has it. */
  readonly hashes: Int32Array;
  /** The places of the first `count` records in the columns. */
  readonly rows: Int32Array;
  readonly count: number;
};

/** The texts of a page. */
export interface TextValues {
  readonly length: number;
  /** Valid until the next change. Its `nulls` say nothing: those of the table do. */
  column(): TextColumn;
  /** A text of another column, in the place of the one that is there. */
  put(from: TextColumn, row: number, place: number): void;
  /** An empty text. */
  clear(place: number): void;
}

/** Of 2^TABLE_PAGE_BITS slots the values of one field, by the lower bits of the slot. */
export type PageValues = Float64Array | BigInt64Array | Int32Array | Uint8Array | TextValues;

export interface ColumnTable {
  /** Slots in use: those below. */
  readonly size: number;
  /** By field of the value, then by page: the slot's upper bits. */
  readonly values: readonly (readonly PageValues[])[];
  /** The same: a bitmap of each page, bit set = null; null where the type is not nullable. */
  readonly nulls: readonly (readonly Uint8Array[] | null)[];
  /** Fills `slots`, by number of the record, with the slots of the records' keys; makes those that are new. Errors: PROTOCOL_VIOLATION. */
  slotsOf(records: KeyedRecords, slots: Int32Array): void;
  /** The same without making any: -1 where the key is not there. */
  find(records: KeyedRecords, slots: Int32Array): void;
  /** Values at these slots may be changed from now on, as at those that `find` has given. */
  makeReady(slots: Int32Array, count: number): void;
  /** The keys of a page's slots, as the fields of the key. Valid until the next new key. */
  keysOf(page: number): readonly Column[];
  /** Their hashes. */
  hashesOf(page: number): Int32Array;
}

/** A table for each slice of time, or of whatever numbers them. */
export interface SlicedTable {
  /** Those that are there, the lowest first. */
  slices(): readonly number[];
  /** Makes it when it is not there. */
  table(slice: number): ColumnTable;
  /** Null: it is not there. */
  find(slice: number): ColumnTable | null;
  /** With all that is in it. */
  drop(slice: number): void;
}
