/**
 * Owns: the first of two phases of a GROUP BY in mini-batches: rows are added up in the subtask that has them, and what is emitted are states, a row for each group of a mini-batch.
 * Not here: the second one, where states of a key meet and are added to what was there (table-mini-batch.ts).
 *
 * SQMF1 It keeps nothing: what it has is emitted ahead of a checkpoint, as SQMT1. Its rows are the columns of the second phase's table.
 * SQMF2 Each phase waits half as long as a change may.
 */
import { assert } from "../../../base/index.ts";
import type { ColumnTable, OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, ColumnBuilder, hashKeyColumns, type ValueType } from "../../record/index.ts";
import type { AggregateNode, MiniBatch, PlanRow } from "../plan/plan-tree.ts";
import { PAGE_SLOTS } from "./accumulators/column-accumulator.ts";
import { refuseRow } from "./batches-only.ts";
import { MiniBatchEnd } from "./mini-batch-end.ts";
import { GROUPS } from "./state-names.ts";
import { hasDistinctCalls, partialRowType, TableAggregation } from "./table-aggregation.ts";

class LocalAggregate implements StreamOperator<unknown, unknown> {
  readonly #node: AggregateNode;
  readonly #miniBatch: MiniBatch;
  readonly #aggregation: TableAggregation;
  readonly #builder: ColumnBuilder;
  #hashes = new Int32Array(0);
  #newTable!: () => ColumnTable;
  #table!: ColumnTable;
  #output!: Output<unknown>;
  #end!: MiniBatchEnd;

  constructor(node: AggregateNode, miniBatch: MiniBatch, aggregation: TableAggregation) {
    this.#node = node;
    this.#miniBatch = miniBatch;
    this.#aggregation = aggregation;
    this.#builder = new ColumnBuilder(partialRowType(aggregation.descriptor), PAGE_SLOTS);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { looseTable } = context;
    assert(looseTable !== undefined, "rows are added up in a task");
    this.#newTable = () => looseTable(this.#aggregation.descriptor);
    this.#table = this.#newTable();
    this.#output = output;
    this.#end = new MiniBatchEnd(context, halved(this.#miniBatch), () => this.#emit());
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    // Hashes that the batch has are of another edge's key.
    if (this.#hashes.length < batch.size) this.#hashes = new Int32Array(batch.size);
    hashKeyColumns(batch, this.#node.groupBy, this.#hashes);
    for (let at = from, to = from; at < count; at = to) {
      to = Math.min(count, at + this.#end.room);
      this.#aggregation.add(this.#table, batch, rows.subarray(at, to), this.#hashes);
      this.#end.take(to - at);
      if (this.#end.room === 0) this.#emit();
    }
    return count;
  }

  beforeWatermark(): void {
    this.#emit();
  }

  prepareSnapshot(): void {
    this.#emit();
  }

  endInput(): void {
    this.#emit();
  }

  #emit(): void {
    const table = this.#table;
    if (table.size === 0) return;
    this.#end.begin();
    this.#table = this.#newTable();
    for (let page = 0; page * PAGE_SLOTS < table.size; page++) {
      const count = Math.min(PAGE_SLOTS, table.size - page * PAGE_SLOTS);
      this.#aggregation.partials(table, page, count, this.#builder.stores);
      this.#builder.count = count;
      const batch = this.#builder.take();
      this.#output.collectBatch(batch);
      batch.release();
    }
  }
}

/** SQMF2 */
export const halved = ({ size, latencyMs }: MiniBatch): MiniBatch => ({ size, latencyMs: Math.ceil(latencyMs / 2) });

/** Null: it takes more than states in columns, which are added up whatever their order. */
function aggregationOf({ input, calls, groupBy, ttl }: AggregateNode): TableAggregation | null {
  if (input.changes !== "append" || ttl !== undefined || calls.length === 0 || hasDistinctCalls(calls)) return null;
  return TableAggregation.of({ calls, groupBy, row: input.row }, { name: GROUPS });
}

export const hasPartials = (node: AggregateNode): boolean => aggregationOf(node) !== null;

/** Of what it emits, the columns of the key, and where they are; without keys none. */
export function partialKeysOf({ input, groupBy }: AggregateNode): {
  readonly row: PlanRow;
  readonly keys: readonly number[];
} {
  const row = groupBy.map((place, at) => ({ ...(input.row[place] as PlanRow[number]), name: `key${at}` }));
  return { row, keys: groupBy.map((_place, at) => at) };
}

/** Of a node in two phases. `type`: of its rows. */
export function localAggregateOperator(node: AggregateNode): {
  readonly logic: OperatorFactory<unknown, unknown>;
  readonly type: ValueType<unknown>;
} {
  const make = (): TableAggregation => aggregationOf(node) as TableAggregation;
  const create = (): LocalAggregate => new LocalAggregate(node, node.miniBatch as MiniBatch, make());
  return { logic: { kind: "operator", name: "localAggregate", create }, type: partialRowType(make().descriptor) };
}
