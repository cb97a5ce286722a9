/**
 * Owns: the tables of one declared state, whatever they hold: one for each slice, made when it is first used and dropped whole.
 *
 * SLT1 What was restored before it was declared has the types of its file until then, and is written again with them (HB1).
 */
import { assert } from "../../../base/index.ts";
import type { TableContext } from "./column-table.ts";

type Table<Layout, Fixed> = { adopt(layout: Layout): void; fix(): Fixed };

export type FixedSlices<Layout, Fixed> = {
  readonly layout: Layout;
  readonly slices: readonly { readonly slice: number; readonly table: Fixed }[];
};

export abstract class HeapSlices<Layout, Fixed extends { readonly size: number }, T extends Table<Layout, Fixed>> {
  layout: Layout;
  readonly #make: (layout: Layout, context: TableContext) => T;
  readonly #context: TableContext;
  readonly #tables = new Map<number, T>();

  constructor(layout: Layout, context: TableContext, make: (layout: Layout, context: TableContext) => T) {
    this.layout = layout;
    this.#context = context;
    this.#make = make;
  }

  slices(): readonly number[] {
    return [...this.#tables.keys()].sort((left, right) => left - right);
  }

  table(slice: number): T {
    let table = this.#tables.get(slice);
    if (table === undefined) {
      assert(Number.isSafeInteger(slice), "a slice is a whole number");
      table = this.#make(this.layout, this.#context);
      this.#tables.set(slice, table);
    }
    return table;
  }

  find(slice: number): T | null {
    return this.#tables.get(slice) ?? null;
  }

  drop(slice: number): void {
    this.#tables.delete(slice);
  }

  fix(): FixedSlices<Layout, Fixed> {
    const slices = this.slices().map((slice) => ({ slice, table: this.table(slice).fix() }));
    return { layout: this.layout, slices: slices.filter(({ table }) => table.size > 0) };
  }

  /** A layout that fits what is there. */
  protected adopt(layout: Layout): void {
    for (const table of this.#tables.values()) table.adopt(layout);
    this.layout = layout;
  }
}
