/**
 * Owns: whole rows of SQL in the slots of a column table: which columns are its key, which its values, and how rows get in and out.
 * Called by: table-latest.ts, table-rank.ts.
 *
 * SQRW1 A key's columns are read from its table, or from a record with the same key. Floating-point columns are values as well: 0 and -0 are one key, and come back as they came.
 * SQRW2 Values stand in the order of the columns' names: a query that is changed may have them at other places, under the same uid (SQPU3).
 */
import type { ColumnTable, PageValues, SlicedTableDescriptor, TextValues } from "../../ports/index.ts";
import {
  type AnyStore,
  type BigintColumn,
  type Column,
  type ColumnBatch,
  type ColumnField,
  isNull,
  layoutOf,
  t,
  TABLE_PAGE_BITS,
  type TextColumn,
  type TextStore,
  type ValueType,
} from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { SLOT_MASK, type Slots } from "./accumulators/column-accumulator.ts";

type Fields = Readonly<Record<string, ValueType<unknown>>>;

/** A column of the row, and its field of the values. */
type Kept = { readonly place: number; readonly field: number };

/** Whether tables hold rows like that. */
export function fitsTable(row: PlanRow): boolean {
  return layoutOf(rowTypeOf(row)).fields.every(({ kind }) => kind !== "objects");
}

export class SlotRows {
  readonly descriptor: SlicedTableDescriptor;
  /** Places of the key's columns in the row. */
  readonly keys: readonly number[];
  readonly #kept: readonly Kept[];

  /** `keys`: places in the row, which fits; `more`: fields of the key and of the value behind the row's. */
  constructor(
    name: string,
    { row, keys }: { readonly row: PlanRow; readonly keys: readonly number[] },
    more: { readonly key?: Fields; readonly value?: Fields } = {},
  ) {
    const { fields } = layoutOf(rowTypeOf(row));
    const isFloat = (place: number): boolean => fields[place]?.type.kind === "float64";
    const nameAt = (place: number): string => row[place]?.name ?? "";
    const kept = row
      .flatMap((_column, place) => (keys.includes(place) && !isFloat(place) ? [] : [place]))
      .toSorted((one, other) => (nameAt(one) < nameAt(other) ? -1 : 1));
    this.keys = keys;
    this.#kept = kept.map((place, field) => ({ place, field }));
    const typeOf = (places: readonly number[], name: string): Fields =>
      Object.fromEntries(places.map((place, at) => [`${name}${at}`, (fields[place] as ColumnField).type]));
    const [keyFields, valueFields] = [
      { ...typeOf(keys, "key"), ...more.key },
      { ...typeOf(kept, "value"), ...more.value },
    ];
    this.descriptor = {
      name,
      key: t.record(Object.keys(keyFields).length === 0 ? { all: t.int32 } : keyFields) as ValueType<unknown>,
      value: t.record(
        Object.keys(valueFields).length === 0 ? { isThere: t.boolean } : valueFields,
      ) as ValueType<unknown>,
    };
  }

  /** The field of the values that a column is; null: it is of the key alone. */
  fieldOf(place: number): number | null {
    return this.#kept.find((kept) => kept.place === place)?.field ?? null;
  }

  /** The batch's records at the places `rows` become the rows of those slots, whose keys they have. */
  write(table: ColumnTable, { slots, count }: Slots, { columns }: ColumnBatch, rows: Int32Array): void {
    for (const { place, field } of this.#kept) {
      const column = columns[place] as Column;
      const nulls = table.nulls[field] ?? null;
      if (nulls !== null) writeNulls(nulls, { slots, count }, column, rows);
      writeValues(table.values[field] as Pages, { slots, count }, column, rows);
    }
  }

  /** The rows of those slots into the stores' places from `at` on, without columns that are of the key alone. */
  read(table: ColumnTable, { slots, count }: Slots, stores: readonly AnyStore[], at: number): void {
    for (const { place, field } of this.#kept) {
      const store = stores[place] as AnyStore;
      const nulls = table.nulls[field] ?? null;
      readValues(table.values[field] as Pages, { slots, count }, store, at);
      if (nulls === null) continue;
      for (let number = 0; number < count; number++)
        if (isNullAt(nulls, slots[number] as number)) store.setNull(at + number);
    }
  }

  /** Columns that are of the key alone: of records with the same keys, into the places from `at` on. */
  gatherKeys({ columns }: ColumnBatch, rows: Int32Array, count: number, stores: readonly AnyStore[], at: number): void {
    for (const place of this.keys)
      if (this.fieldOf(place) === null)
        stores[place]?.gather(columns[place] as Column, { rows, from: 0, to: count, at });
  }

  /** The same from the table. */
  readKeys(table: ColumnTable, { slots, count }: Slots, stores: readonly AnyStore[], at: number): void {
    const rows = new Int32Array(1);
    for (let number = 0; number < count; number++) {
      const slot = slots[number] as number;
      const columns = table.keysOf(slot >> TABLE_PAGE_BITS);
      rows[0] = slot & SLOT_MASK;
      for (const [key, place] of this.keys.entries())
        if (this.fieldOf(place) === null)
          stores[place]?.gather(columns[key] as Column, { rows, from: 0, to: 1, at: at + number });
    }
  }
}

function isNullAt(nulls: readonly Uint8Array[], slot: number): boolean {
  return isNull(nulls[slot >> TABLE_PAGE_BITS] as Uint8Array, slot & SLOT_MASK);
}

function writeNulls(pages: readonly Uint8Array[], { slots, count }: Slots, { nulls }: Column, rows: Int32Array): void {
  for (let at = 0; at < count; at++) {
    const slot = (slots[at] as number) & SLOT_MASK;
    const bits = pages[(slots[at] as number) >> TABLE_PAGE_BITS] as Uint8Array;
    const isNothing = nulls !== null && isNull(nulls, rows[at] as number);
    const bit = 1 << (slot & 7);
    bits[slot >> 3] = isNothing ? (bits[slot >> 3] as number) | bit : (bits[slot >> 3] as number) & ~bit;
  }
}

type Pages = readonly PageValues[];

/** Where there is no value, anything is written; of texts an empty one (CLM1). */
function writeValues(pages: Pages, slots: Slots, column: Column, rows: Int32Array): void {
  switch (column.kind) {
    case "text":
      return writeTexts(pages as readonly TextValues[], slots, column, rows);
    case "bigint":
      return writeBigints(pages as readonly BigInt64Array[], slots, column, rows);
    default:
      return writeNumbers(pages as readonly Float64Array[], slots, column.values as Float64Array, rows);
  }
}

function writeTexts(pages: readonly TextValues[], { slots, count }: Slots, column: TextColumn, rows: Int32Array): void {
  for (let at = 0; at < count; at++) {
    const slot = slots[at] as number;
    (pages[slot >> TABLE_PAGE_BITS] as TextValues).put(column, rows[at] as number, slot & SLOT_MASK);
  }
}

function writeBigints(
  pages: readonly BigInt64Array[],
  { slots, count }: Slots,
  { values }: BigintColumn,
  rows: Int32Array,
): void {
  for (let at = 0; at < count; at++) {
    const slot = slots[at] as number;
    (pages[slot >> TABLE_PAGE_BITS] as BigInt64Array)[slot & SLOT_MASK] = values[rows[at] as number] as bigint;
  }
}

function writeNumbers(
  pages: readonly Float64Array[],
  { slots, count }: Slots,
  values: Float64Array,
  rows: Int32Array,
): void {
  for (let at = 0; at < count; at++) {
    const slot = slots[at] as number;
    (pages[slot >> TABLE_PAGE_BITS] as Float64Array)[slot & SLOT_MASK] = values[rows[at] as number] as number;
  }
}

function readValues(pages: Pages, { slots, count }: Slots, store: AnyStore, at: number): void {
  if (store.field.kind === "text") {
    const texts = store as TextStore;
    for (let number = 0; number < count; number++) {
      const slot = slots[number] as number;
      texts.putCopy((pages[slot >> TABLE_PAGE_BITS] as TextValues).column(), slot & SLOT_MASK, at + number);
    }
  } else if (store.field.kind === "bigint") {
    const { values } = store as unknown as { readonly values: BigInt64Array };
    for (let number = 0; number < count; number++) {
      const slot = slots[number] as number;
      values[at + number] = (pages[slot >> TABLE_PAGE_BITS] as BigInt64Array)[slot & SLOT_MASK] as bigint;
    }
  } else {
    const { values } = store as unknown as { readonly values: Float64Array };
    for (let number = 0; number < count; number++) {
      const slot = slots[number] as number;
      values[at + number] = (pages[slot >> TABLE_PAGE_BITS] as Float64Array)[slot & SLOT_MASK] as number;
    }
  }
}
