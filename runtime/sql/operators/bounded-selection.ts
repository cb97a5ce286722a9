/**
 * Owns: the skeleton of operators over a bounded input that emit some rows of each key, by their places in its order, when all have come, whatever memory holds.
 * Called by: the task; ranks and deduplication of bounded inputs extend it.
 *
 * SQBS1 While memory has room for them only rows are kept that may still be chosen (HeldRows). When it has none they all go into the sort, and it begins anew: what may be chosen of all rows is
 *     among what may be chosen of each part of them. Where that keeps most rows, the others go into the sort at once.
 * SQBS2 Rows of a key come to `emitOf` in their order, those that it does not tell apart as they came in (SQKT1).
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import type { ColumnBatch } from "../../record/index.ts";
import { refuseRow } from "./batches-only.ts";
import { declarationOfSorted, type KeyedOrder, KeyedSort, type SortedBatch } from "./keyed-sort.ts";

type Declarations = NonNullable<OperatorFactory<unknown, unknown>["declares"]>;

/** Rows of each key that may still be chosen. */
export interface HeldRows {
  readonly declarations: Declarations;
  /** What they take. */
  readonly bytes: number;
  /** `output`: of `emitHeld`. */
  open(context: OperatorContext, output: Output<unknown>): void;
  processBatch(batch: ColumnBatch, from: number): number;
  /** All of them, each key's in their order; they are gone then. */
  emitHeld(): Generator<void>;
}

/** Of the operator's memory: of rows that are held, and of the sort. */
const SHARE = 1 / 2;
/** Of rows that came: where more than that are held they are not looked through any more. */
const KEPT_MAX = 1 / 2;

/** `held`: of one operator, for its declarations. */
export const declarationsOfSelection = (order: KeyedOrder, held: HeldRows | null): Declarations => [
  declarationOfSorted(order.row),
  ...(held?.declarations ?? []),
];

export abstract class BoundedSelection implements StreamOperator<unknown, unknown> {
  readonly #order: KeyedOrder;
  #held: HeldRows | null;
  #sort!: KeyedSort;
  #budgetBytes = Number.POSITIVE_INFINITY;
  /** Since rows were held anew: how many came, and how many went into the sort. */
  #came = 0;
  #kept = 0;
  protected output!: Output<unknown>;

  constructor(order: KeyedOrder, held: HeldRows | null) {
    this.#order = order;
    this.#held = held;
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.output = output;
    this.#sort = new KeyedSort(this.#order, context, { share: this.#held === null ? 1 : SHARE });
    if (context.spill !== undefined) this.#budgetBytes = context.spill.budgetBytes * SHARE;
    this.#held?.open(context, {
      collect: refuseRow,
      collectBatch: (batch) => {
        this.#kept += batch.count;
        this.#sort.put(batch, 0);
      },
      sideOutput: () => assert(false, "rows that are held have no side output") as never,
      emitWatermark: refuseRow,
      emitStatus: refuseRow,
    });
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const held = this.#held;
    const { work } = this.#sort;
    if (held === null) {
      this.#sort.add(batch, from);
      return batch.count;
    }
    work.finish();
    this.#came += batch.count - from;
    held.processBatch(batch, from);
    if (held.bytes > this.#budgetBytes) work.start(this.#letGo(held));
    return batch.count;
  }

  prepareSnapshot(): void {
    this.#sort.save();
  }

  endInput(): void {
    this.#sort.work.start(this.#end());
  }

  close(): void {
    this.#sort.close();
  }

  /** SQBS2. A batch is valid until the next one. */
  protected abstract emitOf(sorted: SortedBatch): void;

  /** All rows have been there. */
  protected onEnd(): void {}

  /** SQBS1 */
  *#letGo(held: HeldRows): Generator<void> {
    this.#kept = 0;
    yield* this.#putHeld(held);
    if (this.#kept > this.#came * KEPT_MAX) this.#held = null;
    this.#came = 0;
  }

  *#putHeld(held: HeldRows): Generator<void> {
    for (const _step of held.emitHeld()) {
      yield* this.#sort.makeRoom();
      yield;
    }
    yield* this.#sort.makeRoom();
  }

  *#end(): Generator<void> {
    if (this.#held !== null) yield* this.#putHeld(this.#held);
    for (const sorted of this.#sort.sorted()) {
      if (sorted !== null) this.emitOf(sorted);
      yield;
    }
    this.onEnd();
  }
}
