/**
 * Owns: GROUP BY without a window: of each key one row, that changes as rows come and are taken back. Without calls: DISTINCT.
 * Not here: what the functions do (accumulators/), rows of windows (window-aggregate.ts), mini-batches (aggregate-mini-batch.ts), bounded inputs (bounded-aggregate.ts).
 *
 * SQOG1 A key's first row is an insert, further ones update it when its result changes, and when its last row is taken back it is deleted, as in Flink. What is taken
 *     back of a key that has no rows is left out.
 * SQOG3 Without keys there is a row of no input, too: at the end, by the subtask that owns the empty key.
 */
import { assert } from "../../../base/index.ts";
import {
  type Column,
  type ColumnBatch,
  type ColumnField,
  describeType,
  isAdded,
  type Key,
  keyHash,
  valueAt,
} from "../../record/index.ts";
import type {
  EmissionDesk,
  KeyedOperatorState,
  OperatorContext,
  OperatorFactory,
  Output,
  StreamOperator,
  ValueState,
} from "../../ports/index.ts";
import type { AggregateNode, PlanMode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { GroupMiniBatch } from "./aggregate-mini-batch.ts";
import { Aggregation, type AggregationState } from "./aggregation.ts";
import { refuseRow } from "./batches-only.ts";
import { boundedAggregate } from "./bounded-aggregate.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { emptyRow, ownsEmptyKey } from "./empty-group.ts";
import { miniBatchOf } from "./mini-batch-end.ts";
import { GROUPS } from "./state-names.ts";
import { tableAggregate } from "./table-aggregate.ts";

class GroupAggregate implements StreamOperator<unknown, unknown> {
  readonly #node: AggregateNode;
  readonly #aggregation: Aggregation;
  readonly #keys: RowKeys;
  #keyed!: KeyedOperatorState;
  #groups!: ValueState<AggregationState>;
  #emitter!: ChangeEmitter;
  #desk: EmissionDesk | null = null;
  #ownsEmptyKey = false;

  constructor(node: AggregateNode, aggregation: Aggregation) {
    this.#node = node;
    this.#aggregation = aggregation;
    this.#keys = new RowKeys(node.input.row, node.groupBy);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { keyed } = context;
    assert(keyed !== null, "rows come to an aggregate by its keys");
    this.#keyed = keyed;
    this.#aggregation.open(keyed);
    this.#groups = keyed.value({ name: GROUPS, type: this.#aggregation.type });
    // SQZO3
    this.#emitter = new ChangeEmitter(this.#node, output, this.#node.ttl !== undefined);
    this.#desk = context.emission ?? null;
    this.#ownsEmptyKey = ownsEmptyKey(this.#node, context);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    const hashes = this.#keys.hashes(batch);
    this.#aggregation.use(batch);
    let at = from;
    while (at < count) {
      const row = rows[at] as number;
      at += 1;
      this.#keyed.setCurrentKey(this.#keys.at(batch, row), hashes[row] as number);
      this.#change(batch, row);
      if (this.#desk?.isPaused === true) break;
    }
    this.#emitter.flush();
    return at;
  }

  endInput(): void {
    if (this.#ownsEmptyKey) this.#emitEmpty();
    this.#emitter.flush();
  }

  #change(batch: ColumnBatch, row: number): void {
    const isNew = isAdded(batch.rowKindAt(row));
    const found = this.#groups.value();
    if (found === undefined && !isNew) return;
    const state = found ?? this.#aggregation.create();
    const keys = this.#keyValues(batch, row);
    const before = [...keys];
    if (found !== undefined) this.#aggregation.results(found, before);
    if (isNew) this.#aggregation.add(state, row);
    else this.#aggregation.retract(state, row);
    if (state.rows === 0) {
      this.#groups.clear();
      this.#aggregation.clear();
      this.#emitter.delete(before);
      return;
    }
    this.#groups.update(state);
    this.#aggregation.results(state, keys);
    if (found === undefined) this.#emitter.insert(keys);
    else this.#emitter.update(before, keys);
  }

  #keyValues({ columns, layout }: ColumnBatch, row: number): unknown[] {
    return this.#node.groupBy.map((place) =>
      valueAt(columns[place] as Column, layout.fields[place] as ColumnField, row),
    );
  }

  #emitEmpty(): void {
    const key: Key = [];
    this.#keyed.setCurrentKey(key, keyHash(key));
    if (this.#groups.value() !== undefined) return;
    this.#emitter.insert(emptyRow(this.#node));
  }
}

/** Its input comes by hash of the columns of `groupBy`. Errors: JOB_GRAPH_INVALID. */
export function aggregateOperator(node: AggregateNode, mode: PlanMode): OperatorFactory<unknown, unknown> {
  if (mode === "batch") return boundedAggregate(node);
  // Keys of a table are never taken out of it one by one.
  const overTable = node.ttl === undefined ? tableAggregate(node) : null;
  if (overTable !== null) return overTable;
  const make = (): Aggregation =>
    new Aggregation(node.calls, node.input.row, { retracts: node.input.changes !== "append", countsInState: true });
  const declared = make();
  const miniBatch = miniBatchOf(node);
  return {
    kind: "operator",
    name: "aggregate",
    declares: [{ name: GROUPS, kind: "value", type: describeType(declared.type) }, ...declared.declarations],
    create: () => (miniBatch === null ? new GroupAggregate(node, make()) : new GroupMiniBatch(node, miniBatch, make())),
  };
}
