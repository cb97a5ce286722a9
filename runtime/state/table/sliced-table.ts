/**
 * Owns: one declared column table, in slices.
 */
import type { SlicedTable } from "../../ports/index.ts";
import { type FixedTable, HeapColumnTable, type TableContext } from "./column-table.ts";
import { type FixedSlices, HeapSlices } from "./slices.ts";
import { assertTableFits, type TableLayout } from "./table-meta.ts";

export type FixedSlicedTable = FixedSlices<TableLayout, FixedTable>;

export class HeapSlicedTable extends HeapSlices<TableLayout, FixedTable, HeapColumnTable> implements SlicedTable {
  isDeclared = false;

  constructor(layout: TableLayout, context: TableContext) {
    super(layout, context, (of, within) => new HeapColumnTable(of, within));
  }

  /** Errors: STATE_INCOMPATIBLE (TBM2). */
  declare(uid: string, layout: TableLayout): void {
    assertTableFits(uid, this.layout, layout);
    this.adopt(layout);
    this.isDeclared = true;
  }
}
