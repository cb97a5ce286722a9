/**
 * Owns: what the operators of joins have in common: two inputs of batches, their keys, the rows that they keep, what they emit.
 * Called by: the task (batches, watermarks); the joins extend it.
 *
 * SQJU1 NULL equals nothing: a row with NULL in a key has no match.
 */
import { assert } from "../../../base/index.ts";
import {
  NO_SLOT,
  type OperatorContext,
  type Output,
  type RowTable,
  type SlicedRows,
  type StreamOperator,
} from "../../ports/index.ts";
import type { Column, ColumnBatch } from "../../record/index.ts";
import type { IntervalJoinNode, JoinNode, WindowJoinNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow } from "./batches-only.ts";
import { hasNullIn, nullableAmong, SideKeys, type SidePlans } from "./join-sides.ts";
import { JoinPairs } from "./join-pairs.ts";
import { PairEmitter } from "./pair-emitter.ts";

/** Records of one input: `first` of each is the row of the other side that its chain begins with. */
export type Arrived = {
  readonly input: 0 | 1;
  readonly columns: readonly Column[];
  readonly hashes: Int32Array;
  /** Places. */
  readonly rows: Int32Array;
  readonly keys: readonly Column[];
  /** Those of the keys that may be NULL. */
  readonly nullable: readonly Column[];
};

export abstract class JoinOperator implements StreamOperator<unknown, unknown> {
  readonly #node: JoinNode | IntervalJoinNode | WindowJoinNode;
  readonly #keys: readonly [SideKeys, SideKeys];
  protected readonly plans: SidePlans;
  protected readonly pairs: JoinPairs;
  protected context!: OperatorContext;
  protected output!: Output<unknown>;
  protected emitter!: PairEmitter;
  protected sides!: readonly [SlicedRows, SlicedRows];
  #first = new Int32Array(0);

  constructor(node: JoinNode | IntervalJoinNode | WindowJoinNode, plans: SidePlans, session: SqlSession) {
    this.#node = node;
    this.plans = plans;
    this.#keys = [new SideKeys(plans[0]), new SideKeys(plans[1])];
    this.pairs = new JoinPairs(node, session);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { keyed } = context;
    assert(keyed !== null, `operator "${context.name}" is keyed`);
    this.context = context;
    this.output = output;
    this.emitter = new PairEmitter(this.#node, output);
    this.sides = [keyed.slicedRows(this.plans[0].table), keyed.slicedRows(this.plans[1].table)];
    this.onOpen(context);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    return this.#take(0, batch, from);
  }

  processInputBatch(input: number, batch: ColumnBatch, from: number): number {
    return this.#take(input as 0 | 1, batch, from);
  }

  protected onOpen(_context: OperatorContext): void {}

  /** Answers how many of the records it took. */
  protected abstract onRecords(arrived: Arrived, batch: ColumnBatch, from: number): number;

  protected arrived(
    input: 0 | 1,
    columns: readonly Column[],
    { hashes, rows }: { readonly hashes: Int32Array; readonly rows: Int32Array },
  ): Arrived {
    const keys = this.#keys[input].columns(columns);
    return { input, columns, hashes, rows, keys, nullable: nullableAmong(keys) };
  }

  /** By number of the record: the first row of that table with its key, or NO_SLOT (SQJU1). Valid until the next call. */
  protected firstIn(table: RowTable, { keys, hashes, rows, nullable }: Arrived): Int32Array {
    const count = rows.length;
    if (this.#first.length < count) this.#first = new Int32Array(count);
    const first = this.#first;
    table.find({ keys, hashes, rows, count }, first);
    if (nullable.length > 0)
      for (let at = 0; at < count; at++) if (hasNullIn(nullable, rows[at] as number)) first[at] = NO_SLOT;
    return first;
  }

  #take(input: 0 | 1, batch: ColumnBatch, from: number): number {
    const hashes = this.#keys[input].rows.hashes(batch);
    const rows = batch.rows.subarray(from, batch.count);
    const taken = this.onRecords(this.arrived(input, batch.columns, { hashes, rows }), batch, from);
    this.emitter.flush();
    return from + taken;
  }
}
