/**
 * Owns: rows that an operator emits by the names of their columns, and which kinds its changes have.
 * Called by: the operators of this room that work row by row.
 *
 * SQJE1 Rows leave in the order of the calls; `flush` sends those that are left, and is called before the operator returns to its task (SQEM1).
 * SQJE2 Where the plan says `append`, nothing but inserts leaves (SQPT3). Where it says `upsert`, no -U does: a -U that no +U of its key follows is
 *     emitted by `delete`.
 */
import { assert } from "../../../base/index.ts";
import { type AnyStore, rowKinds } from "../../record/index.ts";
import type { Output } from "../../ports/index.ts";
import type { Changes, PlanRow } from "../plan/plan-tree.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import { EmittedRows, type RowKind } from "./emitted-rows.ts";

export class RowEmitter {
  readonly #rows: EmittedRows;
  readonly #changes: Changes;

  constructor(node: { readonly row: PlanRow; readonly changes: Changes }, output: Output<unknown>) {
    this.#rows = new EmittedRows(node.row, output);
    this.#changes = node.changes;
  }

  /** A row of the columns with these names, in the order of the operator's row. `last`: the value of one more column behind them; undefined: there is none. */
  emit(kind: RowKind, row: SqlRow, names: readonly string[], last?: unknown): void {
    if (!this.#admits(kind)) return;
    this.#put(row, names, 0);
    if (last !== undefined) (this.#rows.stores[names.length] as AnyStore).put(last, this.#rows.at);
    this.#rows.end(kind);
  }

  /** A row of the left columns and behind them the right ones; null: they are NULL. */
  emitPair(kind: RowKind, left: Half, right: Half): void {
    if (!this.#admits(kind)) return;
    this.#put(left.row, left.names, 0);
    this.#put(right.row, right.names, left.names.length);
    this.#rows.end(kind);
  }

  flush(): void {
    this.#rows.flush();
  }

  /** SQJE2 */
  #admits(kind: RowKind): boolean {
    if (kind === rowKinds.insert) return true;
    assert(this.#changes !== "append", "an operator that only appends takes no row back");
    return this.#changes === "retract" || kind !== rowKinds.updateBefore;
  }

  #put(row: SqlRow | null, names: readonly string[], first: number): void {
    const { stores, at } = this.#rows;
    for (let place = 0; place < names.length; place++) {
      const value = row === null ? null : row[names[place] as string];
      (stores[first + place] as AnyStore).put(value, at);
    }
  }
}

/** One side's part of a joined row. */
export type Half = { readonly row: SqlRow | null; readonly names: readonly string[] };
