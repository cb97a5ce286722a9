/**
 * Owns: what a join emits, column by column: pairs of a row of the batch at hand and one of the other side, and rows with NULLs in place of the other's.
 *
 * SQJX1 Rows leave in the order of the calls; `flush` sends those that are left, and is called before the batch at hand, or the table of the other side, is another.
 * SQJX2 Where the plan says `append`, nothing but inserts leaves (SQPT3).
 */
import { assert } from "../../../base/index.ts";
import { NO_SLOT, type Output, type RowTable } from "../../ports/index.ts";
import { type AnyStore, type Column, COLUMN_ROWS, ColumnBuilder, rowKinds } from "../../record/index.ts";
import type { Changes, JoinType, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { isHalfJoin } from "./join-type.ts";
import type { RowKind } from "./emitted-rows.ts";

/** In place of a row: NULLs. */
export const NOTHING = NO_SLOT;

/** Of the batch's own side a row that its table has, in place of one of the batch. */
export const ofTable = (slot: number): number => -2 - slot;

/** The batch at hand: of which input, its columns, and the tables of both sides. */
export type Hand = {
  readonly input: number;
  readonly columns: readonly Column[];
  /** Null: nothing of it is emitted. */
  readonly own: RowTable | null;
  readonly other: RowTable | null;
};

/** Of a join's node. */
export type Paired = {
  readonly row: PlanRow;
  readonly changes: Changes;
  readonly join: JoinType;
  readonly left: { readonly row: PlanRow };
  readonly right: { readonly row: PlanRow };
};

export class PairEmitter {
  readonly #builder: ColumnBuilder;
  readonly #output: Output<unknown>;
  readonly #mayTakeBack: boolean;
  readonly #isHalf: boolean;
  readonly #widths: readonly [number, number];
  readonly #own = new Int32Array(COLUMN_ROWS);
  readonly #other = new Int32Array(COLUMN_ROWS);
  readonly #kinds = new Uint8Array(COLUMN_ROWS);
  #hasKinds = false;
  #count = 0;
  #hand: Hand | null = null;
  #slots = new Int32Array(COLUMN_ROWS);

  constructor(node: Paired, output: Output<unknown>) {
    this.#builder = new ColumnBuilder(rowTypeOf(node.row));
    this.#output = output;
    this.#mayTakeBack = node.changes !== "append";
    this.#isHalf = isHalfJoin(node.join);
    this.#widths = [node.left.row.length, node.right.row.length];
  }

  begin(hand: Hand): void {
    this.flush();
    this.#hand = hand;
  }

  /** `own`: a place of the batch, `ofTable`, or NOTHING; `other`: a slot, or NOTHING. Of SEMI and ANTI the left one of both is all that is emitted. */
  emit(kind: RowKind, own: number, other: number): void {
    const at = this.#count;
    this.#own[at] = own;
    this.#other[at] = other;
    this.#kinds[at] = kind;
    if (kind !== rowKinds.insert) {
      assert(this.#mayTakeBack, "an operator that only appends takes no row back");
      this.#hasKinds = true;
    }
    this.#count = at + 1;
    if (this.#count === COLUMN_ROWS) this.flush();
  }

  flush(): void {
    const count = this.#count;
    if (count === 0 || this.#hand === null) return;
    const builder = this.#builder;
    const { stores } = builder;
    const { input } = this.#hand;
    const [width] = this.#widths;
    this.#putOwn(this.#hand, stores, input === 0 ? 0 : width);
    this.#putOther(this.#hand, stores, input === 0 ? width : 0);
    if (this.#hasKinds) builder.rowKinds().set(this.#kinds.subarray(0, count));
    builder.count = count;
    this.#count = 0;
    this.#hasKinds = false;
    const batch = builder.take();
    this.#output.collectBatch(batch);
    batch.release();
  }

  #putOwn({ input, columns, own }: Hand, stores: readonly AnyStore[], first: number): void {
    if (this.#isHalf && input === 1) return;
    const rows = this.#own;
    this.#forEachRun(rows, (from, to) => {
      const isOfTable = (rows[from] as number) < NOTHING;
      if (isOfTable) for (let at = from; at < to; at++) this.#slots[at] = -2 - (rows[at] as number);
      for (let field = 0; field < (this.#widths[input] as number); field++) {
        const store = stores[first + field] as AnyStore;
        if (isOfTable) own?.gather(field, { slots: this.#slots, from, to, at: from }, store);
        else if (rows[from] === NOTHING) putNulls(store, from, to);
        else store.gather(columns[field] as Column, { rows, from, to, at: from });
      }
    });
  }

  #putOther({ input, other }: Hand, stores: readonly AnyStore[], first: number): void {
    if (this.#isHalf && input === 0) return;
    const slots = this.#other;
    this.#forEachRun(slots, (from, to) => {
      for (let field = 0; field < (this.#widths[1 - input] as number); field++) {
        const store = stores[first + field] as AnyStore;
        if (slots[from] === NOTHING) putNulls(store, from, to);
        else other?.gather(field, { slots, from, to, at: from }, store);
      }
    });
  }

  /** Rows next to each other that are from one place. */
  #forEachRun(rows: Int32Array, put: (from: number, to: number) => void): void {
    const count = this.#count;
    for (let from = 0, to = 0; from < count; from = to) {
      const sort = sortOf(rows[from] as number);
      for (to = from + 1; to < count && sortOf(rows[to] as number) === sort; ) to += 1;
      put(from, to);
    }
  }
}

/** Whether it is a place, NOTHING, or of a table. */
const sortOf = (row: number): number => (row >= 0 ? 1 : row === NOTHING ? 0 : -1);

function putNulls(store: AnyStore, from: number, to: number): void {
  for (let at = from; at < to; at++) store.put(null, at);
}
