/**
 * Owns: the join of bounded inputs: their rows are held until both have ended, and are joined once, whatever memory holds.
 *
 * SQBJ1 When the rows of both sides exceed the budget, all of them go into parts by the hash of their key: rows that match are in parts of the same number, which are joined one after the other. Parts
 *     that fit stay in memory.
 * SQBJ2 Of a part the right rows become a table, the left ones pass by it. When the right rows are too many, both are parted again; when that does not help, because most are of one key,
 *     the right ones become one table after the other, and the left ones pass by each. Then what is emitted of a left row alone is emitted behind the last one.
 */
import { assert } from "../../../base/index.ts";
import {
  declarationOfRows,
  type OperatorContext,
  type OperatorFactory,
  type RowTable,
  type SpillSpace,
} from "../../ports/index.ts";
import { ColumnBatch, layoutOf } from "../../record/index.ts";
import { bytesOfRows, LEVELS_MAX, PartitionedRows, type RowPart, SteppedWork } from "../../spill/index.ts";
import type { JoinNode, WindowJoinNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { HeldJoin, type HeldRows, MatchBits, pagesOf } from "./held-join.ts";
import { assertJoinable } from "./join-keys.ts";
import type { Arrived } from "./join-operator.ts";
import { sidePlans } from "./join-sides.ts";
import { spilledBytes, spilledState } from "./spilling.ts";

/** Of all rows, while they are in memory; and of the right rows of a part. */
const SLICE = 0;
const PART_SLICE = 1;
/** Of a row in a table: its hash, its chain. */
const CHAIN_BYTES = 16;
/** Of the budget: what the table of a part may take, and what each side may keep in memory while rows come. */
const TABLE_SHARE = 1 / 2;
const SIDE_SHARE = 1 / 4;
/** A part with more of all right rows of its level is not parted again. */
const HOT_SHARE = 0.9;

type Sides = readonly [PartitionedRows, PartitionedRows];

/** Of windows, too: their start and end are among the keys. */
export function boundedJoin(node: JoinNode | WindowJoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  const plans = sidePlans(node, [false, false]);
  return {
    kind: "operator",
    name: "join",
    declares: plans.map(({ table }) => declarationOfRows(table)),
    spills: true,
    create: () => new BoundedJoin(node, plans, session),
  };
}

class BoundedJoin extends HeldJoin {
  #space: SpillSpace | null = null;
  #onSpill!: (bytes: number) => void;
  #work!: SteppedWork;
  /** Of rows in memory, while there are no parts. */
  #bytes = 0;
  #parted: Sides | null = null;
  /** Those that are open. */
  readonly #open = new Set<PartitionedRows>();

  protected override onOpen(context: OperatorContext): void {
    this.#space = context.spill ?? null;
    this.#onSpill = spilledBytes(context);
    this.#work = new SteppedWork(context.emission ?? null);
    // After a restore.
    for (const side of this.sides)
      for (const { columns, rows } of pagesOf(side.table(SLICE))) this.#weigh({ columns, rows });
  }

  protected onRecords(arrived: Arrived): number {
    this.#work.finish();
    const { input, columns, hashes, rows } = arrived;
    if (this.#parted !== null) {
      this.#parted[input].add(this.#batchOf(input, { columns, rows }), rows, rows.length, hashes);
      return rows.length;
    }
    this.hold(SLICE, arrived);
    this.#weigh({ columns, rows });
    // SQBJ1
    if (this.#space !== null && this.#bytes > this.#space.budgetBytes) this.#work.start(this.#part(this.#space));
    return rows.length;
  }

  prepareSnapshot(): void {
    this.#work.finish();
    if (this.#parted !== null) throw spilledState();
  }

  endInput(): void {
    this.#work.start(this.#end());
  }

  close(): void {
    this.#work.close();
    for (const rows of this.#open) rows.close();
    this.#open.clear();
  }

  *#end(): Generator<void> {
    if (this.#parted === null) {
      yield* this.emitHeld(SLICE);
      this.#bytes = 0;
    } else {
      yield* this.#joinSides(this.#parted, 0);
      this.#parted = null;
    }
  }

  /** All rows in memory go into parts. */
  *#part(space: SpillSpace): Generator<void> {
    const parted = this.#newSides(space, 0);
    this.#parted = parted;
    for (const input of [0, 1] as const) {
      for (const page of pagesOf(this.sides[input].table(SLICE))) {
        const { columns, hashes, rows } = page;
        parted[input].add(this.#batchOf(input, { columns, rows }), rows, rows.length, hashes);
        yield;
      }
      this.sides[input].drop(SLICE);
    }
  }

  #newSides(space: SpillSpace, level: number): Sides {
    const [left, right] = [0, 1].map((input) => {
      const rows = new PartitionedRows({
        type: this.plans[input as 0 | 1].table.row,
        space,
        budgetBytes: level === 0 ? space.budgetBytes * SIDE_SHARE : 0,
        level,
        onSpill: this.#onSpill,
      });
      this.#open.add(rows);
      return rows;
    });
    return [left as PartitionedRows, right as PartitionedRows];
  }

  *#joinSides(sides: Sides, level: number): Generator<void> {
    const [lefts, rights] = [sides[0].parts(), sides[1].parts()];
    const rightRows = rights.reduce((sum, { rows }) => sum + rows, 0);
    for (const [number, left] of lefts.entries()) {
      const right = rights[number] as RowPart;
      const isHot = level + 1 === LEVELS_MAX || right.rows > HOT_SHARE * rightRows;
      if (left.rows + right.rows > 0) yield* this.#joinParts(left, right, { level, isHot });
    }
    for (const rows of sides) {
      rows.close();
      this.#open.delete(rows);
    }
  }

  /** SQBJ2 */
  *#joinParts(
    left: RowPart,
    right: RowPart,
    { level, isHot }: { readonly level: number; readonly isHot: boolean },
  ): Generator<void> {
    const space = this.#space;
    assert(space !== null, "rows are parted where there is a budget");
    const budget = space.budgetBytes * TABLE_SHARE;
    if (right.bytes + right.rows * CHAIN_BYTES <= budget) {
      yield* this.#joinWhole(left, right);
      return;
    }
    if (isHot) {
      yield* this.#joinInTurns(left, right, budget);
      return;
    }
    const sides = this.#newSides(space, level + 1);
    for (const [input, part] of [left, right].entries())
      for (const batch of part.batches()) {
        const { columns, hashes, rows } = rowsOf(batch);
        sides[input as 0 | 1].add(this.#batchOf(input as 0 | 1, { columns, rows }), rows, rows.length, hashes);
        yield;
      }
    yield* this.#joinSides(sides, level + 1);
  }

  *#joinWhole(left: RowPart, right: RowPart): Generator<void> {
    const table = this.sides[1].table(PART_SLICE);
    for (const batch of right.batches()) {
      this.#addTo(table, rowsOf(batch));
      yield;
    }
    const isMatched = this.matchesOf(table);
    for (const batch of left.batches())
      yield* this.#flushed(this.emitPairs(rowsOf(batch), { right: table, isMatched, found: null }));
    yield* this.emitUnmatched(table, isMatched);
    this.sides[1].drop(PART_SLICE);
  }

  *#joinInTurns(left: RowPart, right: RowPart, budget: number): Generator<void> {
    const found = new MatchBits(left.rows);
    const batches = right.batches();
    for (let next = batches.next(); next.done !== true; ) {
      const table = this.sides[1].table(PART_SLICE);
      // At least one batch of them.
      for (let bytes = 0; next.done !== true && bytes <= budget; next = batches.next()) {
        const rows = rowsOf(next.value);
        this.#addTo(table, rows);
        bytes += bytesOfRows(rows.columns, rows.rows, rows.rows.length) + rows.rows.length * CHAIN_BYTES;
        yield;
      }
      const isMatched = this.matchesOf(table);
      for (const { rows } of this.#leftBatches(left, found))
        yield* this.#flushed(this.emitPairs(rows, { right: table, isMatched, found }));
      yield* this.emitUnmatched(table, isMatched);
      this.sides[1].drop(PART_SLICE);
    }
    for (const { rows } of this.#leftBatches(left, found)) {
      this.emitLeftRows(rows, found);
      yield;
    }
  }

  *#leftBatches(left: RowPart, found: MatchBits): Generator<{ readonly rows: HeldRows }> {
    let first = 0;
    for (const batch of left.batches()) {
      found.beginAt(first);
      first += batch.count;
      yield { rows: rowsOf(batch) };
    }
  }

  /** What is emitted of a batch goes before the batch does (SQJX1). */
  *#flushed(work: Generator<void>): Generator<void> {
    yield* work;
    this.emitter.flush();
  }

  #addTo(table: RowTable, { columns, hashes, rows }: HeldRows): void {
    table.add({ columns, hashes, rows, count: rows.length }, null);
  }

  #batchOf(input: 0 | 1, { columns, rows }: Pick<HeldRows, "columns" | "rows">): ColumnBatch {
    const layout = layoutOf(this.plans[input].table.row);
    return new ColumnBatch(layout, columns, { count: rows.length, selection: rows });
  }

  #weigh({ columns, rows }: Pick<HeldRows, "columns" | "rows">): void {
    this.#bytes += bytesOfRows(columns, rows, rows.length) + rows.length * CHAIN_BYTES;
  }
}

/** Of a part: its batches have hashes. */
function rowsOf({ columns, rows, count, marks }: ColumnBatch): HeldRows {
  assert(marks.keyHashes !== null, "rows of a part have the hashes of their keys");
  return { columns, hashes: marks.keyHashes, rows: rows.subarray(0, count) };
}
