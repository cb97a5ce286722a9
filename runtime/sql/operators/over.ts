/**
 * Owns: which operator runs OVER: by a time attribute row after row, in any other order at the end of bounded input.
 */
import type { OperatorFactory } from "../../ports/index.ts";
import type { OverNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { sortedOver } from "./sorted-over.ts";
import { timedOver } from "./timed-over.ts";

/** They depend on rows to come. */
const NEED_ALL_ROWS: ReadonlySet<string> = new Set(["LEAD", "NTILE", "PERCENT_RANK", "CUME_DIST"]);

/** Its input comes by hash of the columns of `partitionBy`. Errors: JOB_GRAPH_INVALID. */
export function overOperator(node: OverNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  const [order, second] = node.orderBy;
  const isByTime =
    order !== undefined &&
    second === undefined &&
    order.direction === "ASC" &&
    node.input.row[order.column]?.time !== null &&
    !node.calls.some(({ name }) => NEED_ALL_ROWS.has(name));
  return isByTime ? timedOver(node, session) : sortedOver(node);
}
