/**
 * Owns: in tests: a spill space in memory, which can run out of room, be cut and be damaged; rows with a key that often repeats, and their order.
 */
import { StreamError } from "../../base/index.ts";
import type { SpillFile, SpillSpace } from "../ports/index.ts";
import { type Column, ColumnBuilder, type ColumnBatch, isNull, NO_TIMESTAMP, t } from "../record/index.ts";
import type { RowOrder } from "./row-order.ts";

export class MemorySpace implements SpillSpace {
  readonly budgetBytes: number;
  /** Bytes that all files together may have. */
  roomBytes = Number.POSITIVE_INFINITY;
  open = 0;
  made = 0;
  used = 0;
  peak = 0;
  /** Of files that are open. */
  readonly files = new Set<{ bytes: Buffer }>();

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  create(): SpillFile {
    const file = { bytes: Buffer.alloc(0) };
    const chunks: Buffer[] = [];
    let length = 0;
    const whole = (): Buffer => {
      if (chunks.length > 0) file.bytes = Buffer.concat([file.bytes, ...chunks.splice(0)]);
      return file.bytes;
    };
    this.files.add(file);
    this.open += 1;
    this.made += 1;
    return {
      append: (bytes) => {
        if (this.used + bytes.length > this.roomBytes) throw new StreamError("SPILL_FAILED", "the disk is full");
        this.used += bytes.length;
        this.peak = Math.max(this.peak, this.used);
        chunks.push(Buffer.from(bytes));
        length += bytes.length;
        return length - bytes.length;
      },
      read: (offset, into) => {
        const all = whole();
        if (offset + into.length > all.length) throw new StreamError("SPILL_FAILED", "it was cut");
        into.set(all.subarray(offset, offset + into.length));
      },
      close: () => {
        if (!this.files.delete(file)) return;
        this.open -= 1;
        this.used -= length;
      },
    };
  }
}

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
