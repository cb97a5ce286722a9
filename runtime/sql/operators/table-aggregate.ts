/**
 * Owns: GROUP BY without a window where each key takes a few values and nothing is taken back: one column table, and changes that leave batch by batch.
 * Not here: every other one (aggregate.ts), which emits the same rows (SQOG1, SQOG3); mini-batches (table-mini-batch.ts), bounded inputs (bounded-aggregate.ts).
 *
 * SQTG1 The results before and after a record stand next to each other in the batch; a selection leaves out what changes nothing.
 */
import { assert } from "../../../base/index.ts";
import { type Column, type ColumnBatch, ColumnBuilder, rowKinds } from "../../record/index.ts";
import type {
  ColumnTable,
  OperatorContext,
  OperatorFactory,
  Output,
  SlicedTable,
  StreamOperator,
} from "../../ports/index.ts";
import type { AggregateNode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { changes, PAGE_SLOTS } from "./accumulators/column-accumulator.ts";
import { refuseRow } from "./batches-only.ts";
import { emptyRow, ownsEmptyKey } from "./empty-group.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { miniBatchOf } from "./mini-batch-end.ts";
import { GROUPS } from "./state-names.ts";
import { GROUPS_SLICE, operatorOf, TableAggregation } from "./table-aggregation.ts";
import { TableMiniBatch } from "./table-mini-batch.ts";

/** Records at a time: each may become two. */
const STEP = PAGE_SLOTS / 2;

class TableAggregate implements StreamOperator<unknown, unknown> {
  readonly #node: AggregateNode;
  readonly #aggregation: TableAggregation;
  readonly #keys: RowKeys;
  readonly #builder: ColumnBuilder;
  readonly #outcomes = new Uint8Array(STEP);
  readonly #twice = new Int32Array(PAGE_SLOTS);
  readonly #selection = new Int32Array(PAGE_SLOTS);
  #tables!: SlicedTable;
  #output!: Output<unknown>;
  #ownsEmptyKey = false;

  constructor(node: AggregateNode, aggregation: TableAggregation) {
    this.#node = node;
    this.#aggregation = aggregation;
    this.#keys = new RowKeys(node.input.row, node.groupBy);
    this.#builder = new ColumnBuilder(rowTypeOf(node.row), PAGE_SLOTS);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#tables = this.#aggregation.open(context);
    this.#output = output;
    this.#ownsEmptyKey = ownsEmptyKey(this.#node, context);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    const hashes = this.#keys.hashes(batch);
    const table = this.#tables.table(GROUPS_SLICE);
    for (let at = from; at < count; at += STEP)
      this.#change(table, batch, { rows: rows.subarray(at, Math.min(count, at + STEP)), hashes });
    return count;
  }

  endInput(): void {
    const table = this.#tables.find(GROUPS_SLICE);
    if (table === null || table.size === 0) {
      if (!this.#ownsEmptyKey) return;
      const emitter = new ChangeEmitter(this.#node, this.#output);
      emitter.insert(emptyRow(this.#node));
      emitter.flush();
    }
  }

  #change(
    table: ColumnTable,
    batch: ColumnBatch,
    { rows, hashes }: { readonly rows: Int32Array; readonly hashes: Int32Array },
  ): void {
    const builder = this.#builder;
    const { stores } = builder;
    const outcomes = this.#outcomes;
    const size = rows.length;
    this.#aggregation.step(table, batch, { rows, hashes, stores, outcomes });
    for (let at = 0; at < size; at++) this.#twice[2 * at] = this.#twice[2 * at + 1] = rows[at] as number;
    for (const [key, place] of this.#node.groupBy.entries())
      stores[key]?.gather(batch.columns[place] as Column, { rows: this.#twice, from: 0, to: 2 * size, at: 0 });
    builder.count = 2 * size;
    const selected = this.#select(size);
    const made = builder.take();
    if (selected > 0) this.#output.collectBatch(made.select(this.#selection, selected));
    made.release();
  }

  /** Lists what changes in `#selection`, with its kind; answers how much that is. */
  #select(size: number): number {
    const { changes: wanted } = this.#node;
    const selection = this.#selection;
    let selected = 0;
    // Nothing but inserts has no kinds (CBU2).
    let kinds: Uint8Array | null = null;
    for (let at = 0; at < size; at++) {
      const outcome = this.#outcomes[at];
      if (outcome === changes.none) continue;
      if (outcome === changes.insert) {
        if (kinds !== null) kinds[2 * at + 1] = rowKinds.insert;
        selection[selected++] = 2 * at + 1;
        continue;
      }
      assert(wanted !== "append", "an operator that only appends updates no row");
      kinds ??= this.#builder.rowKinds();
      kinds[2 * at] = rowKinds.updateBefore;
      kinds[2 * at + 1] = rowKinds.updateAfter;
      if (wanted === "retract") selection[selected++] = 2 * at;
      selection[selected++] = 2 * at + 1;
    }
    return selected;
  }
}

/** Null: the node needs more than tables hold; then aggregateOperator makes another. */
export function tableAggregate(node: AggregateNode): OperatorFactory<unknown, unknown> | null {
  const { input, calls, groupBy } = node;
  if (input.changes !== "append") return null;
  return operatorOf(
    "aggregate",
    () => TableAggregation.of({ calls, groupBy, row: input.row }, { name: GROUPS, takesDistinct: true }),
    (aggregation) => {
      const miniBatch = miniBatchOf(node);
      return miniBatch === null
        ? new TableAggregate(node, aggregation)
        : new TableMiniBatch(node, miniBatch, aggregation);
    },
  );
}
