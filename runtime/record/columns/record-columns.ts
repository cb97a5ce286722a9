/**
 * Owns: a batch of records as its columns, for code of a job that asks for whole columns instead of records.
 * Called by: sinks with `writeColumns`.
 *
 * RCO1 Numbers without null come as the array of numbers that the batch has, with nothing made for a record.
 */
import { StreamError } from "../../../base/index.ts";
import type { Column } from "./column.ts";
import { valuesAt } from "./column.ts";
import type { ColumnBatch } from "./column-batch.ts";
import type { ColumnField } from "./layout.ts";

/** Records of one type, field by field. Valid until the call that it was given to returns: before it waits for a promise, that call takes what it needs. */
export interface RecordColumns<T> {
  /** Of records. */
  readonly count: number;
  /**
   * One field of all records, in their order: a Float64Array or an Int32Array where it is a number and never null, else an array. Not to be changed. Errors:
   * USER_FUNCTION_FAILED when the records have no such field.
   */
  column<N extends keyof T & string>(field: N): ArrayLike<T[N]>;
  /** Event times in epoch milliseconds; null: no record has one. */
  timestamps(): Float64Array | null;
  /** The records as objects, made anew. */
  rows(): readonly T[];
}

export class BatchColumns<T> implements RecordColumns<T> {
  readonly #batch: ColumnBatch;

  constructor(batch: ColumnBatch) {
    this.#batch = batch;
  }

  get count(): number {
    return this.#batch.count;
  }

  column<N extends keyof T & string>(name: N): ArrayLike<T[N]> {
    const { layout, columns, rows, count } = this.#batch;
    const place = layout.fields.findIndex((field) => field.name === name);
    if (place < 0) throw unknownField(name, layout.fields);
    const column = columns[place] as Column;
    const field = layout.fields[place] as ColumnField;
    const numbers = numbersOf(column, field);
    if (numbers === null) return valuesAt(column, field, rows, { from: 0, to: count }) as T[N][];
    return this.#taken(numbers) as ArrayLike<unknown> as ArrayLike<T[N]>;
  }

  timestamps(): Float64Array | null {
    return this.#batch.timestampsFrom(0);
  }

  rows(): readonly T[] {
    return this.#batch.toRows() as T[];
  }

  #taken<A extends Float64Array | Int32Array>(numbers: A): A {
    const { selection, rows, count } = this.#batch;
    if (selection === null) return numbers.subarray(0, count) as A;
    const taken = numbers.slice(0, count) as A;
    for (let at = 0; at < count; at++) taken[at] = numbers[rows[at] as number] as number;
    return taken;
  }
}

function numbersOf(column: Column, { type }: ColumnField): Float64Array | Int32Array | null {
  if (column.nulls !== null || type.kind === "date") return null;
  return column.kind === "float64" || column.kind === "int32" ? column.values : null;
}

function unknownField(name: string, fields: readonly ColumnField[]): StreamError {
  return new StreamError(
    "USER_FUNCTION_FAILED",
    `column(${JSON.stringify(name)}): the records have no such field; they have ${fields.map((field) => field.name).join(", ")}`,
    { destiny: "terminal" },
  );
}
