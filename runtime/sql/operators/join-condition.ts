/**
 * Owns: the condition of a join beside the equality of its keys, over pairs of rows.
 *
 * SQJC1 A pair is in the join only when the condition is TRUE: neither when it is FALSE nor when it is UNKNOWN.
 */
import { compileCondition } from "../codegen/scalar.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";

/** Null: every pair is in the join. For one subtask. */
export type JoinCondition = ((left: SqlRow, right: SqlRow) => boolean) | null;

type Conditional = {
  readonly left: { readonly row: PlanRow };
  readonly right: { readonly row: PlanRow };
  readonly condition: TypedExpression | null;
};

export const conditionOf = ({ left, right, condition }: Conditional, session: SqlSession): JoinCondition =>
  condition === null ? null : compileCondition(condition, { left: left.row, right: right.row }, session);
