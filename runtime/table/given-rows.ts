/**
 * Owns: the operator that makes a table's rows of a stream's records: row by row, and where they come in columns, column by column.
 *
 * GVRW1 Columns that are in a table as they are in the stream are shared; whole numbers become bigints in new memory. Where a column needs more than that, batches become rows.
 */
import type { OperatorFactory, Output, StreamOperator } from "../ports/index.ts";
import {
  type BigintColumn,
  type Column,
  ColumnBatch,
  type ColumnLayout,
  layoutOf,
  NO_TIMESTAMP,
  rowsOfColumns,
  type ValueType,
} from "../record/index.ts";

/** Of a column of the table: its place in the stream's records, and what becomes of it. */
export type GivenColumn = { readonly place: number; readonly becomes: "itself" | "bigint" | "other" };

/** `convert`: of one record; `type`: of the rows. */
export function givenRowsOperator(
  columns: readonly GivenColumn[],
  convert: (record: unknown) => unknown,
  type: ValueType<unknown>,
): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "table", create: () => new GivenRows(columns, convert, layoutOf(type)) };
}

class GivenRows implements StreamOperator<unknown, unknown> {
  readonly takesRows = true;
  readonly #columns: readonly GivenColumn[];
  readonly #convert: (record: unknown) => unknown;
  readonly #layout: ColumnLayout;
  readonly #hasColumns: boolean;
  #output!: Output<unknown>;

  constructor(columns: readonly GivenColumn[], convert: (record: unknown) => unknown, layout: ColumnLayout) {
    this.#columns = columns;
    this.#convert = convert;
    this.#layout = layout;
    // A batch without columns has no places.
    this.#hasColumns = columns.length > 0 && columns.every(({ becomes }) => becomes !== "other");
  }

  open(_context: unknown, output: Output<unknown>): void {
    this.#output = output;
  }

  process(value: unknown, timestamp: number): void {
    this.#output.collect(this.#convert(value), timestamp);
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { columns, rows, count, marks } = batch;
    const part = from === 0 ? batch : batch.select(rows.subarray(from, count), count - from);
    if (this.#hasColumns) {
      const chosen = this.#columns.map(({ place, becomes }) => {
        const column = columns[place] as Column;
        return becomes === "bigint" ? bigintsOf(column, part) : column;
      });
      // Hashes are of a key of the stream's.
      const counting = { count: part.count, selection: part.selection, marks: { ...marks, keyHashes: null } };
      this.#output.collectBatch(new ColumnBatch(this.#layout, chosen, counting));
    } else {
      const { rows: records, timestamps } = rowsOfColumns(part);
      for (const [at, record] of records.entries()) this.process(record, timestamps?.[at] ?? NO_TIMESTAMP);
    }
    return count;
  }
}

function bigintsOf(column: Column, { rows, count, size }: ColumnBatch): BigintColumn {
  const { values: numbers, nulls } = column as Column & { readonly values: Float64Array };
  const values = new BigInt64Array(size);
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    values[row] = BigInt(numbers[row] as number);
  }
  return { kind: "bigint", values, words: new Int32Array(values.buffer), nulls };
}
