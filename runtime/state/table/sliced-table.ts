/**
 * Owns: one declared table: a column table for each slice, made when it is first used and dropped whole.
 *
 * SLT1 What was restored before it was declared has the types of its file until then, and is written again with them (HB1).
 */
import { assert } from "../../../base/index.ts";
import type { SlicedTable } from "../../ports/index.ts";
import { type FixedTable, HeapColumnTable, type TableContext } from "./column-table.ts";
import { assertTableFits, type TableLayout } from "./table-meta.ts";

export type FixedSlice = { readonly slice: number; readonly table: FixedTable };
export type FixedSlicedTable = { readonly layout: TableLayout; readonly slices: readonly FixedSlice[] };

export class HeapSlicedTable implements SlicedTable {
  layout: TableLayout;
  isDeclared = false;
  readonly #context: TableContext;
  readonly #tables = new Map<number, HeapColumnTable>();

  constructor(layout: TableLayout, context: TableContext) {
    this.layout = layout;
    this.#context = context;
  }

  slices(): readonly number[] {
    return [...this.#tables.keys()].sort((left, right) => left - right);
  }

  table(slice: number): HeapColumnTable {
    let table = this.#tables.get(slice);
    if (table === undefined) {
      assert(Number.isSafeInteger(slice), "a slice is a whole number");
      table = new HeapColumnTable(this.layout, this.#context);
      this.#tables.set(slice, table);
    }
    return table;
  }

  find(slice: number): HeapColumnTable | null {
    return this.#tables.get(slice) ?? null;
  }

  drop(slice: number): void {
    this.#tables.delete(slice);
  }

  /** Errors: STATE_INCOMPATIBLE (TBM2). */
  declare(uid: string, layout: TableLayout): void {
    assertTableFits(uid, this.layout, layout);
    for (const table of this.#tables.values()) table.adopt(layout);
    this.layout = layout;
    this.isDeclared = true;
  }

  fix(): FixedSlicedTable {
    const slices = this.slices().map((slice) => ({ slice, table: this.table(slice).fix() }));
    return { layout: this.layout, slices: slices.filter(({ table }) => table.size > 0) };
  }
}
