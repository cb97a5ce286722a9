/**
 * Owns: which expressions a node of a plan computes itself; aggregate calls are not among them.
 */
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { PlanNode } from "./plan-tree.ts";

export function expressionsOf(node: PlanNode): readonly TypedExpression[] {
  switch (node.kind) {
    case "calc":
      return [...node.values, ...(node.condition === null ? [] : [node.condition])];
    case "watermark":
      return [node.strategy];
    case "values":
      return node.rows.flat();
    case "unnest":
      return node.items;
    case "join":
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin":
    case "lookupJoin":
      return node.condition === null ? [] : [node.condition];
    default:
      return [];
  }
}
