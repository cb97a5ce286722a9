/**
 * Owns: the skeleton of operators of one input that keep state by key, go by the watermark, and emit through a ChangeEmitter.
 * Not here: that of operators that work row by row, of one input or two (keyed-rows.ts).
 *
 * SQKC1 What was emitted leaves before a watermark is forwarded, and before a snapshot, which has the watermark (SQJW1).
 */
import { assert } from "../../../base/index.ts";
import type { ColumnBatch } from "../../record/index.ts";
import type { KeyedOperatorState, OperatorContext, Output, StreamOperator } from "../../ports/index.ts";
import type { Changes, PlanRow } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import { forEachKeyed, refuseRow } from "./batches-only.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { WatermarkMemory } from "./watermark-memory.ts";

type Emitting = { readonly row: PlanRow; readonly changes: Changes };

export abstract class TimedChangesOperator implements StreamOperator<unknown, unknown> {
  readonly #emitting: Emitting;
  protected readonly keys: RowKeys;
  protected keyed!: KeyedOperatorState;
  protected watermark!: WatermarkMemory;
  protected emitter!: ChangeEmitter;

  /** `keys`: places in the input's row. */
  constructor(emitting: Emitting, input: PlanRow, keys: readonly number[]) {
    this.#emitting = emitting;
    this.keys = new RowKeys(input, keys);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { keyed } = context;
    assert(keyed !== null, `operator "${context.name}" is keyed`);
    this.keyed = keyed;
    this.watermark = new WatermarkMemory(context);
    this.emitter = new ChangeEmitter(this.#emitting, output);
    this.openStates(context);
  }

  process(): void {
    refuseRow();
  }

  abstract processBatch(batch: ColumnBatch, from: number): number;

  onWatermark(watermark: number): void {
    this.watermark.raise(watermark);
    this.emitter.flush();
  }

  prepareSnapshot(): void {
    this.emitter.flush();
    this.watermark.save();
  }

  /** Declares states and timers. */
  protected abstract openStates(context: OperatorContext): void;

  /** Calls `apply` for each record from the one numbered `from` on, with its key set. `place`: in the batch's columns. */
  protected forEachRow(batch: ColumnBatch, from: number, apply: (row: SqlRow, place: number) => void): void {
    forEachKeyed(batch, from, { keys: this.keys, keyed: this.keyed }, apply);
  }
}
