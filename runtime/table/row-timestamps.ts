/**
 * Owns: the event times of a table's rows as timestamps of a stream's records.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../ports/index.ts";
import { ColumnBatch, type Float64Column } from "../record/index.ts";

/** `column`: place of the rowtime. */
export function rowTimestampsOperator(column: number): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "timestamps", create: () => new RowTimestamps(column) };
}

class RowTimestamps implements StreamOperator<unknown, unknown> {
  readonly emits = "input";
  readonly #column: number;
  #output!: Output<unknown>;

  constructor(column: number) {
    this.#column = column;
  }

  open(_context: OperatorContext, output: Output<unknown>): void {
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { layout, columns, rows, count } = batch;
    const timestamps = (columns[this.#column] as Float64Column).values;
    const marks = { ...batch.marks, timestamps };
    const selection = from === 0 ? batch.selection : rows.subarray(from, count);
    this.#output.collectBatch(new ColumnBatch(layout, columns, { count: count - from, selection, marks }));
    return count;
  }
}
