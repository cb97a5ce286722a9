/**
 * Owns: the groups of an aggregate over a bounded input, as far as they are in memory: in a column table where each takes a few values, otherwise as objects.
 * Called by: bounded-aggregate.ts.
 *
 * SQBM1 What groups take is estimated: of a table by its pages, of an object when its rows have doubled.
 */
import { assert } from "../../../base/index.ts";
import type {
  ColumnTable,
  KeyedOperatorState,
  OperatorContext,
  OperatorFactory,
  Output,
  SlicedTable,
  ValueState,
} from "../../ports/index.ts";
import { type ColumnBatch, ColumnBuilder, describeType, type Key } from "../../record/index.ts";
import { bytesOfValue } from "../../spill/index.ts";
import type { AggregateNode } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { PAGE_SLOTS } from "./accumulators/column-accumulator.ts";
import { Aggregation, type AggregationState } from "./aggregation.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { emittedByKey } from "./key-steps.ts";
import { GROUPS } from "./state-names.ts";
import { GROUPS_SLICE, TableAggregation } from "./table-aggregation.ts";

export interface BoundedGroups {
  readonly declarations: NonNullable<OperatorFactory<unknown, unknown>["declares"]>;
  readonly size: number;
  /** SQBM1 */
  readonly bytes: number;
  /** Places of records that `addKnown` has not taken: the first ones, as many as it has answered. */
  readonly unknown: Int32Array;
  open(context: OperatorContext, output: Output<unknown>): void;
  /** The batch's records at these places. */
  add(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): void;
  /** Those whose group is there; answers how many others there are. */
  addKnown(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): number;
  /** All groups, which are then gone. */
  emit(): Generator<void>;
}

/** Of a key in a table of the heap. */
const ENTRY_BYTES = 128;

/** Errors: JOB_GRAPH_INVALID. */
export function groupsOf(node: AggregateNode): BoundedGroups {
  const { input, calls, groupBy } = node;
  const aggregation =
    input.changes === "append"
      ? TableAggregation.of({ calls, groupBy, row: input.row }, { name: GROUPS, takesDistinct: true })
      : null;
  return aggregation === null ? new ObjectGroups(node) : new TableGroups(node, aggregation);
}

class TableGroups implements BoundedGroups {
  readonly #aggregation: TableAggregation;
  readonly #builder: ColumnBuilder;
  readonly #slots = new Int32Array(PAGE_SLOTS);
  #tables!: SlicedTable;
  #output!: Output<unknown>;
  #found = new Int32Array(0);
  #known = new Int32Array(0);
  unknown = new Int32Array(0);

  constructor(node: AggregateNode, aggregation: TableAggregation) {
    this.#aggregation = aggregation;
    this.#builder = new ColumnBuilder(rowTypeOf(node.row), PAGE_SLOTS);
  }

  get declarations(): BoundedGroups["declarations"] {
    return this.#aggregation.declarations;
  }

  get size(): number {
    return this.#tables.find(GROUPS_SLICE)?.size ?? 0;
  }

  get bytes(): number {
    const table = this.#tables.find(GROUPS_SLICE);
    return table === null ? 0 : this.#aggregation.bytesOf(table);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#tables = this.#aggregation.open(context);
    this.#output = output;
  }

  add(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): void {
    this.#aggregation.add(this.#tables.table(GROUPS_SLICE), batch, rows, hashes);
  }

  addKnown(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): number {
    const table = this.#tables.table(GROUPS_SLICE);
    const count = rows.length;
    if (this.#found.length < count) {
      this.#found = new Int32Array(count);
      this.#known = new Int32Array(count);
      this.unknown = new Int32Array(count);
    }
    table.find({ keys: this.#aggregation.keysOf(batch), hashes, rows, count }, this.#found);
    let known = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      if ((this.#found[at] as number) >= 0) this.#known[known++] = row;
      else this.unknown[at - known] = row;
    }
    if (known > 0) this.#aggregation.add(table, batch, this.#known.subarray(0, known), hashes);
    return count - known;
  }

  *emit(): Generator<void> {
    const table = this.#tables.find(GROUPS_SLICE);
    if (table === null) return;
    for (let page = 0; page * PAGE_SLOTS < table.size; page++) {
      this.#emitPage(table, page);
      yield;
    }
    this.#tables.drop(GROUPS_SLICE);
    this.#aggregation.dropValues();
  }

  #emitPage(table: ColumnTable, page: number): void {
    const builder = this.#builder;
    const count = Math.min(PAGE_SLOTS, table.size - page * PAGE_SLOTS);
    for (let at = 0; at < count; at++) this.#slots[at] = page * PAGE_SLOTS + at;
    this.#aggregation.results(table, { slots: this.#slots, count, at: 0 }, builder.stores);
    builder.count = count;
    const batch = builder.take();
    this.#output.collectBatch(batch);
    batch.release();
  }
}

class ObjectGroups implements BoundedGroups {
  readonly #node: AggregateNode;
  readonly #aggregation: Aggregation;
  readonly #keys: RowKeys;
  #keyed!: KeyedOperatorState;
  #groups!: ValueState<AggregationState>;
  #emitter!: ChangeEmitter;
  size = 0;
  bytes = 0;
  unknown = new Int32Array(0);

  constructor(node: AggregateNode) {
    this.#node = node;
    const retracts = node.input.changes !== "append";
    this.#aggregation = new Aggregation(node.calls, node.input.row, { retracts, countsInState: true });
    this.#keys = new RowKeys(node.input.row, node.groupBy);
  }

  get declarations(): BoundedGroups["declarations"] {
    const { type, declarations } = this.#aggregation;
    return [{ name: GROUPS, kind: "value", type: describeType(type) }, ...declarations];
  }

  open({ keyed }: OperatorContext, output: Output<unknown>): void {
    assert(keyed !== null, "rows come to an aggregate by its keys");
    this.#keyed = keyed;
    this.#aggregation.open(keyed);
    this.#groups = keyed.value({ name: GROUPS, type: this.#aggregation.type });
    this.#emitter = new ChangeEmitter(this.#node, output);
    // After a restore.
    keyed.forEachKey(GROUPS, (key) => this.#weigh(key, this.#groups.value() as AggregationState));
  }

  add(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): void {
    this.#take(batch, rows, hashes, true);
  }

  addKnown(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array): number {
    if (this.unknown.length < rows.length) this.unknown = new Int32Array(rows.length);
    return this.#take(batch, rows, hashes, false);
  }

  *emit(): Generator<void> {
    yield* emittedByKey({ keyed: this.#keyed, stateName: GROUPS, emitter: this.#emitter }, (key) => {
      this.#emitGroup(key);
      return [];
    });
    this.size = 0;
    this.bytes = 0;
  }

  #emitGroup(key: Key): void {
    const state = this.#groups.value();
    assert(state !== undefined, "each key of the state has a value");
    const values = [...this.#keys.values(key)];
    this.#aggregation.results(state, values);
    this.#emitter.insert(values);
    this.#groups.clear();
    this.#aggregation.clear();
  }

  /** Answers how many were not taken. */
  #take(batch: ColumnBatch, rows: Int32Array, hashes: Int32Array, takesNew: boolean): number {
    const aggregation = this.#aggregation;
    aggregation.use(batch);
    let left = 0;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      const key = this.#keys.at(batch, row);
      this.#keyed.setCurrentKey(key, hashes[row] as number);
      const found = this.#groups.value();
      if (found === undefined && !takesNew) {
        this.unknown[left++] = row;
        continue;
      }
      const state = found ?? aggregation.create();
      aggregation.add(state, row);
      this.#groups.update(state);
      if (found === undefined) this.#weigh(key, state);
      // Before, it had half of the rows.
      else if ((state.rows & (state.rows - 1)) === 0) this.bytes += bytesOfValue(state) / 2;
    }
    return left;
  }

  #weigh(key: Key, state: AggregationState): void {
    this.size += 1;
    this.bytes += ENTRY_BYTES + bytesOfValue(key) + bytesOfValue(state);
  }
}
