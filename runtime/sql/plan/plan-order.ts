/**
 * Owns: ORDER BY, LIMIT and OFFSET.
 *
 * SQPO1 A stream has no end to sort at: it is sorted by its rowtime, or the first rows of an order are kept (a rank), or it is refused.
 * SQPO2 NULL is the least value, as in Flink: first in ASC, last in DESC, unless the text says otherwise.
 */
import { fail } from "../syntax/problem.ts";
import type { TypedOrder, TypedQuery } from "../validate/typed-tree.ts";
import type { PlanContext } from "./plan-context.ts";
import type { PlanNode, SortColumn } from "./plan-tree.ts";

/** SQPO2. */
export const resolvedOrder = ({ direction, nulls }: TypedOrder, column: number): SortColumn => ({
  column,
  direction,
  nulls: nulls ?? (direction === "ASC" ? "FIRST" : "LAST"),
});

/** `input`: the body's row, with what the order needs behind it. */
export function ordered(input: PlanNode, query: TypedQuery, { builder, at }: PlanContext): PlanNode {
  const offset = Number(query.offset ?? 0n);
  const limit = query.limit === null ? null : Number(query.limit);
  const orderBy = query.orderBy.map((order) => {
    if (order.value.kind !== "column") throw new RangeError("an order by what is no column of the result");
    return resolvedOrder(order, order.value.index);
  });
  if (limit === 0) return builder.values([], input.row);
  if (orderBy.length === 0 && limit === null && offset === 0) return input;
  if (builder.mode === "batch") return builder.sort({ input, orderBy, offset, limit });
  const [first] = orderBy;
  const isByTime = first !== undefined && first.direction === "ASC" && input.row[first.column]?.time === "rowtime";
  if (limit === null && offset === 0 && isByTime && input.changes === "append")
    return builder.sort({ input, orderBy, offset, limit });
  const place = query.orderBy[0]?.value.at ?? at;
  if (limit === null && offset > 0)
    fail(
      place,
      "OFFSET without LIMIT over a stream",
      "Add LIMIT, or run the script as batch: SET 'execution.runtime-mode' = 'batch'.",
    );
  if (limit === null)
    fail(
      place,
      "a stream has no end at which it could be sorted",
      "Sort by its rowtime attribute first, ascending; or add LIMIT; or run the script as batch: SET 'execution.runtime-mode' = 'batch'.",
    );
  const parts = { partitionBy: [], orderBy, from: offset + 1, to: offset + limit, showsRank: false, windowEnd: null };
  return builder.rank({ input, ...parts }, "");
}
