/**
 * Owns: how the rows of a plan's nodes are spread over subtasks. Pure.
 *
 * TDIS1 Rows of one key meet in one subtask, in the order in which they were emitted: edges by hash are by the columns that a node keeps its state by. What has no key
 *     has one subtask.
 * TDIS2 What follows a node without keys, and has no keys of its own, stays in one subtask: a row and what takes it back would overtake each other on two ways.
 */
import type { PlanNode } from "../sql/index.ts";

/** Places in the row of its (left) input; null: rows go from subtask to subtask. */
export function keysOf(node: PlanNode): readonly number[] | null {
  switch (node.kind) {
    case "aggregate":
    case "windowAggregate":
      return node.groupBy;
    case "over":
    case "rank":
      return node.partitionBy;
    case "deduplicate":
    case "normalize":
      return node.by;
    case "sort":
      return [];
    case "join":
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin":
      return node.leftKeys;
    case "windowTable":
      return node.window.kind === "session" ? node.window.partition : null;
    default:
      return null;
  }
}

/** Whether all of its rows come from one subtask. */
export function isSingle(node: PlanNode): boolean {
  const keys = keysOf(node);
  if (keys !== null) return keys.length === 0;
  if (node.kind === "union") return node.inputs.every(isSingle);
  if ("input" in node) return isSingle(node.input);
  return node.kind === "values";
}

/** For the options of an operator. */
export const subtasksOf = (node: PlanNode): { readonly parallelism?: 1 } => (isSingle(node) ? { parallelism: 1 } : {});
