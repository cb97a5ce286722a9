/**
 * Owns: two bounded inputs, each sorted by the keys of a join and a time, and what of both comes next.
 * Called by: joins of bounded inputs that go by times: within a time, and with the row of a time.
 *
 * SQSS1 Keys of both sides have one order, NULL first: rows whose keys are equal are next to each other when both sides are gone through together.
 * SQSS2 Of each side a page is in memory.
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory } from "../../ports/index.ts";
import type { Column, ColumnBatch } from "../../record/index.ts";
import { SteppedWork } from "../../spill/index.ts";
import type { PlanNode, PlanRow, SortColumn } from "../plan/plan-tree.ts";
import { anyOrder } from "../rows/value-order.ts";
import { ColumnOrder } from "./column-order.ts";
import { begins, declarationOfSorted, KeyedSort } from "./keyed-sort.ts";

type Timed = {
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly leftKeys: readonly number[];
  readonly rightKeys: readonly number[];
  readonly leftTime: number;
  readonly rightTime: number;
};

/** Rows by the columns of their keys and their time. */
export type SideView = { readonly view: readonly Column[] };

const NAMES = ["sortedLeft", "sortedRight"] as const;

const ascending = (column: number): SortColumn => ({ column, direction: "ASC", nulls: "FIRST" });

export const declarationsOfSides = ({
  left,
  right,
}: Pick<Timed, "left" | "right">): NonNullable<OperatorFactory<unknown, unknown>["declares"]> =>
  [left, right].map(({ row }, side) => declarationOfSorted(row, NAMES[side] as string));

export class SortedSides {
  readonly work: SteppedWork;
  readonly sides: readonly [SortedSide, SortedSide];
  /** By the keys, and by the keys and the time. */
  readonly #keyOrder: ColumnOrder;
  readonly #order: ColumnOrder;

  /** `share`: of the operator's memory, for each side. */
  constructor(
    { left, right, leftKeys, rightKeys, leftTime, rightTime }: Timed,
    context: OperatorContext,
    share: number,
  ) {
    this.work = new SteppedWork(context.emission ?? null);
    const sideOf = (side: 0 | 1, row: PlanRow, keys: readonly number[], time: number): SortedSide => {
      const order = { row, keys, orderBy: [ascending(time)] };
      return new SortedSide(new KeyedSort(order, context, { share, name: NAMES[side], work: this.work }), [
        ...keys,
        time,
      ]);
    };
    this.sides = [sideOf(0, left.row, leftKeys, leftTime), sideOf(1, right.row, rightKeys, rightTime)];
    const columns = [...leftKeys, leftTime].map((place) => left.row[place] as PlanRow[number]);
    const order = columns.map((_column, place) => ascending(place));
    this.#keyOrder = new ColumnOrder(order.slice(0, -1), columns, anyOrder);
    this.#order = new ColumnOrder(order, columns, anyOrder);
  }

  add(input: 0 | 1, batch: ColumnBatch, from: number): void {
    this.sides[input].sort.add(batch, from);
  }

  /** For `prepareSnapshot`. */
  save(): void {
    for (const { sort } of this.sides) sort.save();
  }

  /** What was not asked for of either side is not wanted. */
  drop(): void {
    for (const { sort } of this.sides) sort.drop();
  }

  /** For `close`. */
  close(): void {
    for (const { sort } of this.sides) sort.close();
  }

  /** Below zero: the row of the one side comes first by key and time. */
  compare(one: SideView, row: number, other: SideView, otherRow: number): number {
    return this.#order.compare(one.view, row, other.view, otherRow);
  }

  /** The same by the key alone. */
  compareKeys(one: SideView, row: number, other: SideView, otherRow: number): number {
    return this.#keyOrder.compare(one.view, row, other.view, otherRow);
  }
}

export class SortedSide {
  readonly sort: KeyedSort;
  /** Of the keys and the time. */
  readonly #places: readonly number[];
  #pages: ReturnType<KeyedSort["sorted"]> | null = null;
  #page: ColumnBatch | null = null;
  /** Keys and time of the page. */
  view: readonly Column[] = [];
  /** The row that comes next. */
  row = 0;
  /** Whether the page's first row is the first of its key. */
  beginsKey = true;

  constructor(sort: KeyedSort, places: readonly number[]) {
    this.sort = sort;
    this.#places = places;
  }

  /** False: all rows have been there. */
  get hasRows(): boolean {
    return this.#page !== null;
  }

  /** Valid until the next one. */
  get page(): ColumnBatch {
    assert(this.#page !== null, "the side has rows");
    return this.#page;
  }

  /** Of its rows. */
  viewOf({ columns }: ColumnBatch): readonly Column[] {
    return this.#places.map((place) => columns[place] as Column);
  }

  get last(): number {
    return this.page.count - 1;
  }

  /** The next page, from its first row on. Errors: SPILL_FAILED. */
  *turn(): Generator<void> {
    this.#pages ??= this.sort.sorted();
    this.#page = null;
    for (let next = this.#pages.next(); next.done !== true; next = this.#pages.next()) {
      if (next.value === null) {
        yield;
        continue;
      }
      const { batch, begins: starts } = next.value;
      this.#page = batch;
      this.beginsKey = starts[0] === begins.key;
      this.view = this.viewOf(batch);
      this.row = 0;
      return;
    }
    this.#pages = null;
  }
}
