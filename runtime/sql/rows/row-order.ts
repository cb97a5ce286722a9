/**
 * Owns: the order of rows: of ORDER BY, ROW_NUMBER and OVER.
 */
import type { PlanRow, SortColumn } from "../plan/plan-tree.ts";
import { valueOrder } from "./value-order.ts";

type RowObject = Readonly<Record<string, unknown>>;

/** Below zero: `left` comes first. Errors: JOB_GRAPH_INVALID: a column has no order. */
export function compareRows(order: readonly SortColumn[], row: PlanRow): (left: RowObject, right: RowObject) => number {
  const columns = order.map(({ column, direction, nulls }) => {
    const { name, type } = row[column] as PlanRow[number];
    return {
      name,
      compare: valueOrder(type),
      sign: direction === "DESC" ? -1 : 1,
      ofNull: nulls === "FIRST" ? -1 : 1,
    };
  });
  return (left, right) => {
    for (const { name, compare, sign, ofNull } of columns) {
      const [a, b] = [left[name], right[name]];
      if (a === null || b === null) {
        if (a !== b) return a === null ? ofNull : -ofNull;
        continue;
      }
      const difference = compare(a, b);
      if (difference !== 0) return difference * sign;
    }
    return 0;
  };
}
