/**
 * Owns: rows in memory that are sorted together: pages as they came, and their order.
 *
 * RCK1 Rows that the order does not tell apart stay as they came.
 * RCK2 What is sorted are numbers of rows; rows stay where they are.
 */
import type { Column, ColumnBatch } from "../record/index.ts";
import type { Comparison } from "./row-order.ts";

/** So few are sorted by insertion. */
const FEW = 8;

export class RowChunk {
  readonly pages: readonly ColumnBatch[];
  readonly rows: number;
  /** Of each row its number (RWO1), as the rows came. */
  readonly numbers: Float64Array;
  /** Numbers of rows: of its page in the upper bits, its place in the page in the lower ones. */
  readonly order: Int32Array;
  readonly #pageBits: number;
  readonly #comparison: Comparison;

  /** `pages`: all but the last one have 2^pageBits rows. */
  constructor(pages: readonly ColumnBatch[], pageBits: number, comparison: Comparison) {
    this.pages = pages;
    this.#pageBits = pageBits;
    this.#comparison = comparison;
    this.rows = pages.reduce((sum, { count }) => sum + count, 0);
    this.numbers = new Float64Array(this.rows);
    for (const [at, page] of pages.entries())
      comparison.fill(page, page.rows, page.count, this.numbers, at << pageBits);
    this.order = this.#sorted();
  }

  columnsAt(row: number): readonly Column[] {
    return (this.pages[row >> this.#pageBits] as ColumnBatch).columns;
  }

  pageOf(row: number): number {
    return row >> this.#pageBits;
  }

  placeOf(row: number): number {
    return row & ((1 << this.#pageBits) - 1);
  }

  /** Runs that double in length are merged, back and forth between two arrays. */
  #sorted(): Int32Array {
    const { rows } = this;
    let from = Int32Array.from({ length: rows }, (_none, row) => row);
    let to = new Int32Array(rows);
    for (let first = 0; first < rows; first += FEW) this.#insert(from, first, Math.min(rows, first + FEW));
    for (let width = FEW; width < rows; width *= 2) {
      for (let first = 0; first < rows; first += 2 * width) {
        const middle = Math.min(rows, first + width);
        this.#merge(from, to, { first, middle, end: Math.min(rows, first + 2 * width) });
      }
      [from, to] = [to, from];
    }
    return from;
  }

  #insert(order: Int32Array, first: number, end: number): void {
    for (let at = first + 1; at < end; at++) {
      const row = order[at] as number;
      let place = at;
      for (; place > first && this.#compare(order[place - 1] as number, row) > 0; place--)
        order[place] = order[place - 1] as number;
      order[place] = row;
    }
  }

  /** RCK1: of equal ones the left one goes first. */
  #merge(
    from: Int32Array,
    to: Int32Array,
    { first, middle, end }: { readonly first: number; readonly middle: number; readonly end: number },
  ): void {
    if (middle >= end || this.#compare(from[middle - 1] as number, from[middle] as number) <= 0) {
      to.set(from.subarray(first, end), first);
      return;
    }
    let left = first;
    let right = middle;
    for (let at = first; at < end; at++) {
      const takesLeft =
        right >= end || (left < middle && this.#compare(from[left] as number, from[right] as number) <= 0);
      to[at] = from[takesLeft ? left++ : right++] as number;
    }
  }

  #compare(one: number, other: number): number {
    const { numbers } = this;
    const [left, right] = [numbers[one] as number, numbers[other] as number];
    return this.#comparison.compare(
      left,
      this.columnsAt(one),
      this.placeOf(one),
      right,
      this.columnsAt(other),
      this.placeOf(other),
    );
  }
}
