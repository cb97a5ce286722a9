/**
 * Owns: the loop over the records of batches of columns at the head of a chain of columns, until they are done or the task is to pause (TK2).
 * Called by: task.ts. Beside row-loop.ts, of which the head of a chain of rows has the same.
 *
 * CLP1 A batch is released as soon as the head has taken it: it may lie in a segment that its sender waits for.
 * CLP2 A head of columns that gets rows gets them as batches, unless it takes rows, too; a head of rows that gets columns gets row objects (COJ1).
 * CLP3 Batches of the first input go to `processBatch`, those of others to `processInputBatch`, as they are: with their row kinds.
 */
import { assert } from "../../base/index.ts";
import { type ColumnBatch, ColumnBuilder, columnsOfRows, type RowBatch, type ValueType } from "../record/index.ts";
import type { StreamOperator } from "../ports/index.ts";

export class ColumnLoop {
  readonly #head: StreamOperator<unknown, unknown>;
  readonly #batches: { readonly input: number; readonly batch: ColumnBatch }[] = [];
  #from = 0;
  /** By the type of their rows: inputs have types of their own. */
  readonly #builders = new Map<ValueType<unknown>, ColumnBuilder>();

  constructor(head: StreamOperator<unknown, unknown>) {
    this.#head = head;
  }

  /** Records that are not processed yet. */
  get left(): number {
    let left = -this.#from;
    for (const { batch } of this.#batches) left += batch.count;
    return left;
  }

  /** Whether the head takes rows of the first input as they are. */
  get takesRows(): boolean {
    return this.#head.takesRows === true;
  }

  /** Whether the head takes batches of this input. */
  takes(input: number): boolean {
    return input === 0 ? this.#head.wantsRows !== true : this.#head.processInputBatch !== undefined;
  }

  begin(batch: ColumnBatch, input: number): void {
    this.#batches.push({ input, batch });
  }

  beginRows(
    rows: RowBatch<unknown>,
    { input, type }: { readonly input: number; readonly type: ValueType<unknown> },
  ): void {
    let builder = this.#builders.get(type);
    if (builder === undefined) {
      builder = new ColumnBuilder(type);
      this.#builders.set(type, builder);
    }
    for (const batch of columnsOfRows(builder, rows)) this.begin(batch, input);
  }

  process(): void {
    const [next] = this.#batches;
    if (next === undefined) return;
    const { batch, input } = next;
    const { count } = batch;
    if (count > 0) {
      const taken = this.#give(batch, input) ?? count;
      assert(taken > this.#from && taken <= count, "an operator of batches answers how far it got");
      this.#from = taken;
      if (taken < count) return;
    }
    this.#from = 0;
    this.#batches.shift();
    batch.release();
  }

  close(): void {
    for (const { batch } of this.#batches.splice(0)) batch.release();
    this.#from = 0;
  }

  /** CLP3 */
  #give(batch: ColumnBatch, input: number): number | undefined {
    return input === 0
      ? this.#head.processBatch?.(batch, this.#from)
      : this.#head.processInputBatch?.(input, batch, this.#from);
  }
}
