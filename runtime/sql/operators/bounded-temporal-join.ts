/**
 * Owns: the join of each left row of a bounded input with the version of its key that was there at its time, whatever memory holds.
 * Not here: versions of a stream (temporal-join.ts).
 *
 * SQBZ1 Both inputs are sorted by key and time and gone through together: one version of one key is in memory, the newest up to the left row at hand. Of versions of one time it is the one that
 *     came last (SQDU1).
 * SQBZ2 NULL equals nothing, and is no time (SQJV4).
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, ColumnBuilder, rowKinds } from "../../record/index.ts";
import type { PlanColumn, TemporalJoinNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow } from "./batches-only.ts";
import { conditionOf, type JoinCondition } from "./join-condition.ts";
import { hasNull, keyNamesOf } from "./join-keys.ts";
import { RowEmitter } from "./row-emitter.ts";
import { declarationsOfSides, type SideView, type SortedSide, SortedSides } from "./sorted-sides.ts";

/** Of the operator's memory, for the sort of each side. */
const SHARE = 1 / 2;
/** Left rows that are joined in a step. */
const STEP_ROWS = 256;

export function boundedTemporalJoin(node: TemporalJoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "temporalJoin",
    declares: declarationsOfSides(node),
    spills: true,
    create: () => new BoundedTemporalJoin(node, conditionOf(node, session)),
  };
}

/** Where it stands; `row`: made when it is asked for. */
type Version = SideView & { readonly page: ColumnBatch; readonly place: number; row: SqlRow | null };

class BoundedTemporalJoin implements StreamOperator<unknown, unknown> {
  readonly #node: TemporalJoinNode;
  readonly #condition: JoinCondition;
  readonly #names: readonly [readonly string[], readonly string[]];
  /** Of the keys and the time of the left side, and of the right one. */
  readonly #needed: readonly [readonly string[], readonly string[]];
  readonly #builder: ColumnBuilder;
  #sorted!: SortedSides;
  #emitter!: RowEmitter;
  /** The newest version up to the left row at hand, whichever key it is of; null: there is none. */
  #version: Version | null = null;
  /** Of the left page at hand. */
  #lefts: { readonly page: ColumnBatch; readonly rows: readonly SqlRow[] } | null = null;

  constructor(node: TemporalJoinNode, condition: JoinCondition) {
    const { left, right, leftTime, rightTime } = node;
    const [leftKeys, rightKeys] = keyNamesOf(node);
    this.#node = node;
    this.#condition = condition;
    this.#names = [namesOf(left.row), namesOf(right.row)];
    this.#needed = [
      [...leftKeys, (left.row[leftTime] as PlanColumn).name],
      [...rightKeys, (right.row[rightTime] as PlanColumn).name],
    ];
    this.#builder = new ColumnBuilder(rowTypeOf(right.row), 1);
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#sorted = new SortedSides(this.#node, context, SHARE);
    this.#emitter = new RowEmitter({ row: this.#node.row, changes: "append" }, output);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    return this.processInputBatch(0, batch, from);
  }

  processInputBatch(input: number, batch: ColumnBatch, from: number): number {
    this.#sorted.add(input as 0 | 1, batch, from);
    return batch.count;
  }

  prepareSnapshot(): void {
    this.#sorted.save();
  }

  endInput(): void {
    this.#sorted.work.start(this.#end());
  }

  close(): void {
    this.#sorted.close();
  }

  /** SQBZ1 */
  *#end(): Generator<void> {
    const [left, right] = this.#sorted.sides;
    yield* left.turn();
    yield* right.turn();
    for (let joined = 1; left.hasRows; joined++) {
      yield* this.#passVersions(left, right);
      this.#join(left);
      left.row += 1;
      if (left.row > left.last) yield* left.turn();
      if (joined % STEP_ROWS !== 0) continue;
      this.#emitter.flush();
      yield;
    }
    this.#emitter.flush();
    this.#sorted.drop();
  }

  /** The versions up to the left row that comes next: the last one of them stays. */
  *#passVersions(left: SortedSide, right: SortedSide): Generator<void> {
    while (right.hasRows && this.#sorted.compare(right, right.row, left, left.row) <= 0) {
      const { page, view } = right;
      if (right.row < right.last) {
        this.#version = { page, view, place: right.row, row: null };
        right.row += 1;
        continue;
      }
      // The page is another one then.
      this.#builder.append(page, { rows: page.rows, from: right.row, to: right.row + 1 });
      const copy = this.#builder.take();
      this.#version = { page: copy, view: right.viewOf(copy), place: 0, row: null };
      yield* right.turn();
      yield;
    }
  }

  #join(left: SortedSide): void {
    const row = this.#leftRow(left);
    const version = this.#versionOf(left, row);
    const isMatch = version !== null && (this.#condition === null || this.#condition(row, version));
    if (!isMatch && this.#node.join === "INNER") return;
    const half = { row, names: this.#names[0] };
    this.#emitter.emitPair(rowKinds.insert, half, { row: isMatch ? version : null, names: this.#names[1] });
  }

  /** SQBZ2. Null: there is none. */
  #versionOf(left: SortedSide, row: SqlRow): SqlRow | null {
    const version = this.#version;
    if (version === null || hasNull(row, this.#needed[0])) return null;
    if (this.#sorted.compareKeys(version, version.place, left, left.row) !== 0) return null;
    version.row ??= version.page.select(Int32Array.of(version.place), 1).toRows()[0] as SqlRow;
    return hasNull(version.row, this.#needed[1]) ? null : version.row;
  }

  #leftRow({ page, row }: SortedSide): SqlRow {
    if (this.#lefts?.page !== page) this.#lefts = { page, rows: page.toRows() };
    return this.#lefts.rows[row] as SqlRow;
  }
}
