/**
 * Owns: what the sides of a join are: their rows, keys, and the row tables that they are kept in.
 * Called by: the joins.
 *
 * SQJA1 Rows that are the same are kept as often as they are there; in a stream that takes rows back it is the whole row that is looked for, because a new version may come
 *     before the old one is taken back. Of a side of upserts only its key counts.
 * SQJA2 The mark of a row says how many rows of the other side it is joined with; it is kept where the join has to know when there is none.
 */
import type { RowTableDescriptor } from "../../ports/index.ts";
import { type Column, isNull } from "../../record/index.ts";
import type { JoinType, PlanNode, PlanRow } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf } from "../rows/sql-row.ts";
import { isHalfJoin, keepsUnmatched } from "./join-type.ts";
import { LEFT_ROWS, RIGHT_ROWS } from "./state-names.ts";

type Sided = {
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly leftKeys: readonly number[];
  readonly rightKeys: readonly number[];
  readonly join: JoinType;
};

export type SidePlan = {
  readonly name: typeof LEFT_ROWS | typeof RIGHT_ROWS;
  readonly row: PlanRow;
  readonly changes: PlanNode["changes"];
  readonly keys: readonly number[];
  /** Whether its rows are emitted when they have no match. */
  readonly keeps: boolean;
  readonly table: RowTableDescriptor;
};

export type SidePlans = readonly [SidePlan, SidePlan];

/** `marks`: whether rows of the left, and of the right, have one. `more`: columns that are kept beside those of the row. */
export function sidePlans(
  node: Sided,
  marks: readonly [boolean, boolean],
  more: PlanRow = [],
): readonly [SidePlan, SidePlan] {
  const keeps = keepsUnmatched(node.join);
  const side = (at: 0 | 1, { row, changes, keys: rowKeys }: PlanNode, keys: readonly number[]): SidePlan => {
    const names = namesOf(row);
    const nameAt = (place: number): string => names[place] as string;
    const key = changes === "retract" ? undefined : rowKeys[0];
    const name = at === 0 ? LEFT_ROWS : RIGHT_ROWS;
    const table = {
      name,
      row: rowTypeOf([...row, ...more]),
      key: keys.map(nameAt),
      // SQJA1
      identity: changes === "append" ? null : (key?.map(nameAt) ?? names),
      hasMarks: marks[at],
    };
    return { name, row, changes, keys, keeps: keeps[at], table } as const;
  };
  return [side(0, node.left, node.leftKeys), side(1, node.right, node.rightKeys)];
}

/** SQJA2, where inputs may take rows back. */
export const countsMatches = (join: JoinType): readonly [boolean, boolean] => {
  const [left, right] = keepsUnmatched(join);
  return [left || isHalfJoin(join), right];
};

/** Reads the keys of one side's batches. */
export class SideKeys {
  readonly rows: RowKeys;
  readonly #places: readonly number[];

  constructor({ row, keys }: SidePlan) {
    this.rows = new RowKeys(row, keys);
    this.#places = keys;
  }

  columns(columns: readonly Column[]): readonly Column[] {
    return this.#places.map((place) => columns[place] as Column);
  }
}

/** Those of the columns that may have a NULL. */
export const nullableAmong = (columns: readonly Column[]): readonly Column[] =>
  columns.filter(({ kind, nulls }) => kind === "objects" || nulls !== null);

/** Whether a row has a NULL in one of these columns. */
export function hasNullIn(columns: readonly Column[], row: number): boolean {
  for (const column of columns) {
    if (column.kind === "objects" && column.values[row] === null) return true;
    if (column.nulls !== null && isNull(column.nulls, row)) return true;
  }
  return false;
}
