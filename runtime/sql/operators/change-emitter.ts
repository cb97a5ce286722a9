/**
 * Owns: which changes an aggregating operator emits for a group that has come, is another, or is gone.
 * Called by: aggregate, windowAggregate, windowTable, over.
 *
 * SQOE1 Whoever emits flushes before its call of the operator ends; rows leave in the order of the calls (SQEM1).
 * SQOE2 Where the plan says `upsert` no -U leaves; where it says `append`, nothing but inserts (SQPT3).
 */
import { assert } from "../../../base/index.ts";
import { type AnyStore, keyIdentity, NO_TIMESTAMP, plainKey, rowKinds } from "../../record/index.ts";
import type { Output } from "../../ports/index.ts";
import type { Changes, PlanRow } from "../plan/plan-tree.ts";
import { EmittedRows, type RowKind } from "./emitted-rows.ts";

export class ChangeEmitter {
  readonly #rows: EmittedRows;
  readonly #changes: Changes;
  readonly #emitsEqual: boolean;

  /** `emitsEqual`: an update to an equal row is a change, too. */
  constructor(node: { readonly row: PlanRow; readonly changes: Changes }, output: Output<unknown>, emitsEqual = false) {
    this.#rows = new EmittedRows(node.row, output);
    this.#changes = node.changes;
    this.#emitsEqual = emitsEqual;
  }

  insert(values: readonly unknown[], timestamp = NO_TIMESTAMP): void {
    this.#put(values, rowKinds.insert, timestamp);
  }

  /** Rows that are equal make no change, unless they are to. */
  update(before: readonly unknown[], after: readonly unknown[]): void {
    const isSame = areSame(before, after);
    if (isSame && (!this.#emitsEqual || this.#changes === "append")) return;
    assert(this.#changes !== "append", "an operator that only appends updates no row");
    if (this.#changes === "retract") this.#put(before, rowKinds.updateBefore, NO_TIMESTAMP);
    this.#put(after, rowKinds.updateAfter, NO_TIMESTAMP);
  }

  delete(values: readonly unknown[]): void {
    assert(this.#changes !== "append", "an operator that only appends deletes no row");
    this.#put(values, rowKinds.delete, NO_TIMESTAMP);
  }

  flush(): void {
    this.#rows.flush();
  }

  #put(values: readonly unknown[], kind: RowKind, timestamp: number): void {
    const { stores, at } = this.#rows;
    for (let place = 0; place < stores.length; place++) (stores[place] as AnyStore).put(values[place], at);
    this.#rows.end(kind, timestamp);
  }
}

function areSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  for (let at = 0; at < left.length; at++) if (!isSame(left[at], right[at])) return false;
  return true;
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === right || Number.isNaN(left)) return left === right || Number.isNaN(right);
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  return keyIdentity(plainKey(left)) === keyIdentity(plainKey(right));
}
