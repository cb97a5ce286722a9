/**
 * Owns: which aggregate function has an accumulator over columns.
 * Not here: all others, and rows that are taken back (aggregate-functions.ts).
 */
import type { AggregateCall, PlanRow } from "../../plan/plan-tree.ts";
import type { ColumnAccumulator } from "./column-accumulator.ts";
import { columnCount } from "./column-counts.ts";
import { columnExtreme } from "./column-extremes.ts";
import { columnAverage, columnSum } from "./column-sums.ts";

/** Null: the call has none. Whether it is of DISTINCT values is not looked at. `row`: of the input, of which nothing is taken back. */
export function columnAccumulatorOf(call: AggregateCall, row: PlanRow): ColumnAccumulator | null {
  const [first, second] = call.arguments;
  if (call.user !== undefined || call.order.length > 0 || second !== undefined) return null;
  if (call.name === "COUNT" || call.name === "APPROX_COUNT_DISTINCT") return columnCount;
  const type = row[first ?? -1]?.type;
  if (type === undefined) return null;
  switch (call.name) {
    case "SUM":
      return columnSum(type);
    case "AVG":
      return columnAverage(type);
    case "MIN":
      return columnExtreme(type, "least");
    case "MAX":
      return columnExtreme(type, "greatest");
    default:
      return null;
  }
}
