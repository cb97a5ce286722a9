/**
 * Owns: Top-N: the rows of a partition that are at certain places of its order, as they change, at the end of a window, or at the end of the input.
 * Does not own: the order of two rows (codegen), where a row is put (ranking.ts).
 *
 * SQJN1 Rows that the order does not tell apart have the places in which they came. After a restore, too.
 * SQJN2 Where rows are never taken back only those that may still be shown are kept; otherwise all, because what is taken back lets others in.
 * SQJN3 The ranks of a window, and of a bounded input, are final: they are emitted once. A row behind the end of its window is dropped and counted.
 * SQJN4 What has changed is emitted once a batch: rows that came into a place and left it within one are nobody's.
 */
import type { OperatorContext, OperatorFactory, ValueState } from "../../ports/index.ts";
import { describeType, isAdded, rowKinds, t, type ValueType } from "../../record/index.ts";
import { SteppedWork } from "../../spill/index.ts";
import { compareRows } from "../rows/row-order.ts";
import type { PlanMode, RankNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, sameValues, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { assertKeyedUpserts } from "./join-keys.ts";
import { emittedByKey } from "./key-steps.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import { MissingRows } from "./missing-rows.ts";
import { forEachComing, forEachMove, indexAfter } from "./ranking.ts";
import type { RowKind } from "./emitted-rows.ts";
import { RANKED_ROWS } from "./state-names.ts";
import { tableRank } from "./table-rank.ts";
import { declarationsOfEnds, lastInstantOf, type LastInstantOf, WindowEnds } from "./window-ends.ts";

type Compare = (one: SqlRow, other: SqlRow) => number;

/** In the order of their ranks. */
type Ranked = { readonly rows: SqlRow[] };

const rankedType = ({ input }: RankNode): ValueType<Ranked> =>
  t.record({ rows: t.list(rowTypeOf(input.row)) }) as ValueType<unknown> as ValueType<Ranked>;

export function rankOperator(node: RankNode, session: SqlSession, mode: PlanMode): OperatorFactory<unknown, unknown> {
  const { input, partitionBy, orderBy, windowEnd } = node;
  assertKeyedUpserts(input, partitionBy);
  const overTable = node.ttl === undefined ? tableRank(node, mode) : null;
  if (overTable !== null) return overTable;
  const rows = { name: RANKED_ROWS, kind: "value", type: describeType(rankedType(node) as ValueType<unknown>) };
  const isOfWindows = windowEnd !== null && mode === "streaming";
  return {
    kind: "operator",
    name: "rank",
    declares: [rows, ...(isOfWindows ? declarationsOfEnds : [])],
    create: () => {
      const compare = compareRows(orderBy, input.row) as Compare;
      if (isOfWindows) return new WindowRank(node, compare, lastInstantOf(input, windowEnd, session));
      return mode === "batch" ? new BoundedRank(node, compare) : new ChangingRank(node, compare);
    },
  };
}

abstract class RankedRows extends KeyedRowsOperator {
  protected readonly node: RankNode;
  protected readonly names: readonly string[];
  readonly #compare: Compare;
  protected state!: ValueState<Ranked>;

  constructor(node: RankNode, compare: Compare) {
    super(node, [{ row: node.input.row, keys: node.partitionBy }]);
    this.node = node;
    this.#compare = compare;
    this.names = namesOf(node.input.row);
  }

  protected openStates(_context: OperatorContext): void {
    this.state = this.keyed.value({ name: RANKED_ROWS, type: rankedType(this.node) });
  }

  /** Of the current key. */
  protected ranked(): Ranked {
    return this.state.value() ?? { rows: [] };
  }

  /** The index where it is put; null: it is behind all that are shown, and is not kept (SQJN2). */
  protected indexFor(rows: readonly SqlRow[], row: SqlRow, keepsAll: boolean): number | null {
    const { to } = this.node;
    const index = indexAfter(rows, row, this.#compare);
    return keepsAll || to === null || index < to ? index : null;
  }

  /** The index of a row that is the same; -1: there is none. */
  protected find(rows: readonly SqlRow[], row: SqlRow): number {
    for (let index = indexAfter(rows, row, this.#compare) - 1; index >= 0; index--) {
      const other = rows[index] as SqlRow;
      if (this.#compare(other, row) !== 0) return -1;
      if (sameValues(other, row, this.names)) return index;
    }
    return -1;
  }

  protected emitAt(kind: RowKind, row: SqlRow, rank: number): void {
    this.emitter.emit(kind, row, this.names, this.node.showsRank ? BigInt(rank) : undefined);
  }

  /** Puts a row in, of rows that are never taken back: SQJN2. */
  protected put(rows: SqlRow[], row: SqlRow, index: number): void {
    rows.splice(index, 0, row);
    if (this.node.to !== null && rows.length > this.node.to) rows.pop();
  }

  protected hold(row: SqlRow): void {
    const ranked = this.ranked();
    const index = this.indexFor(ranked.rows, row, false);
    if (index === null) return;
    this.put(ranked.rows, row, index);
    this.state.update(ranked);
  }

  /** As emittedHeld, at once. */
  protected emitHeld(): void {
    for (const _row of this.emittedHeld());
  }

  /** Emits the rows that are shown, one at each step; the state has none of them from the first one on. */
  protected *emittedHeld(): Generator<void> {
    const { from, to } = this.node;
    const { rows } = this.ranked();
    this.state.clear();
    const last = Math.min(rows.length, to ?? rows.length);
    for (let rank = from; rank <= last; rank++) {
      this.emitAt(rowKinds.insert, rows[rank - 1] as SqlRow, rank);
      yield;
    }
  }
}

class ChangingRank extends RankedRows {
  readonly #isGrowing: boolean;
  readonly #upsertKey: readonly string[] | null;
  /** Of the lists that have changed in this batch, what was shown before. */
  readonly #before = new Map<SqlRow[], readonly SqlRow[]>();
  #missing!: MissingRows;

  constructor(node: RankNode, compare: Compare) {
    super(node, compare);
    const { changes, keys } = node.input;
    this.#isGrowing = changes === "append";
    this.#upsertKey = changes === "upsert" ? (keys[0] ?? []).map((place) => this.names[place] as string) : null;
  }

  protected override openStates(context: OperatorContext): void {
    super.openStates(context);
    this.#missing = new MissingRows(context);
  }

  protected onRow(_input: number, kind: RowKind, row: SqlRow): void {
    const ranked = this.ranked();
    const { rows } = ranked;
    const isTaken = this.#takeFrom(rows, kind, row);
    const isPut = isAdded(kind) && this.#addTo(rows, row);
    if (!isTaken && !isPut) return;
    if (rows.length === 0) this.state.clear();
    else this.state.update(ranked);
  }

  /** SQJN4 */
  protected override onBatchEnd(): void {
    const { showsRank, from } = this.node;
    const forEach = showsRank ? forEachMove : forEachComing;
    for (const [rows, before] of this.#before)
      forEach(before, this.#shownOf(rows), this.names, (kind, row, place) => this.emitAt(kind, row, from + place));
    this.#before.clear();
  }

  /** True when the list has changed. */
  #takeFrom(rows: SqlRow[], kind: RowKind, row: SqlRow): boolean {
    const key = this.#upsertKey;
    if (key === null && isAdded(kind)) return false;
    const index = key === null ? this.find(rows, row) : rows.findIndex((other) => sameValues(other, row, key));
    if (index < 0) {
      if (key === null) this.#missing.tell();
      return false;
    }
    this.#note(rows);
    rows.splice(index, 1);
    return true;
  }

  /** The same. */
  #addTo(rows: SqlRow[], row: SqlRow): boolean {
    const index = this.indexFor(rows, row, !this.#isGrowing);
    if (index === null) return false;
    this.#note(rows);
    if (this.#isGrowing) this.put(rows, row, index);
    else rows.splice(index, 0, row);
    return true;
  }

  #note(rows: SqlRow[]): void {
    if (!this.#before.has(rows)) this.#before.set(rows, this.#shownOf(rows));
  }

  #shownOf(rows: readonly SqlRow[]): readonly SqlRow[] {
    return rows.slice(this.node.from - 1, this.node.to ?? undefined);
  }
}

class BoundedRank extends RankedRows {
  #work!: SteppedWork;

  protected override openStates(context: OperatorContext): void {
    super.openStates(context);
    this.#work = new SteppedWork(context.emission ?? null);
  }

  protected onRow(_input: number, _kind: RowKind, row: SqlRow): void {
    this.hold(row);
  }

  prepareSnapshot(): void {
    this.#work.finish();
  }

  endInput(): void {
    const { keyed, emitter } = this;
    this.#work.start(emittedByKey({ keyed, stateName: RANKED_ROWS, emitter }, () => this.emittedHeld()));
  }

  close(): void {
    this.#work.close();
  }
}

class WindowRank extends RankedRows {
  readonly #lastOf: LastInstantOf;
  #ends!: WindowEnds;

  constructor(node: RankNode, compare: Compare, lastOf: LastInstantOf) {
    super(node, compare);
    this.#lastOf = lastOf;
  }

  protected override openStates(context: OperatorContext): void {
    super.openStates(context);
    this.#ends = new WindowEnds(context, () => this.emitHeld());
  }

  override onWatermark(timestamp: number): void {
    this.#ends.raise(timestamp);
    super.onWatermark(timestamp);
  }

  prepareSnapshot(): void {
    this.#ends.save();
  }

  /** SQJN3 */
  protected onRow(_input: number, _kind: RowKind, row: SqlRow): void {
    if (this.#ends.admits(this.#lastOf(row))) this.hold(row);
  }
}
