/**
 * Owns: in tests: rows with a key that often repeats, and their order.
 */
import { type Column, ColumnBuilder, type ColumnBatch, isNull, NO_TIMESTAMP, t } from "../record/index.ts";
import type { RowOrder } from "./row-order.ts";

export type TestRow = { readonly key: number | null; readonly name: string | null; readonly id: number };

export const TestRowType = t.record({ key: t.nullable(t.float64), name: t.nullable(t.string), id: t.int64 });

export function batchOfRows(rows: readonly TestRow[]): ColumnBatch {
  const builder = new ColumnBuilder(TestRowType, Math.max(1, rows.length));
  for (const row of rows) builder.appendRow(row, NO_TIMESTAMP);
  return builder.take();
}

/** By `key`, NULL first. */
export const byKey: RowOrder = {
  numbers: ({ columns }, rows, count, into, at) => {
    for (let index = 0; index < count; index++)
      into[at + index] = keyAt(columns, rows[index] as number) ?? Number.NEGATIVE_INFINITY;
    return true;
  },
  compare: (left, row, right, place) => {
    const [one, other] = [keyAt(left, row), keyAt(right, place)];
    if (one === null || other === null) return Number(other === null) - Number(one === null);
    return one - other;
  },
};

/** The same without numbers. */
export const byKeyAlone: RowOrder = { numbers: () => false, compare: byKey.compare };

function keyAt([column]: readonly Column[], row: number): number | null {
  const { values, nulls } = column as unknown as { readonly values: Float64Array; readonly nulls: Uint8Array | null };
  return nulls !== null && isNull(nulls, row) ? null : (values[row] as number);
}
