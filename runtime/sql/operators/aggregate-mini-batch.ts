/**
 * Owns: GROUP BY over keyed values whose changes leave once for each mini-batch: of each group one, from its row that was emitted last to that at the end.
 * Not here: the same without mini-batches (aggregate.ts), that in column tables (table-mini-batch.ts). State is the same in both.
 *
 * SQMK1 As SQMT1 and SQMT2: rows are added up at once, and nothing is pending at a checkpoint.
 * SQMK2 Of state that expires a group's row is known while it is pending, whatever becomes of its state; one that was only written is emitted (SQZO3).
 */
import { assert } from "../../../base/index.ts";
import {
  type Column,
  type ColumnBatch,
  type ColumnField,
  isAdded,
  type Key,
  keyHash,
  keyIdentity,
  type KeyIdentity,
  valueAt,
} from "../../record/index.ts";
import type {
  EmissionDesk,
  KeyedOperatorState,
  OperatorContext,
  Output,
  StreamOperator,
  ValueState,
} from "../../ports/index.ts";
import type { AggregateNode, MiniBatch } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import type { Aggregation, AggregationState } from "./aggregation.ts";
import { refuseRow } from "./batches-only.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { emptyRow, ownsEmptyKey } from "./empty-group.ts";
import { MiniBatchEnd } from "./mini-batch-end.ts";
import { always } from "./may-go-on.ts";
import { GROUPS } from "./state-names.ts";

/** Groups between two questions whether there is room. */
const PORTION = 1024;

type Values = readonly unknown[];

type Pending = {
  readonly key: Key;
  readonly hash: number;
  /** The columns of GROUP BY. */
  readonly keys: Values;
  /** As it was emitted last; null: there was none. */
  readonly before: Values | null;
  /** Of state that expires: as it is now; null: it is gone. */
  after: Values | null;
};

export class GroupMiniBatch implements StreamOperator<unknown, unknown> {
  readonly #node: AggregateNode;
  readonly #miniBatch: MiniBatch;
  readonly #aggregation: Aggregation;
  readonly #keys: RowKeys;
  readonly #expires: boolean;
  readonly #pending = new Map<KeyIdentity, Pending>();
  #keyed!: KeyedOperatorState;
  #groups!: ValueState<AggregationState>;
  #emitter!: ChangeEmitter;
  #end!: MiniBatchEnd;
  #desk: EmissionDesk | null = null;
  #ownsEmptyKey = false;

  constructor(node: AggregateNode, miniBatch: MiniBatch, aggregation: Aggregation) {
    this.#node = node;
    this.#miniBatch = miniBatch;
    this.#aggregation = aggregation;
    this.#keys = new RowKeys(node.input.row, node.groupBy);
    this.#expires = node.ttl !== undefined;
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    const { keyed } = context;
    assert(keyed !== null, "rows come to an aggregate by its keys");
    this.#keyed = keyed;
    this.#aggregation.open(keyed);
    this.#groups = keyed.value({ name: GROUPS, type: this.#aggregation.type });
    this.#emitter = new ChangeEmitter(this.#node, output, this.#expires);
    this.#end = new MiniBatchEnd(context, this.#miniBatch, () => this.#emit());
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
      const key = this.#keys.at(batch, row);
      const hash = hashes[row] as number;
      this.#keyed.setCurrentKey(key, hash);
      this.#change(batch, row, { key, hash });
      this.#end.take(1);
      if (this.#end.room === 0) this.#emit();
      if (this.#desk?.isPaused === true) break;
    }
    return at;
  }

  reachWatermark(_watermark: number, mayGoOn: () => boolean): boolean {
    return this.#emit(mayGoOn);
  }

  prepareSnapshot(): void {
    this.#emit();
  }

  endInput(): void {
    this.#emit();
    if (!this.#ownsEmptyKey) return;
    const key: Key = [];
    this.#keyed.setCurrentKey(key, keyHash(key));
    if (this.#groups.value() !== undefined) return;
    this.#emitter.insert(emptyRow(this.#node));
    this.#emitter.flush();
  }

  #change(batch: ColumnBatch, row: number, { key, hash }: { readonly key: Key; readonly hash: number }): void {
    const isNew = isAdded(batch.rowKindAt(row));
    const found = this.#groups.value();
    if (found === undefined && !isNew) return;
    const state = found ?? this.#aggregation.create();
    const pending = this.#pendingOf(batch, row, { key, hash, found });
    if (isNew) this.#aggregation.add(state, row);
    else this.#aggregation.retract(state, row);
    if (state.rows === 0) {
      this.#groups.clear();
      this.#aggregation.clear();
      pending.after = null;
      return;
    }
    this.#groups.update(state);
    if (this.#expires) pending.after = this.#rowOf(pending.keys, state);
  }

  #pendingOf(
    batch: ColumnBatch,
    row: number,
    of: { readonly key: Key; readonly hash: number; readonly found: AggregationState | undefined },
  ): Pending {
    const { key, hash, found } = of;
    const identity = keyIdentity(key);
    const known = this.#pending.get(identity);
    if (known !== undefined) return known;
    const keys = this.#keyValues(batch, row);
    const before = found === undefined ? null : this.#rowOf(keys, found);
    const pending: Pending = { key, hash, keys, before, after: null };
    this.#pending.set(identity, pending);
    return pending;
  }

  #emit(mayGoOn: () => boolean = always): boolean {
    let portion = 0;
    for (const [identity, pending] of this.#pending) {
      if (portion === PORTION) {
        this.#emitter.flush();
        if (!mayGoOn()) return false;
        portion = 0;
      }
      portion += 1;
      this.#pending.delete(identity);
      this.#emitChange(pending);
    }
    this.#emitter.flush();
    this.#end.begin();
    return true;
  }

  #emitChange(pending: Pending): void {
    const { before } = pending;
    const after = this.#expires ? pending.after : this.#rowNow(pending);
    if (before === null) {
      if (after !== null) this.#emitter.insert(after);
    } else if (after === null) this.#emitter.delete(before);
    else this.#emitter.update(before, after);
  }

  #rowNow({ key, hash, keys }: Pending): Values | null {
    this.#keyed.setCurrentKey(key, hash);
    const state = this.#groups.value();
    return state === undefined ? null : this.#rowOf(keys, state);
  }

  /** Of the current key. */
  #rowOf(keys: Values, state: AggregationState): Values {
    const values = [...keys];
    this.#aggregation.results(state, values);
    return values;
  }

  #keyValues({ columns, layout }: ColumnBatch, row: number): Values {
    return this.#node.groupBy.map((place) =>
      valueAt(columns[place] as Column, layout.fields[place] as ColumnField, row),
    );
  }
}
