/**
 * Owns: the operator in front of a table with a PRIMARY KEY, where a query's rows have other keys: of each key it keeps the rows that are there, and shows the last one.
 * Does not own: whether it is needed: a query whose own key lies within the table's has one row of each key at most.
 *
 * SQBK1 When the last row of a key is taken back, the one before it takes its place; only when none is left the key is deleted. Without it the rows that share a key
 *     would delete each other.
 * SQBK2 It emits upserts by the table's key: +I, +U, and -D of the row that was shown last.
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, ValueState } from "../../ports/index.ts";
import { describeType, isAdded, rowKinds, t, type ValueType } from "../../record/index.ts";
import type { Changes, Kept, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, sameValues, type SqlRow } from "../rows/sql-row.ts";
import { expiringStates } from "./expiring-operator.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import { MissingRows } from "./missing-rows.ts";
import type { RowKind } from "./emitted-rows.ts";

const ROWS = "rows";

type Input = { readonly row: PlanRow; readonly changes: Changes };
type Held = { readonly rows: readonly SqlRow[] };

const heldType = (row: PlanRow): ValueType<Held> =>
  t.record({ rows: t.list(rowTypeOf(row)) }) as ValueType<unknown> as ValueType<Held>;

/** `by`: places of the table's key in the input's row. */
export function rowsByKeyOperator(
  input: Input,
  by: readonly number[],
  { ttl }: Kept = {},
): OperatorFactory<unknown, unknown> {
  assert(input.changes !== "upsert", "rows whose upserts have another key are normalized first");
  const factory: OperatorFactory<unknown, unknown> = {
    kind: "operator",
    name: "rows by key",
    declares: [{ name: ROWS, kind: "value", type: describeType(heldType(input.row)) }],
    create: () => new RowsByKey(input.row, by),
  };
  return expiringStates(factory, ttl === undefined ? new Map() : new Map([[ROWS, ttl]]), false);
}

class RowsByKey extends KeyedRowsOperator {
  readonly #row: PlanRow;
  readonly #names: readonly string[];
  #held!: ValueState<Held>;
  #missing!: MissingRows;

  constructor(row: PlanRow, by: readonly number[]) {
    super({ row, changes: "upsert" }, [{ row, keys: by }]);
    this.#row = row;
    this.#names = namesOf(row);
  }

  protected openStates(context: OperatorContext): void {
    this.#held = this.keyed.value({ name: ROWS, type: heldType(this.#row) });
    this.#missing = new MissingRows(context);
  }

  protected onRow(_input: number, kind: RowKind, row: SqlRow): void {
    const rows = this.#held.value()?.rows ?? [];
    if (isAdded(kind)) {
      this.#held.update({ rows: [...rows, row] });
      this.emitter.emit(rows.length === 0 ? rowKinds.insert : rowKinds.updateAfter, row, this.#names);
    } else {
      this.#takeBack(rows, row);
    }
  }

  /** SQBK1 */
  #takeBack(rows: readonly SqlRow[], row: SqlRow): void {
    const place = rows.findLastIndex((each) => sameValues(each, row, this.#names));
    if (place < 0) return this.#missing.tell();
    const left = rows.toSpliced(place, 1);
    const last = left.at(-1);
    if (last === undefined) {
      this.#held.clear();
      this.emitter.emit(rowKinds.delete, row, this.#names);
      return;
    }
    this.#held.update({ rows: left });
    if (place === left.length) this.emitter.emit(rowKinds.updateAfter, last, this.#names);
  }
}
