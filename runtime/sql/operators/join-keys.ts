/**
 * Owns: what the keys of a join have to be, and which rows can have no match because of them.
 */
import { assert } from "../../../base/index.ts";
import { describeType } from "../../record/index.ts";
import type { PlanColumn, PlanNode, PlanRow } from "../plan/plan-tree.ts";
import { columnTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";

type Keyed = {
  readonly left: { readonly row: PlanRow };
  readonly right: { readonly row: PlanRow };
  readonly leftKeys: readonly number[];
  readonly rightKeys: readonly number[];
};

/** Keys that are equal have to be the same value, or they would not meet: the planner casts both to one type. */
export function assertJoinable({ left, right, leftKeys, rightKeys }: Keyed): void {
  assert(leftKeys.length === rightKeys.length, "a join has as many keys on the left as on the right");
  for (const [at, place] of leftKeys.entries()) {
    const one = left.row[place] as PlanColumn;
    const other = right.row[rightKeys[at] as number] as PlanColumn;
    assert(
      valueText(one) === valueText(other),
      `a join compares "${one.name}" (${valueText(one)}) with "${other.name}" (${valueText(other)}): cast both to one type`,
    );
  }
}

const valueText = ({ type }: PlanColumn): string => describeType(columnTypeOf({ ...type, isNullable: false }));

/** A version of a row takes the place of the one before only where both come by one key of the operator. */
export function assertKeyedUpserts(
  { changes, keys }: Pick<PlanNode, "changes" | "keys">,
  operatorKeys: readonly number[],
): void {
  assert(
    changes !== "upsert" || operatorKeys.every((key) => keys[0]?.includes(key) === true),
    "an input of upserts is partitioned by columns of its key: turn it into retractions first",
  );
}

/** Of each side. */
export function keyNamesOf({
  left,
  right,
  leftKeys,
  rightKeys,
}: Keyed): readonly [readonly string[], readonly string[]] {
  const named = (row: PlanRow, keys: readonly number[]) => keys.map((place) => (row[place] as PlanColumn).name);
  return [named(left.row, leftKeys), named(right.row, rightKeys)];
}

export function hasNull(row: SqlRow, names: readonly string[]): boolean {
  for (const name of names) if (row[name] === null) return true;
  return false;
}
