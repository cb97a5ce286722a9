/**
 * Owns: watermarks that nothing waits for are not made.
 *
 * SQPW1 A watermark is made where something above it goes by event time: windows, joins within a time, OVER, a sort by rowtime, CURRENT_WATERMARK, or whoever
 *     takes the rows of a query with its time attribute. Without it, its column is not read for its sake.
 */
import type { TypedExpression } from "../validate/typed-tree.ts";
import { hasPart } from "../validate/values.ts";
import type { NodeBuilder } from "./node-builder.ts";
import type { PlanNode, PlanRow } from "./plan-tree.ts";
import { builtAnewBy, inputsFirst, inputsOf } from "./rebuilt.ts";

/** `waits`: whether the taker of the rows does. */
export type Root = { readonly input: PlanNode; readonly waits: boolean };

/** Plans of one script, in which equal parts are one object. */
export function withoutIdleWatermarks(roots: readonly Root[], builder: NodeBuilder): readonly PlanNode[] {
  const order = inputsFirst(roots.map(({ input }) => input));
  const waiting = new Set(roots.filter(({ waits }) => waits).map(({ input }) => input));
  for (const node of order.toReversed())
    if (waiting.has(node) || goesByTime(node)) for (const input of inputsOf(node)) waiting.add(input);
  const withoutIdle = (node: PlanNode, old: PlanNode): PlanNode =>
    node.kind === "watermark" && !waiting.has(old) ? node.input : node;
  return roots.map(({ input }) => input).map(builtAnewBy(withoutIdle, builder));
}

export const hasRowtime = (row: PlanRow): boolean => row.some(({ time }) => time === "rowtime");

function goesByTime(node: PlanNode): boolean {
  switch (node.kind) {
    case "windowAggregate":
    case "windowTable":
      return !node.window.isProctime;
    case "windowJoin":
    case "temporalJoin":
      return true;
    case "intervalJoin":
      return !node.isProctime;
    case "rank":
      return node.windowEnd !== null;
    case "over":
    case "sort":
      return node.orderBy.some(({ column }) => node.input.row[column]?.time === "rowtime");
    case "deduplicate":
      return node.input.row[node.time]?.time === "rowtime";
    case "calc":
      return [...node.values, ...(node.condition === null ? [] : [node.condition])].some(asksWatermark);
    default:
      return false;
  }
}

const asksWatermark = (value: TypedExpression): boolean =>
  hasPart(value, (part) => part.kind === "call" && part.name === "CURRENT_WATERMARK");
