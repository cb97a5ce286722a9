/**
 * Owns: the row of an aggregate without keys that had no input.
 */
import { keyGroupOfHash, keyHash, subtaskOfKeyGroup } from "../../record/index.ts";
import type { OperatorContext } from "../../ports/index.ts";
import type { AggregateNode } from "../plan/plan-tree.ts";
import { Aggregation } from "./aggregation.ts";

/** Of the subtasks one emits it: the one that a row would come to. */
export function ownsEmptyKey(
  { groupBy }: AggregateNode,
  { maxParallelism, parallelism, subtask }: OperatorContext,
): boolean {
  const group = keyGroupOfHash(keyHash([]), maxParallelism);
  return groupBy.length === 0 && subtaskOfKeyGroup(group, parallelism, maxParallelism) === subtask;
}

export function emptyRow({ calls, input }: AggregateNode): readonly unknown[] {
  const aggregation = new Aggregation(calls, input.row, { retracts: false });
  const values: unknown[] = [];
  aggregation.results(aggregation.create(), values);
  return values;
}
