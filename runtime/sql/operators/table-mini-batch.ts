/**
 * Owns: GROUP BY in a column table whose changes leave once for each mini-batch: what changed in a group is one update, from its row that was emitted last.
 * Not here: the same without mini-batches (table-aggregate.ts), that over keyed values (aggregate-mini-batch.ts). State is the same in both.
 *
 * SQMT1 Rows are added up at once; what is pending is only what to emit. So it is emitted ahead of a checkpoint, and no state has it; ahead of a watermark; and at the end.
 * SQMT2 What changed and changed back is no change.
 */
import type { ColumnBatch } from "../../record/index.ts";
import type { OperatorContext, Output, SlicedTable, StreamOperator } from "../../ports/index.ts";
import type { AggregateNode, MiniBatch } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { refuseRow } from "./batches-only.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { emptyRow, ownsEmptyKey } from "./empty-group.ts";
import { halved, partialKeysOf } from "./local-aggregate.ts";
import { MiniBatchEnd } from "./mini-batch-end.ts";
import { PendingGroups } from "./pending-groups.ts";
import { GROUPS_SLICE, type TableAggregation } from "./table-aggregation.ts";
import { always } from "./may-go-on.ts";

export class TableMiniBatch implements StreamOperator<unknown, unknown> {
  readonly #node: AggregateNode;
  /** Its input are the states of localAggregateOperator. */
  readonly #isSecondPhase: boolean;
  readonly #miniBatch: MiniBatch;
  readonly #aggregation: TableAggregation;
  readonly #keys: RowKeys;
  #tables!: SlicedTable;
  #output!: Output<unknown>;
  #end!: MiniBatchEnd;
  #pending!: PendingGroups;
  #ownsEmptyKey = false;

  constructor(node: AggregateNode, miniBatch: MiniBatch, aggregation: TableAggregation) {
    this.#node = node;
    this.#isSecondPhase = node.isTwoPhase === true;
    this.#miniBatch = this.#isSecondPhase ? halved(miniBatch) : miniBatch;
    this.#aggregation = aggregation;
    const { row, keys } = this.#isSecondPhase ? partialKeysOf(node) : { row: node.input.row, keys: node.groupBy };
    this.#keys = new RowKeys(row, keys);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#tables = this.#aggregation.open(context);
    this.#output = output;
    this.#pending = new PendingGroups(this.#node, this.#aggregation, output);
    this.#end = new MiniBatchEnd(context, this.#miniBatch, () => this.#emit());
    this.#ownsEmptyKey = ownsEmptyKey(this.#node, context);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    const hashes = this.#keys.hashes(batch);
    const table = this.#tables.table(GROUPS_SLICE);
    for (let at = from, to = from; at < count; at = to) {
      to = Math.min(count, at + this.#pending.room, at + this.#end.room);
      const known = table.size;
      const part = rows.subarray(at, to);
      const records = this.#isSecondPhase
        ? this.#aggregation.findPartials(table, batch, part, hashes)
        : this.#aggregation.find(table, batch, part, hashes);
      this.#pending.note(table, records.slots, records.count, known);
      if (this.#isSecondPhase) this.#aggregation.addPartials(table, batch, records);
      else this.#aggregation.addFound(table, batch, records, hashes);
      this.#end.take(to - at);
      if (this.#end.room === 0) this.#emit();
    }
    return count;
  }

  reachWatermark(_watermark: number, mayGoOn: () => boolean): boolean {
    return this.#emit(mayGoOn);
  }

  prepareSnapshot(): void {
    this.#emit();
  }

  endInput(): void {
    this.#emit();
    const isEmpty = (this.#tables.find(GROUPS_SLICE)?.size ?? 0) === 0;
    if (!isEmpty || !this.#ownsEmptyKey) return;
    const emitter = new ChangeEmitter(this.#node, this.#output);
    emitter.insert(emptyRow(this.#node));
    emitter.flush();
  }

  #emit(mayGoOn: () => boolean = always): boolean {
    const table = this.#tables.find(GROUPS_SLICE);
    if (table !== null && !this.#pending.emit(table, mayGoOn)) return false;
    this.#end.begin();
    return true;
  }
}
