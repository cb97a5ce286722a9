/**
 * Owns: what an operator emits, as batches with row kinds, and which kinds its changes have.
 * Called by: the operators of this room that work row by row.
 *
 * SQJE1 Rows leave in the order of the calls; `flush` sends those that are left, and is called before the operator returns to its task.
 * SQJE2 Where the plan says `append`, nothing but inserts leaves (SQPT3). Where it says `upsert`, no -U does: a -U that no +U of its key follows is
 *     emitted by `delete`.
 */
import { assert } from "../../../base/index.ts";
import { type AnyStore, ColumnBuilder, rowKinds } from "../../record/index.ts";
import type { Output } from "../../ports/index.ts";
import type { Changes, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";

export type RowKind = (typeof rowKinds)[keyof typeof rowKinds];

export class RowEmitter {
  readonly #builder: ColumnBuilder;
  readonly #output: Output<unknown>;
  readonly #changes: Changes;
  /** Of the batch that is being built: null while all its rows are inserts. */
  #kinds: Uint8Array | null = null;

  constructor(node: { readonly row: PlanRow; readonly changes: Changes }, output: Output<unknown>) {
    this.#builder = new ColumnBuilder(rowTypeOf(node.row));
    this.#output = output;
    this.#changes = node.changes;
  }

  /** A row of the columns with these names, in the order of the operator's row. `last`: the value of one more column behind them; undefined: there is none. */
  emit(kind: RowKind, row: SqlRow, names: readonly string[], last?: unknown): void {
    if (!this.#admits(kind)) return;
    this.#put(row, names, 0);
    if (last !== undefined) (this.#builder.stores[names.length] as AnyStore).put(last, this.#builder.count);
    this.#end(kind);
  }

  /** A row of the left columns and behind them the right ones; null: they are NULL. */
  emitPair(kind: RowKind, left: Half, right: Half): void {
    if (!this.#admits(kind)) return;
    this.#put(left.row, left.names, 0);
    this.#put(right.row, right.names, left.names.length);
    this.#end(kind);
  }

  flush(): void {
    if (this.#builder.count === 0) return;
    const batch = this.#builder.take();
    this.#kinds = null;
    this.#output.collectBatch(batch);
    batch.release();
  }

  /** SQJE2 */
  #admits(kind: RowKind): boolean {
    if (kind === rowKinds.insert) return true;
    assert(this.#changes !== "append", "an operator that only appends takes no row back");
    return this.#changes === "retract" || kind !== rowKinds.updateBefore;
  }

  #put(row: SqlRow | null, names: readonly string[], first: number): void {
    const { stores, count } = this.#builder;
    for (let place = 0; place < names.length; place++) {
      const value = row === null ? null : row[names[place] as string];
      (stores[first + place] as AnyStore).put(value, count);
    }
  }

  #end(kind: RowKind): void {
    const builder = this.#builder;
    const at = builder.count;
    if (kind !== rowKinds.insert) this.#kinds ??= builder.rowKinds();
    if (this.#kinds !== null) this.#kinds[at] = kind;
    builder.count = at + 1;
    if (builder.isFull) this.flush();
  }
}

/** One side's part of a joined row. */
export type Half = { readonly row: SqlRow | null; readonly names: readonly string[] };
