/**
 * Owns: the port of row tables, the keyed state of operators that keep whole rows in columns, several of each key: the sides of joins.
 * Not here: tables with one slot for each key (table-state.ts), the tables themselves (runtime/state/table).
 *
 * RTP1 A row keeps its slot until `tidy` is called: what was removed can still be read until then. Between two calls of `tidy` no slot is used twice.
 * RTP2 Rows of one key are chained in the order in which they came; after a restore in any order.
 * RTP3 A row table is described as a map of its key's fields to its rows, with the mark as one more field that is never null: so one that is to have marks does not fit
 *     what was written without. Whether a key may be null does not change what it is.
 */
import { type AnyStore, type Column, describeType, type Field, t, type ValueType } from "../record/index.ts";
import type { KeyedRecords } from "./table-state.ts";

export type RowTableDescriptor = {
  /** Unique in its operator; names the table in checkpoints. */
  readonly name: string;
  /** A record. */
  readonly row: ValueType<unknown>;
  /** Names of the fields by which rows are found. */
  readonly key: readonly string[];
  /** Of rows that are to be found again (`findSame`) the fields that tell them apart; null: none ever is. */
  readonly identity: readonly string[] | null;
  /** Whether each row has a whole number beside it that may change. */
  readonly hasMarks: boolean;
};

type TypedRows = Pick<RowTableDescriptor, "row" | "key" | "hasMarks">;

/** The mark of a row as a field. No column of a query is called so. */
export const rowMark: Field = { name: "$mark", type: t.int32 as ValueType<unknown> };

/** RTP3 */
export function rowTableTypes({
  row,
  key,
  hasMarks,
}: TypedRows): Readonly<Record<"key" | "value", ValueType<unknown>>> {
  const fields = row.fields ?? [];
  const keys = key.map((name): Field => {
    const type = fields.find((field) => field.name === name)?.type ?? t.any;
    return { name, type: { ...type, nullable: false } };
  });
  return { key: { ...row, fields: keys }, value: { ...row, fields: hasMarks ? [...fields, rowMark] : fields } };
}

/** As an operator declares it. */
export function declarationOfRows(descriptor: TypedRows & Pick<RowTableDescriptor, "name">): {
  readonly name: string;
  readonly kind: string;
  readonly type: string;
} {
  const { key, value } = rowTableTypes(descriptor);
  return { name: descriptor.name, kind: "row-table", type: `map<${describeType(key)}, ${describeType(value)}>` };
}

/** Where the chain of a key ends, and what is found where there is none. */
export const NO_SLOT = -1;

export interface RowTable {
  /** Rows that are there. */
  readonly size: number;
  /** By slot: the next row of the same key, or NO_SLOT. Another array after `add`. */
  readonly next: Int32Array;
  /** Fills `first`, by number of the record, with the first row of its key, or NO_SLOT. */
  find(records: KeyedRecords, first: Int32Array): void;
  /**
   * Takes records in; `columns`: as the fields of the row. `marks`: by number of the record; null: they are 0. Fills `slots`, by number of the record, where it is given.
   * Errors: PROTOCOL_VIOLATION.
   */
  add(records: RowRecords, marks: Int32Array | null, slots?: Int32Array | null): void;
  /** The slot of a row that is the same as this record by the fields of the table's identity, or NO_SLOT. */
  findSame(records: RowRecords, at: number): number;
  remove(slot: number): void;
  markOf(slot: number): number;
  setMark(slot: number, mark: number): void;
  /** The column of a field of the row in the page of a slot: the value is at the slot's lower TABLE_PAGE_BITS. Valid until the next `add`. */
  columnOf(field: number, slot: number): Column;
  /** Copies the values of a field of the rows `slots[from]` up to `slots[to - 1]` into a store, from place `at` on. */
  gather(field: number, gathering: SlotGathering, store: AnyStore): void;
  /** Calls `visit` for pages of rows: those at the first `count` places of `rows` are there. */
  forEachPage(visit: (page: RowPageView) => void): void;
  /** Frees what was removed, a little at a time (RTP1). */
  tidy(): void;
}

export type SlotGathering = {
  readonly slots: Int32Array;
  readonly from: number;
  readonly to: number;
  readonly at: number;
};

/** Some records of a batch, as rows: `hashes` of their keys by place, `rows` the places of the first `count`. */
export type RowRecords = {
  readonly columns: readonly Column[];
  readonly hashes: Int32Array;
  readonly rows: Int32Array;
  readonly count: number;
};

/** Rows of a page; `firstSlot` is that of place 0. */
export type RowPageView = RowRecords & { readonly firstSlot: number };

/** A row table for each slice of time, or of whatever numbers them. */
export interface SlicedRows {
  /** Those that are there, the lowest first. */
  slices(): readonly number[];
  /** Makes it when it is not there. */
  table(slice: number): RowTable;
  /** Null: it is not there. */
  find(slice: number): RowTable | null;
  /** With all that is in it. */
  drop(slice: number): void;
}
