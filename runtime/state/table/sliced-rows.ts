/**
 * Owns: one declared row table, in slices.
 */
import type { SlicedRows } from "../../ports/index.ts";
import type { TableContext } from "./column-table.ts";
import { assertRowsFit, type RowLayout } from "./row-meta.ts";
import { type FixedRows, HeapRowTable } from "./row-table.ts";
import { type FixedSlices, HeapSlices } from "./slices.ts";

export type FixedSlicedRows = FixedSlices<RowLayout, FixedRows>;

export class HeapSlicedRows extends HeapSlices<RowLayout, FixedRows, HeapRowTable> implements SlicedRows {
  constructor(layout: RowLayout, context: TableContext) {
    super(layout, context, (of, within) => new HeapRowTable(of, within));
  }

  /** Errors: STATE_INCOMPATIBLE (RWM1). */
  declare(uid: string, layout: RowLayout): void {
    assertRowsFit(uid, this.layout, layout);
    this.adopt(layout);
  }
}
