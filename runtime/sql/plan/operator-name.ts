/**
 * Owns: what the operator of a node is called where people see it: in the graph, in metrics, in the refusal of a restore, which names an operator whose state would be lost.
 *
 * SQNM1 Operators with state are called by what they do it by: `aggregate by user_id`, `join on id = user_id`. It is no part of the uid, and may change.
 */
import { ownPartsOf } from "./explain.ts";
import type { PlanNode } from "./plan-tree.ts";
import { keepsRows } from "./uids.ts";

const LENGTH_MAX = 80;

const BY: readonly (readonly [part: string, word: string])[] = [
  ["groupBy", "by"],
  ["partitionBy", "by"],
  ["key", "by"],
  ["on", "on"],
  ["select", "of"],
];

export function operatorName(node: PlanNode): string {
  const words = node.kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (node.kind !== "aggregate" && node.kind !== "windowAggregate" && !keepsRows(node)) return words;
  const parts = new Map(ownPartsOf(node));
  const found = BY.find(([part]) => (parts.get(part) ?? "") !== "");
  const name = found === undefined ? words : `${words} ${found[1]} ${parts.get(found[0])}`;
  return name.length > LENGTH_MAX ? `${name.slice(0, LENGTH_MAX - 1)}…` : name;
}
