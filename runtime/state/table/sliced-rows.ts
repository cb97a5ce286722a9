/**
 * Owns: one declared row table: one for each slice, made when it is first used and dropped whole.
 *
 * SLR1 What was restored before it was declared has the types of its file until then, and is written again with them (HB1).
 */
import { assert } from "../../../base/index.ts";
import type { SlicedRows } from "../../ports/index.ts";
import type { TableContext } from "./column-table.ts";
import { assertRowsFit, type RowLayout } from "./row-meta.ts";
import { type FixedRows, HeapRowTable } from "./row-table.ts";

export type FixedSlicedRows = {
  readonly layout: RowLayout;
  readonly slices: readonly { readonly slice: number; readonly table: FixedRows }[];
};

export class HeapSlicedRows implements SlicedRows {
  layout: RowLayout;
  readonly #context: TableContext;
  readonly #tables = new Map<number, HeapRowTable>();

  constructor(layout: RowLayout, context: TableContext) {
    this.layout = layout;
    this.#context = context;
  }

  slices(): readonly number[] {
    return [...this.#tables.keys()].sort((left, right) => left - right);
  }

  table(slice: number): HeapRowTable {
    let table = this.#tables.get(slice);
    if (table === undefined) {
      assert(Number.isSafeInteger(slice), "a slice is a whole number");
      table = new HeapRowTable(this.layout, this.#context);
      this.#tables.set(slice, table);
    }
    return table;
  }

  find(slice: number): HeapRowTable | null {
    return this.#tables.get(slice) ?? null;
  }

  drop(slice: number): void {
    this.#tables.delete(slice);
  }

  /** Errors: STATE_INCOMPATIBLE (RWM1). */
  declare(uid: string, layout: RowLayout): void {
    assertRowsFit(uid, this.layout, layout);
    for (const table of this.#tables.values()) table.adopt(layout);
    this.layout = layout;
  }

  fix(): FixedSlicedRows {
    const slices = this.slices().map((slice) => ({ slice, table: this.table(slice).fix() }));
    return { layout: this.layout, slices: slices.filter(({ table }) => table.size > 0) };
  }
}
