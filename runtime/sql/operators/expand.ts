/**
 * Owns: the operator of GROUPING SETS: each row once for each set.
 *
 * SQXX1 Columns are shared: in those of keys that a set lacks there is NULL, and behind all columns stands the set's number, from zero.
 */
import type { OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type Column, type ColumnBatch, type ColumnLayout, layoutOf } from "../../record/index.ts";
import { ConstantColumn } from "../codegen/output-columns.ts";
import type { ExpandNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { refuseRow } from "./batches-only.ts";

export function expandOperator(node: ExpandNode): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "expand", create: () => new ExpandOperator(node) };
}

class ExpandOperator implements StreamOperator<unknown, unknown> {
  readonly #layout: ColumnLayout;
  /** For each set: of each column its own, or null where that of the input passes. */
  readonly #sets: readonly (readonly (ConstantColumn | null)[])[];
  #output!: Output<unknown>;

  constructor({ row, columns, sets }: ExpandNode) {
    const layout = layoutOf(rowTypeOf(row));
    this.#layout = layout;
    const last = row.length - 1;
    const isLong = row[last]?.type.kind === "bigint";
    this.#sets = sets.map((set, number) =>
      layout.fields.map((field, place) => {
        if (place === last) return new ConstantColumn(field, isLong ? BigInt(number) : number);
        return columns.includes(place) && !set.includes(place) ? new ConstantColumn(field, null) : null;
      }),
    );
  }

  open(_context: unknown, output: Output<unknown>): void {
    this.#output = output;
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { count, rows } = batch;
    const share = from === 0 ? batch : batch.select(rows.subarray(from, count), count - from);
    for (const set of this.#sets) {
      const columns = set.map((own, place) => own?.column(batch.size) ?? (batch.columns[place] as Column));
      this.#output.collectBatch(share.withColumns(this.#layout, columns));
    }
    return count;
  }
}
