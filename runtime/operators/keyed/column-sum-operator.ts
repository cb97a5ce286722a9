/**
 * Owns: the running sum of one field per key, over batches of columns and a table of sums.
 * Not here: the same record by record (sum-operator.ts), for what has no columns; where sums are kept (sum-state.ts).
 *
 * CSM1 What is emitted is the batch that came, with the sums in the field's column: the other columns are shared.
 * CSM2 A sum that the field's type does not hold is VALUE_NOT_SERIALIZABLE, as a record that does not fit its type is on any edge.
 */
import { assert, StreamError } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, Output, SlicedTable, StreamOperator } from "../../ports/index.ts";
import {
  type Column,
  ColumnBatch,
  type ColumnField,
  type ColumnLayout,
  describeType,
  hasColumns,
  hashKeyColumns,
  isNull,
  keyHash,
  layoutOf,
  refuseChanges,
  TABLE_PAGE_BITS,
  type ValueType,
} from "../../record/index.ts";
import { SUMS_SLICE, sumsTable, takeOverValues } from "./sum-state.ts";

const SLOT_MASK = 2 ** TABLE_PAGE_BITS - 1;

/** Which fields, of records of `type`. */
export type SummedColumns = { readonly type: ValueType<unknown>; readonly key: string; readonly field: string };

/** Where the fields are in the columns of a batch. */
type Places = { readonly key: number; readonly field: number };

/** Null: the records, the key or the sums have no columns. */
export function columnSumOperator<T>({ type, key, field }: SummedColumns): OperatorFactory<T, T> | null {
  if (!hasColumns(type)) return null;
  const { fields } = layoutOf(type);
  const keyField = fields.find(({ name }) => name === key);
  const summed = fields.find(({ name }) => name === field);
  if (keyField === undefined || keyField.kind === "objects" || summed === undefined || !isSummed(summed)) return null;
  const descriptor = sumsTable(keyField.type);
  const declared = {
    name: descriptor.name,
    kind: "sliced-table",
    type: `map<${describeType(descriptor.key)}, ${describeType(descriptor.value)}>`,
  };
  return {
    kind: "operator",
    name: `sum(${field})`,
    declares: [declared],
    create: () => new ColumnSumOperator<T>({ type, key, field }, keyField.type),
  };
}

/** Columns of numbers that are always there. A date is no number to whoever reads rows. */
function isSummed({ kind, type }: ColumnField): boolean {
  return !type.nullable && type.kind !== "date" && (kind === "float64" || kind === "int32");
}

class ColumnSumOperator<T> implements StreamOperator<T, T> {
  readonly emits = "input";
  readonly #summed: SummedColumns;
  readonly #keyType: ValueType<unknown>;
  #tables!: SlicedTable;
  #output!: Output<T>;
  /** Of the last batch. */
  #layout: ColumnLayout | null = null;
  #places: Places = { key: 0, field: 0 };
  #slots = new Int32Array(0);
  #hashes = new Int32Array(0);
  #sums: Float64Array | Int32Array = new Float64Array(0);

  constructor(summed: SummedColumns, keyType: ValueType<unknown>) {
    this.#summed = summed;
    this.#keyType = keyType;
  }

  open({ keyed, uid }: OperatorContext, output: Output<T>): Promise<void> {
    assert(keyed !== null, `sum, uid ${uid}, was opened without keyed state`);
    this.#output = output;
    this.#tables = keyed.slicedTable(sumsTable(this.#keyType));
    return takeOverValues(this.#tables.table(SUMS_SLICE), this.#keyType, { keyed, uid });
  }

  process(): void {
    assert(false, "an operator of columns is given batches");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { count, columns, layout } = batch;
    const left = from === 0 ? batch : batch.select(batch.rows.subarray(from, count), count - from);
    if (this.#layout !== layout) this.#takeLayout(layout);
    refuseChanges(left);
    const { field } = this.#places;
    const summed = this.#add(left);
    // Whose key the hashes are of is nothing to those who follow.
    const marks = { ...left.marks, keyHashes: null };
    const { selection } = left;
    this.#output.collectBatch(
      new ColumnBatch(layout, columns.with(field, summed), { count: left.count, selection, marks }),
    );
    return count;
  }

  /** The column of the sums. Valid until the next call. */
  #add(batch: ColumnBatch): Column {
    const { rows, count, size, columns } = batch;
    const { key, field } = this.#places;
    const keys = columns[key] as Column;
    refuseNaN(keys, rows, count);
    if (this.#slots.length < size) this.#slots = new Int32Array(size);
    const slots = this.#slots;
    const table = this.#tables.table(SUMS_SLICE);
    table.slotsOf({ keys: [keys], hashes: this.#hashesOf(batch), rows, count }, slots);
    const pages = table.values[0] as readonly Float64Array[];
    const column = columns[field] as Column;
    if (column.kind === "int32") {
      const sums = this.#sums instanceof Int32Array && this.#sums.length >= size ? this.#sums : new Int32Array(size);
      this.#sums = sums;
      this.#sumInt32({ rows, count, slots, pages }, column.values, sums);
      return { kind: "int32", values: sums, nulls: null };
    }
    assert(column.kind === "float64", "what is summed is a column of numbers");
    const sums = this.#sums instanceof Float64Array && this.#sums.length >= size ? this.#sums : new Float64Array(size);
    this.#sums = sums;
    this.#sumFloat64({ rows, count, slots, pages }, column.values, sums);
    return { kind: "float64", values: sums, nulls: null };
  }

  // Two loops that look alike: each has arrays of one kind in it.

  #sumFloat64({ rows, count, slots, pages }: Records, addends: Float64Array, sums: Float64Array): void {
    const isWhole = this.#fieldType.kind !== "float64";
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const slot = slots[at] as number;
      const page = pages[slot >> TABLE_PAGE_BITS] as Float64Array;
      const sum = (page[slot & SLOT_MASK] as number) + (addends[row] as number);
      if (isWhole && !Number.isSafeInteger(sum)) throw this.#tooLarge(sum);
      page[slot & SLOT_MASK] = sum;
      sums[row] = sum;
    }
  }

  #sumInt32({ rows, count, slots, pages }: Records, addends: Int32Array, sums: Int32Array): void {
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const slot = slots[at] as number;
      const page = pages[slot >> TABLE_PAGE_BITS] as Float64Array;
      const sum = (page[slot & SLOT_MASK] as number) + (addends[row] as number);
      if ((sum | 0) !== sum) throw this.#tooLarge(sum);
      page[slot & SLOT_MASK] = sum;
      sums[row] = sum;
    }
  }

  /** A batch that came over an edge by the key's column has them. */
  #hashesOf(batch: ColumnBatch): Int32Array {
    const { keyHashes } = batch.marks;
    if (keyHashes !== null) return keyHashes;
    if (this.#hashes.length < batch.size) this.#hashes = new Int32Array(batch.size);
    hashKeyColumns(batch, [this.#places.key], this.#hashes);
    return this.#hashes;
  }

  #takeLayout(layout: ColumnLayout): void {
    const { key, field } = this.#summed;
    const places = layout.fields.map(({ name }) => name);
    this.#layout = layout;
    this.#places = { key: places.indexOf(key), field: places.indexOf(field) };
  }

  get #fieldType(): ValueType<unknown> {
    return (this.#layout as ColumnLayout).fields[this.#places.field]?.type as ValueType<unknown>;
  }

  /** CSM2 */
  #tooLarge(sum: number): StreamError {
    const { field } = this.#summed;
    return new StreamError(
      "VALUE_NOT_SERIALIZABLE",
      `sum("${field}"): a sum is ${sum}, which the field's declared type ${describeType(this.#fieldType)} does not hold; declare the field as t.float64`,
      { destiny: "terminal" },
    );
  }
}

type Records = {
  readonly rows: Int32Array;
  readonly count: number;
  readonly slots: Int32Array;
  readonly pages: readonly Float64Array[];
};

/** NaN is no key of a stream (KE0), though it is one of a table. */
function refuseNaN(keys: Column, rows: Int32Array, count: number): void {
  if (keys.kind !== "float64") return;
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    const isThere = keys.nulls === null || !isNull(keys.nulls, row);
    if (isThere && Number.isNaN(keys.values[row])) keyHash(Number.NaN);
  }
}
