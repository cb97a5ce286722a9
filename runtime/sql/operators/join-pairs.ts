/**
 * Owns: the pairs of rows that a join looks at: of each record of a batch the rows of the other side with its key, and which of them the condition holds for.
 * Called by: the joins, batch by batch.
 *
 * SQJQ1 The condition is worked out for many pairs at once, over columns that only it needs.
 * SQJQ2 A pair is in the join only when the condition is TRUE: neither when it is FALSE nor when it is UNKNOWN.
 */
import { NO_SLOT, type RowTable } from "../../ports/index.ts";
import { type AnyStore, type Column, COLUMN_ROWS, type ColumnField, layoutOf, storeOf } from "../../record/index.ts";
import { compileFilter, type Filter } from "../codegen/filter.ts";
import { placesOf } from "../plan/plan-expressions.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";

const PAIRS_FIRST = 2 * COLUMN_ROWS;
/** 0, 1, 2, … */
const places = Int32Array.from({ length: COLUMN_ROWS }, (_none, at) => at);

type Conditional = {
  readonly left: { readonly row: PlanRow };
  readonly right: { readonly row: PlanRow };
  readonly condition: TypedExpression | null;
};

export class JoinPairs {
  /** Of each pair the place of the record in its batch, and the slot of the other row. */
  rows = new Int32Array(PAIRS_FIRST);
  slots = new Int32Array(PAIRS_FIRST);
  count = 0;
  /** By number of the record: behind its last pair. */
  ends = new Int32Array(COLUMN_ROWS);
  #records = 0;
  readonly #condition: PairCondition | null;

  /** For one subtask. */
  constructor(node: Conditional, session: SqlSession) {
    this.#condition = node.condition === null ? null : new PairCondition(node, node.condition, session);
  }

  clear(): void {
    this.count = 0;
    this.#records = 0;
  }

  /** The pairs of a record with the chain that begins at that slot. */
  addChain(row: number, first: number, next: Int32Array): void {
    for (let slot = first; slot !== NO_SLOT; slot = next[slot] as number) this.add(row, slot);
  }

  /** The same as long as there are fewer than `most` pairs; answers where the rest of the chain begins, or NO_SLOT. */
  addSome(
    row: number,
    { first, next, most }: { readonly first: number; readonly next: Int32Array; readonly most: number },
  ): number {
    let slot = first;
    for (; slot !== NO_SLOT && this.count < most; slot = next[slot] as number) this.add(row, slot);
    return slot;
  }

  add(row: number, slot: number): void {
    if (this.count === this.rows.length) {
      this.rows = doubled(this.rows);
      this.slots = doubled(this.slots);
    }
    this.rows[this.count] = row;
    this.slots[this.count] = slot;
    this.count += 1;
  }

  /** The record has no more pairs. */
  endRecord(): void {
    if (this.#records === this.ends.length) this.ends = doubled(this.ends);
    this.ends[this.#records] = this.count;
    this.#records += 1;
  }

  /** Keeps those for which the condition is TRUE (SQJQ2). `input`: that of the batch. */
  test(input: number, columns: readonly Column[], other: RowTable): void {
    const condition = this.#condition;
    if (condition === null || this.count === 0) return;
    const { rows, slots, ends, count } = this;
    let record = 0;
    let kept = 0;
    for (let from = 0; from < count; from += COLUMN_ROWS) {
      const to = Math.min(count, from + COLUMN_ROWS);
      const passed = condition.test(input, { columns, rows, other, slots, from, to });
      for (let index = 0; index < passed; index++) {
        const pair = from + (condition.passed[index] as number);
        // What ends before this pair ends behind those that were kept.
        for (; (ends[record] as number) <= pair; record++) ends[record] = kept;
        rows[kept] = rows[pair] as number;
        slots[kept] = slots[pair] as number;
        kept += 1;
      }
    }
    for (; record < this.#records; record++) ends[record] = kept;
    this.count = kept;
  }
}

type Pairs = {
  readonly columns: readonly Column[];
  readonly rows: Int32Array;
  readonly other: RowTable;
  readonly slots: Int32Array;
  readonly from: number;
  readonly to: number;
};

type Needed = { readonly place: number; readonly side: number; readonly field: number; readonly store: AnyStore };

/** SQJQ1 */
class PairCondition {
  /** The pairs that passed, by their numbers among those that were tested. */
  readonly passed = new Int32Array(COLUMN_ROWS);
  readonly #filter: Filter;
  readonly #needed: readonly Needed[];
  readonly #columns: Column[];

  constructor({ left, right }: Conditional, condition: TypedExpression, session: SqlSession) {
    const row = [...left.row, ...right.row.map((column) => ({ ...column, name: `right.${column.name}` }))];
    const layout = layoutOf(rowTypeOf(row));
    this.#filter = compileFilter(row, layout, condition, session);
    this.#columns = new Array(row.length);
    const width = left.row.length;
    this.#needed = [...placesOf(condition)].map((place) => ({
      place,
      side: place < width ? 0 : 1,
      field: place < width ? place : place - width,
      store: storeOf(layout.fields[place] as ColumnField, COLUMN_ROWS),
    }));
  }

  test(input: number, { columns, rows, other, slots, from, to }: Pairs): number {
    for (const { place, side, field, store } of this.#needed) {
      store.clear();
      if (side === input) store.gather(columns[field] as Column, { rows, from, to, at: 0 });
      else other.gather(field, { slots, from, to, at: 0 }, store);
      this.#columns[place] = store.column();
    }
    return this.#filter(this.#columns, places, 0, to - from, this.passed);
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
