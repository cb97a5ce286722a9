/**
 * Owns: GROUP BY over a bounded input: of each key one row, at the end.
 * Not here: how groups are kept, in a table or as objects (bounded-groups.ts), changes (aggregate.ts, table-aggregate.ts).
 *
 * SQBG3 In batch mode a key's row is emitted once, at the end.
 * SQBG1 When groups take up the budget no more of them are begun: rows of other keys go into files, in parts by the hash of their key. At the end each part is taken in like an input.
 * SQBG4 From then on values of DISTINCT that are not there go into files, too; those that are go on counting once (SQLV1).
 * SQBG2 All rows of a key are taken in together, in the order in which they came: its group is begun in memory or it is in one part.
 */
import type { OperatorContext, OperatorFactory, Output, SpillSpace, StreamOperator } from "../../ports/index.ts";
import type { ColumnBatch } from "../../record/index.ts";
import { LEVELS_MAX, PartitionedRows, type RowPart, SteppedWork } from "../../spill/index.ts";
import type { AggregateNode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { refuseRow } from "./batches-only.ts";
import { type BoundedGroups, groupsOf } from "./bounded-groups.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { emptyRow, ownsEmptyKey } from "./empty-group.ts";
import { spilledBytes, spilledState } from "./spilling.ts";

/** Of the budget: what values of DISTINCT take at the end that were left, beside the groups. */
const VALUES_SHARE = 1 / 2;

/** Errors: JOB_GRAPH_INVALID. */
export function boundedAggregate(node: AggregateNode): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "aggregate",
    declares: groupsOf(node).declarations,
    spills: true,
    create: () => new BoundedAggregate(node, groupsOf(node)),
  };
}

class BoundedAggregate implements StreamOperator<unknown, unknown> {
  readonly #node: AggregateNode;
  readonly #groups: BoundedGroups;
  readonly #keys: RowKeys;
  #output!: Output<unknown>;
  #space: SpillSpace | null = null;
  #onSpill!: (bytes: number) => void;
  #work!: SteppedWork;
  #ownsEmptyKey = false;
  /** Rows of keys that have no group. */
  #left: PartitionedRows | null = null;
  /** Those of parts whose level is not done: the deepest last. */
  readonly #parted: PartitionedRows[] = [];

  constructor(node: AggregateNode, groups: BoundedGroups) {
    this.#node = node;
    this.#groups = groups;
    this.#keys = new RowKeys(node.input.row, node.groupBy);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#output = output;
    this.#groups.open(context, output);
    this.#space = context.spill ?? null;
    this.#onSpill = spilledBytes(context);
    this.#work = new SteppedWork(context.emission ?? null);
    this.#ownsEmptyKey = ownsEmptyKey(this.#node, context);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    this.#take(batch, batch.rows.subarray(from, batch.count), this.#keys.hashes(batch), 0);
    return batch.count;
  }

  prepareSnapshot(): void {
    this.#work.finish();
    if (this.#left !== null || this.#groups.hasLeftValues) throw spilledState();
  }

  endInput(): void {
    this.#work.start(this.#end());
  }

  close(): void {
    this.#work.close();
    this.#left?.close();
    this.#groups.close();
    for (const parted of this.#parted.splice(0)) parted.close();
  }

  /** SQBG1. The last levels' rows are not told apart any more: they are taken in whatever they take. */
  #take(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array, level: number): void {
    const groups = this.#groups;
    const space = this.#space;
    if (space === null || level === LEVELS_MAX || (this.#left === null && groups.bytes <= space.budgetBytes)) {
      groups.add(batch, rows, hashes);
      return;
    }
    groups.leaveValues({ space, budgetBytes: space.budgetBytes * VALUES_SHARE, onSpill: this.#onSpill });
    const count = groups.addKnown(batch, rows, hashes);
    if (count === 0) return;
    this.#left ??= new PartitionedRows({
      type: rowTypeOf(this.#node.input.row),
      space,
      budgetBytes: 0,
      level,
      onSpill: this.#onSpill,
    });
    this.#left.add(batch, groups.unknown, count, hashes);
  }

  *#end(): Generator<void> {
    const hasRows = this.#groups.size > 0;
    yield* this.#emit(0);
    if (hasRows || !this.#ownsEmptyKey) return;
    const emitter = new ChangeEmitter(this.#node, this.#output);
    emitter.insert(emptyRow(this.#node));
    emitter.flush();
  }

  /** All groups, and then those of the rows that are left, part by part. */
  *#emit(level: number): Generator<void> {
    yield* this.#groups.emit();
    const left = this.#left;
    this.#left = null;
    if (left === null) return;
    this.#parted.push(left);
    for (const part of left.parts()) yield* this.#takePart(part, level + 1);
    this.#parted.pop();
    left.close();
  }

  *#takePart(part: RowPart, level: number): Generator<void> {
    for (const batch of part.batches()) {
      this.#take(batch, batch.rows.subarray(0, batch.count), this.#keys.hashes(batch), level);
      yield;
    }
    yield* this.#emit(level);
  }
}
