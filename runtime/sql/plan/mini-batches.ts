/**
 * Owns: which nodes of a plan emit once for each mini-batch, all groups without a window; and which of them add rows up ahead of the edge by their keys, too.
 * Not here: what that means (operators/table-mini-batch.ts, operators/local-aggregate.ts).
 *
 * SQPM1 Neither says anything of what a node computes and keeps: uids do not have it, and a job is restored with other settings.
 * SQPM2 By itself only the one group of all rows is added up in two phases: its rows would all go to one subtask. Of keys nobody knows how many there are, and a first phase that finds few rows of each costs
 *     more than it saves (docs/decisions/20261130-sql-aggregates.md).
 * SQPM3 A watermark ends a mini-batch, as what it says is true of what has left. Where mini-batches take rows that have one it is made no more often than they may wait: a watermark that comes later is as true,
 *     drops no row that an earlier one would not, and windows wait as long as groups do. Flink makes them at multiples of that time, in event time.
 */
import { hasPartials } from "../operators/local-aggregate.ts";
import type { AggregationSettings } from "./aggregation-settings.ts";
import type { AggregateNode, PlanMode, PlanNode } from "./plan-tree.ts";
import { inputsFirst, inputsOf, rebuiltBy } from "./rebuilt.ts";

/** For all plans of a script: the same nodes with that; equal nodes of the input are one in the result. */
export function withMiniBatches(
  roots: readonly PlanNode[],
  settings: AggregationSettings,
  mode: PlanMode,
): (node: PlanNode) => PlanNode {
  const { miniBatch, phases } = settings;
  if (miniBatch === null || mode === "batch") return (node) => node;
  const batched = (node: AggregateNode): AggregateNode => {
    // SQPM2
    const isWanted = phases === "two" || (phases === "auto" && node.groupBy.length === 0);
    const isTwoPhase = isWanted && hasPartials(node);
    return { ...node, miniBatch, ...(isTwoPhase ? { isTwoPhase } : {}) };
  };
  const below = belowMiniBatches(roots);
  return rebuiltBy((node, old) => {
    if (isBatched(node)) return batched(node);
    return node.kind === "watermark" && below.has(old) ? { ...node, everyMs: miniBatch.latencyMs } : node;
  });
}

const isBatched = (node: PlanNode): node is AggregateNode => node.kind === "aggregate" && node.changes !== "append";

function belowMiniBatches(roots: readonly PlanNode[]): ReadonlySet<PlanNode> {
  const below = new Set<PlanNode>();
  for (const node of inputsFirst(roots).toReversed())
    if (isBatched(node) || below.has(node)) for (const input of inputsOf(node)) below.add(input);
  return below;
}
