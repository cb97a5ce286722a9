/**
 * Owns: the loop over the records of batches of columns at the head of a chain of columns, until they are done or the task is to pause (TK2).
 * Called by: task.ts. Beside row-loop.ts, of which the head of a chain of rows has the same.
 *
 * CLP1 A batch is released as soon as the head has taken it: it may lie in a segment that its sender waits for.
 * CLP2 A head of columns that gets rows gets them as batches; a head of rows that gets columns gets row objects (COJ1).
 */
import { assert } from "../../base/index.ts";
import {
  type ColumnBatch,
  ColumnBuilder,
  columnsOfRows,
  layoutOf,
  type RowBatch,
  type ValueType,
} from "../record/index.ts";
import type { StreamOperator } from "../ports/index.ts";

export class ColumnLoop {
  readonly #head: StreamOperator<unknown, unknown>;
  readonly #batches: ColumnBatch[] = [];
  #from = 0;
  #builder: ColumnBuilder | null = null;

  constructor(head: StreamOperator<unknown, unknown>) {
    this.#head = head;
  }

  /** Records that are not processed yet. */
  get left(): number {
    let left = -this.#from;
    for (const { count } of this.#batches) left += count;
    return left;
  }

  begin(batch: ColumnBatch): void {
    this.#batches.push(batch);
  }

  beginRows(type: ValueType<unknown>, batch: RowBatch<unknown>): void {
    if (this.#builder?.layout !== layoutOf(type)) this.#builder = new ColumnBuilder(type);
    this.#batches.push(...columnsOfRows(this.#builder as ColumnBuilder, batch));
  }

  process(): void {
    const [batch] = this.#batches;
    if (batch === undefined) return;
    const { count } = batch;
    if (count > 0) {
      const taken = this.#head.processBatch?.(batch, this.#from) ?? count;
      assert(taken > this.#from && taken <= count, "processBatch answers how far it got");
      this.#from = taken;
      if (taken < count) return;
    }
    this.#from = 0;
    this.#batches.shift();
    batch.release();
  }

  close(): void {
    for (const batch of this.#batches.splice(0)) batch.release();
    this.#from = 0;
  }
}
