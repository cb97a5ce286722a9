/**
 * Owns: the lookup in a table that is read whole when the task begins: its rows in columns, found by what they are asked by, and nothing that waits.
 * Does not own: reading it (connectors).
 *
 * SQLZ1 Each subtask has the whole table, as it was when the subtask began: changes of it are seen after a restart.
 * SQLZ2 Some records at a time: their pairs are found and tested at once (SQJQ1), and where there is no room for more the others wait.
 */
import { assert } from "../../../base/index.ts";
import {
  type OperatorContext,
  type OperatorFactory,
  type Output,
  type RowTable,
  type StreamOperator,
} from "../../ports/index.ts";
import {
  type AnyStore,
  type Column,
  type ColumnBatch,
  ColumnBuilder,
  hashKeyColumns,
  rowKinds,
} from "../../record/index.ts";
import { lookupRow } from "../plan/lookup-row.ts";
import type { LookupJoinNode, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow } from "./batches-only.ts";
import { JoinPairs } from "./join-pairs.ts";
import { askedColumns } from "./lookup-join.ts";
import { NOTHING, PairEmitter } from "./pair-emitter.ts";

/** All rows of the table, with the names of its columns. */
export type LoadTable = (context: OperatorContext) => Promise<readonly SqlRow[]>;

/** SQLZ2 */
const PAIRS = 1024;

export function loadedLookupJoinOperator(
  node: LookupJoinNode,
  session: SqlSession,
  load: LoadTable,
): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "lookupJoin", create: () => new LoadedLookupJoin(node, session, load) };
}

class LoadedLookupJoin implements StreamOperator<unknown, unknown> {
  readonly #node: LookupJoinNode;
  readonly #load: LoadTable;
  readonly #pairs: JoinPairs;
  /** In the order of the node's `asks`. */
  readonly #places: readonly number[];
  #hashes = new Int32Array(0);
  #first = new Int32Array(0);
  #context!: OperatorContext;
  #emitter!: PairEmitter;
  #table!: RowTable;

  constructor(node: LookupJoinNode, session: SqlSession, load: LoadTable) {
    const { input, condition } = node;
    this.#node = node;
    this.#load = load;
    this.#pairs = new JoinPairs({ left: input, right: { row: lookupRow(node) }, condition }, session);
    this.#places = node.asks.map(({ place }) => place);
  }

  async open(context: OperatorContext, output: Output<unknown>): Promise<void> {
    const { looseRows } = context;
    assert(looseRows !== undefined, "rows are looked up in a task");
    this.#context = context;
    this.#emitter = new PairEmitter(
      { ...this.#node, left: this.#node.input, right: { row: lookupRow(this.#node) } },
      output,
    );
    const row = keptRow(this.#node);
    const key = askedColumns(this.#node);
    this.#table = looseRows({ name: "looked up", row: rowTypeOf(row), key, identity: null, hasMarks: false });
    this.#keep(row, key, await this.#load(context));
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { columns } = batch;
    const rows = batch.rows.subarray(from, batch.count);
    const first = this.#firstOf(batch, rows);
    this.#emitter.begin({ input: 0, columns, own: null, other: this.#table });
    let at = 0;
    while (at < rows.length) {
      at = this.#join(columns, { rows, first, from: at });
      if (this.#context.emission?.isFull() === true) break;
    }
    this.#emitter.flush();
    return from + at;
  }

  /** Of the records from that one on; answers the number of the first one that was not joined. */
  #join(
    columns: readonly Column[],
    { rows, first, from }: { readonly rows: Int32Array; readonly first: Int32Array; readonly from: number },
  ): number {
    const [pairs, emitter, table] = [this.#pairs, this.#emitter, this.#table];
    const keepsUnmatched = this.#node.join === "LEFT";
    pairs.clear();
    let end = from;
    for (; end < rows.length && pairs.count < PAIRS; end++) {
      pairs.addChain(rows[end] as number, first[end] as number, table.next);
      pairs.endRecord();
    }
    pairs.test(0, columns, table);
    for (let at = from, pair = 0; at < end; at++) {
      const row = rows[at] as number;
      const to = pairs.ends[at - from] as number;
      if (to === pair && keepsUnmatched) emitter.emit(rowKinds.insert, row, NOTHING);
      for (; pair < to; pair++) emitter.emit(rowKinds.insert, row, pairs.slots[pair] as number);
    }
    return end;
  }

  /** By number of the record: the first row that has what it asks by, or NO_SLOT: no row that is kept has a NULL there (SQAK1). */
  #firstOf(batch: ColumnBatch, rows: Int32Array): Int32Array {
    const { columns, size } = batch;
    const count = rows.length;
    if (this.#first.length < count) this.#first = new Int32Array(count);
    if (this.#hashes.length < size) this.#hashes = new Int32Array(size);
    const [first, hashes] = [this.#first, this.#hashes];
    const keys = this.#places.map((place) => columns[place] as Column);
    // The hashes that a batch has are of the edge it came by.
    hashKeyColumns(batch, this.#places, hashes);
    this.#table.find({ keys, hashes, rows, count }, first);
    return first;
  }

  #keep(row: PlanRow, key: readonly string[], loaded: readonly SqlRow[]): void {
    const builder = new ColumnBuilder(rowTypeOf(row));
    const places = key.map((name) => row.findIndex((column) => column.name === name));
    const flush = (): void => {
      const { count } = builder;
      const batch = builder.take();
      const { columns, rows } = batch;
      const hashes = new Int32Array(count);
      hashKeyColumns(batch, places, hashes);
      this.#table.add({ columns, hashes, rows, count }, null);
      batch.release();
    };
    for (const values of loaded) {
      if (key.some((name) => values[name] === null)) continue;
      for (const [place, { name }] of row.entries())
        (builder.stores[place] as AnyStore).put(values[name], builder.count);
      builder.count += 1;
      if (builder.isFull) flush();
    }
    flush();
  }
}

/** Rows with NULL in what they are asked by are never found (SQAK1), and are not kept. Those that are have none, so they are looked for faster. */
function keptRow(node: LookupJoinNode): PlanRow {
  const key = askedColumns(node);
  return lookupRow(node).map((column) =>
    key.includes(column.name) ? { ...column, type: { ...column.type, isNullable: false } } : column,
  );
}
