/**
 * Owns: the skeleton of operators that work row by row on the state of a key: batches become rows, each with its kind, its key is set, and what was
 *       emitted leaves before the task goes on.
 * Called by: the task (batches, watermarks); ranks and others of this room extend it.
 *
 * SQJK1 `onRow` is called for each row in the order of its input, with the row's key as the current one.
 * SQJK3 Rows with the key of the row before them find its states as that one left them, without a look-up: rows of a window come together, and a key of several columns is
 *     costly to look up. So `onRow` leaves the current key as it is.
 */
import { assert } from "../../../base/index.ts";
import { type ColumnBatch, type Key, keyHash } from "../../record/index.ts";
import type { KeyedOperatorState, OperatorContext, Output, StreamOperator } from "../../ports/index.ts";
import type { Changes, PlanRow } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import { refuseRow, takeRows } from "./batches-only.ts";
import { RowEmitter } from "./row-emitter.ts";
import type { RowKind } from "./emitted-rows.ts";

/** An input: its row, and the places of its key. */
export type KeyedInput = { readonly row: PlanRow; readonly keys: readonly number[] };

type Emitting = { readonly row: PlanRow; readonly changes: Changes };

export abstract class KeyedRowsOperator implements StreamOperator<unknown, unknown> {
  readonly #node: Emitting;
  readonly #keysOf: readonly RowKeys[];
  protected context!: OperatorContext;
  protected keyed!: KeyedOperatorState;
  protected output!: Output<unknown>;
  protected emitter!: RowEmitter;

  constructor(node: Emitting, inputs: readonly KeyedInput[]) {
    this.#node = node;
    this.#keysOf = inputs.map(({ row, keys }) => new RowKeys(row, keys));
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    assert(context.keyed !== null, `operator "${context.name}" is keyed`);
    this.context = context;
    this.keyed = context.keyed;
    this.output = output;
    this.emitter = new RowEmitter(this.#node, output);
    this.openStates(context);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    return this.#take(0, batch, from);
  }

  processInputBatch(input: number, batch: ColumnBatch, from: number): number {
    return this.#take(input, batch, from);
  }

  onWatermark(_timestamp: number): void {
    this.emitter.flush();
  }

  /** Declares states and timers. */
  protected abstract openStates(context: OperatorContext): void;
  /** SQJK1 */
  protected abstract onRow(input: number, kind: RowKind, row: SqlRow): void;

  /** All rows of a batch were given, or as many as the task wanted. What is emitted once a batch is emitted here. */
  protected onBatchEnd(): void {}

  #take(input: number, batch: ColumnBatch, from: number): number {
    const { keyHashes } = batch.marks;
    const keys = this.#keysOf[input] as RowKeys;
    let before: SqlRow | null = null;
    const at = takeRows(batch, from, this.context, (row, place) => {
      // SQJK3
      if (before === null || !keys.areSame(before, row)) {
        const key: Key = keys.ofRow(row);
        this.keyed.setCurrentKey(key, keyHashes === null ? keyHash(key) : (keyHashes[place] as number));
      }
      before = row;
      this.onRow(input, batch.rowKindAt(place) as RowKind, row);
    });
    this.onBatchEnd();
    this.emitter.flush();
    return at;
  }
}
