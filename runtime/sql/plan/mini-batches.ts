/**
 * Owns: which nodes of a plan emit once for each mini-batch, all groups without a window; and which of them add rows up ahead of the edge by their keys, too.
 * Not here: what that means (operators/table-mini-batch.ts, operators/local-aggregate.ts).
 *
 * SQPM1 Neither says anything of what a node computes and keeps: uids do not have it, and a job is restored with other settings.
 * SQPM2 By itself only the one group of all rows is added up in two phases: its rows would all go to one subtask. Of keys nobody knows how many there are, and a first phase that finds few rows of each costs
 *     more than it saves (docs/decisions/20261130-sql-aggregates.md).
 */
import { hasPartials } from "../operators/local-aggregate.ts";
import type { AggregationSettings } from "./aggregation-settings.ts";
import type { AggregateNode, PlanMode, PlanNode } from "./plan-tree.ts";
import { rebuiltBy } from "./rebuilt.ts";

/** The same nodes with that; equal nodes of the input are one in the result. */
export function withMiniBatches(settings: AggregationSettings, mode: PlanMode): (node: PlanNode) => PlanNode {
  const { miniBatch, phases } = settings;
  if (miniBatch === null || mode === "batch") return (node) => node;
  const batched = (node: AggregateNode): AggregateNode => {
    // SQPM2
    const isWanted = phases === "two" || (phases === "auto" && node.groupBy.length === 0);
    const isTwoPhase = isWanted && hasPartials(node);
    return { ...node, miniBatch, ...(isTwoPhase ? { isTwoPhase } : {}) };
  };
  return rebuiltBy((node) => (node.kind === "aggregate" && node.changes !== "append" ? batched(node) : node));
}
