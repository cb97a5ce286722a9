/**
 * Owns: the first or the last row of each key of a bounded input by time, at the end.
 * Not here: rows that change as others come (latest-rows.ts).
 *
 * SQBD1 Of rows with equal times the first is the one that came first, the last the one that came last (SQJD1).
 */
import type { OperatorFactory } from "../../ports/index.ts";
import { type ColumnBatch, ColumnBuilder } from "../../record/index.ts";
import type { DeduplicateNode, PlanColumn } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { BoundedSelection, declarationsOfSelection, type HeldRows } from "./bounded-selection.ts";
import { begins, type KeyedOrder, type SortedBatch } from "./keyed-sort.ts";
import { tableOfLatest } from "./table-latest.ts";

/** By the clock rows come in their order. */
function orderOf({ input, by, time }: DeduplicateNode): KeyedOrder {
  const isClock = (input.row[time] as PlanColumn).time === "proctime";
  return { row: input.row, keys: by, orderBy: isClock ? [] : [{ column: time, direction: "ASC", nulls: "FIRST" }] };
}

/** Its input comes by hash of the columns of `by`. */
export function boundedDeduplicate(node: DeduplicateNode): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "deduplicate",
    declares: declarationsOfSelection(orderOf(node), tableOfLatest(node)),
    spills: true,
    create: () => new BoundedDeduplicate(node, tableOfLatest(node)),
  };
}

class BoundedDeduplicate extends BoundedSelection {
  readonly #keepsLast: boolean;
  /** Of the last row of a batch: whether it is its key's last one is not known before the next batch. */
  readonly #builder: ColumnBuilder;
  #last: ColumnBatch | null = null;

  constructor(node: DeduplicateNode, held: HeldRows | null) {
    super(orderOf(node), held);
    this.#keepsLast = node.keep === "last";
    this.#builder = new ColumnBuilder(rowTypeOf(node.row), 1);
  }

  protected emitOf({ batch, begins: starts }: SortedBatch): void {
    const { rows, count } = batch;
    const selection = new Int32Array(count);
    let selected = 0;
    if (this.#keepsLast) {
      this.#endLast(starts[0] === begins.key);
      for (let row = 1; row < count; row++) if (starts[row] === begins.key) selection[selected++] = row - 1;
      this.#builder.append(batch, { rows, from: count - 1, to: count });
      this.#last = this.#builder.take();
    } else {
      for (let row = 0; row < count; row++) if (starts[row] === begins.key) selection[selected++] = row;
    }
    if (selected > 0) this.output.collectBatch(batch.select(selection, selected));
  }

  protected override onEnd(): void {
    this.#endLast(true);
  }

  #endLast(isShown: boolean): void {
    const last = this.#last;
    this.#last = null;
    if (last === null) return;
    if (isShown) this.output.collectBatch(last);
    last.release();
  }
}
