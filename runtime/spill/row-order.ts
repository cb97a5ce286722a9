/**
 * Owns: comparing rows that stand in columns, by a number first where there is one.
 * Not here: the order itself, which who sorts gives.
 *
 * RWO1 Of two rows with different numbers the one with the lower number comes first; for rows with the same number `compare` says it. So most comparisons look at two numbers.
 */
import type { Column, ColumnBatch } from "../record/index.ts";

export interface RowOrder {
  /**
   * RWO1: of the rows at the places `rows[0]` up to `rows[count - 1]`, into `into` from `at` on; none of them is NaN. False: the batch has no such numbers, and from then on
   * none are used.
   */
  numbers(batch: ColumnBatch, rows: Int32Array, count: number, into: Float64Array, at: number): boolean;
  /** Below zero: the left row comes first. */
  compare(left: readonly Column[], row: number, right: readonly Column[], place: number): number;
}

/** The order of one sort. */
export class Comparison {
  readonly #order: RowOrder;
  #hasNumbers = true;

  constructor(order: RowOrder) {
    this.#order = order;
  }

  /** As RowOrder; they are 0 where there are none. */
  fill(batch: ColumnBatch, rows: Int32Array, count: number, into: Float64Array, at: number): void {
    if (this.#hasNumbers) this.#hasNumbers = this.#order.numbers(batch, rows, count, into, at);
    if (!this.#hasNumbers) into.fill(0, at, at + count);
  }

  /** `one` and `other`: the numbers of the rows. */
  compare(
    one: number,
    left: readonly Column[],
    row: number,
    other: number,
    right: readonly Column[],
    place: number,
  ): number {
    if (this.#hasNumbers && one !== other) return one < other ? -1 : 1;
    return this.#order.compare(left, row, right, place);
  }
}
