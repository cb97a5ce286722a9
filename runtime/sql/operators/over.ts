/**
 * Owns: which operator runs OVER: of a stream by its time, row after row, of bounded input at its end.
 */
import type { OperatorFactory } from "../../ports/index.ts";
import type { OverNode, PlanMode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { sortedOver } from "./sorted-over.ts";
import { timedOver } from "./timed-over.ts";

/** Its input comes by hash of the columns of `partitionBy`. Errors: JOB_GRAPH_INVALID. */
export function overOperator(node: OverNode, session: SqlSession, mode: PlanMode): OperatorFactory<unknown, unknown> {
  const [order] = node.orderBy;
  const isByClock = order !== undefined && node.input.row[order.column]?.time === "proctime";
  return mode === "batch" && !isByClock ? sortedOver(node) : timedOver(node, session);
}
