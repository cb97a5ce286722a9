/**
 * Owns: the join of rows of bounded inputs whose times are not too far apart, whatever memory holds.
 * Not here: which rows meet, and what is emitted of a row alone (interval-join.ts).
 *
 * SQBI1 Both inputs are sorted by key and time, and go through the join of streams together: of one key after the other it keeps what it would keep of a stream in order. It is told no watermark,
 *     which would make rows of the next key late, but when to let go of rows that nothing can come to any more.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, type Float64Column, isNull, MAX_WATERMARK } from "../../record/index.ts";
import type { IntervalJoinNode } from "../plan/plan-tree.ts";
import { refuseRow } from "./batches-only.ts";
import { declarationsOfSides, type SortedSide, SortedSides } from "./sorted-sides.ts";

/** Of the operator's memory, for the sort of each side. */
const SHARE = 3 / 8;

/** `join`: that of streams. */
export function boundedIntervalJoin(
  node: IntervalJoinNode,
  join: OperatorFactory<unknown, unknown>,
): OperatorFactory<unknown, unknown> {
  return {
    ...join,
    declares: [...(join.declares ?? []), ...declarationsOfSides(node)],
    spills: true,
    create: () => new BoundedIntervalJoin(node, join.create()),
  };
}

class BoundedIntervalJoin implements StreamOperator<unknown, unknown> {
  readonly #node: IntervalJoinNode;
  readonly #join: StreamOperator<unknown, unknown>;
  #sorted!: SortedSides;

  constructor(node: IntervalJoinNode, join: StreamOperator<unknown, unknown>) {
    this.#node = node;
    this.#join = join;
  }

  open(context: OperatorContext, output: Output<unknown>): void | Promise<void> {
    this.#sorted = new SortedSides(this.#node, context, SHARE);
    return this.#join.open?.(context, output);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    return this.processInputBatch(0, batch, from);
  }

  processInputBatch(input: number, batch: ColumnBatch, from: number): number {
    this.#sorted.add(input as 0 | 1, batch, from);
    return batch.count;
  }

  prepareSnapshot(checkpointId: number): void | Promise<void> {
    this.#sorted.save();
    return this.#join.prepareSnapshot?.(checkpointId);
  }

  endInput(): void {
    this.#sorted.work.start(this.#end());
  }

  close(): void | Promise<void> {
    this.#sorted.close();
    return this.#join.close?.();
  }

  /** SQBI1. Of both pages the rows up to the end of that which ends first, again and again. */
  *#end(): Generator<void> {
    const [left, right] = this.#sorted.sides;
    yield* left.turn();
    yield* right.turn();
    while (left.hasRows || right.hasRows) {
      const bound = this.#firstEnding(left, right);
      const other = bound === left ? right : left;
      if (other.hasRows) yield* this.#give(other, this.#countUpTo(other, bound));
      yield* this.#give(bound, bound.last + 1);
      const goOn = [yield* this.#hasMore(other, bound), yield* this.#hasMore(bound, bound)];
      const times = [other, bound].flatMap((side, at) => (goOn[at] === true ? [timeOf(side)] : []));
      yield* this.#letGo(Math.min(MAX_WATERMARK, ...times.map((time) => time - 1)));
    }
  }

  /** Whether the side has more rows of the key that the page of `bound` ends with; then the row that comes next is one. */
  *#hasMore(side: SortedSide, bound: SortedSide): Generator<void, boolean> {
    if (!side.hasRows) return false;
    if (side.row <= side.last) return this.#sorted.compareKeys(side, side.row, bound, bound.last) === 0;
    // It ends with that key, too.
    yield* side.turn();
    return side.hasRows && !side.beginsKey;
  }

  /** The side whose page ends with the row that comes first. */
  #firstEnding(left: SortedSide, right: SortedSide): SortedSide {
    if (!left.hasRows || !right.hasRows) return left.hasRows ? left : right;
    return this.#sorted.compare(left, left.last, right, right.last) <= 0 ? left : right;
  }

  /** The first row of the page that comes behind the last one of the other page. */
  #countUpTo(side: SortedSide, bound: SortedSide): number {
    let low = side.row;
    let high = side.last + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted.compare(side, middle, bound, bound.last) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  *#give(side: SortedSide, until: number): Generator<void> {
    const { page, row } = side;
    const input = side === this.#sorted.sides[0] ? 0 : 1;
    side.row = until;
    if (until === row) return;
    const batch = page.select(page.rows.subarray(row, until), until - row);
    for (let from = 0; from < batch.count; ) {
      from =
        (input === 0 ? this.#join.processBatch?.(batch, from) : this.#join.processInputBatch?.(input, batch, from)) ??
        batch.count;
      yield;
    }
  }

  /** Rows of the keys before, and of that key those that no row of that time or a later one comes to. */
  *#letGo(time: number): Generator<void> {
    while (this.#join.reachWatermark?.(time, () => false) === false) yield;
  }
}

/** Of the row that comes next; without a time: before all others. */
function timeOf({ view, row }: SortedSide): number {
  const { values, nulls } = view.at(-1) as Float64Column;
  return nulls !== null && isNull(nulls, row) ? Number.NEGATIVE_INFINITY : (values[row] as number);
}
