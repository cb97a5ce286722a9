/**
 * Owns: which calcs leave out updates that change nothing of what they give: of a count whether it is above a limit, of a maximum its hour.
 *
 * SQEU1 It is where nobody above asks when a row came last: not where state expires, nor below an order of rows (Top-N, OVER, FIRST_VALUE, LISTAGG …), nor below a lookup, which would ask again, nor
 *     ahead of a table that keeps the last row of each key.
 * SQEU2 A calc that gives all columns of its input has no such updates: whoever emits them leaves them out.
 */
import type { AggregateCall, CalcNode, PlanNode } from "./plan-tree.ts";
import { inputsFirst, inputsOf, rebuiltBy } from "./rebuilt.ts";

/** What they give does not depend on the order of rows. */
const UNORDERED: ReadonlySet<string> = new Set(["COUNT", "APPROX_COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"]);

/** `isOrdered`: who takes its rows asks when each came last. */
type Root = { readonly input: PlanNode; readonly isOrdered: boolean };

/** For all plans of a script. */
export function withoutEqualUpdates(roots: readonly Root[]): (node: PlanNode) => PlanNode {
  const nodes = inputsFirst(roots.map(({ input }) => input));
  if (nodes.some((node) => "ttl" in node && node.ttl !== undefined)) return (node) => node;
  const ordered = new Set<PlanNode>(roots.flatMap(({ input, isOrdered }) => (isOrdered ? [input] : [])));
  for (const node of nodes.toReversed())
    if (ordered.has(node) || asksForOrder(node)) for (const input of inputsOf(node)) ordered.add(input);
  return rebuiltBy((node, old) =>
    node.kind === "calc" && !ordered.has(old) && mayRepeat(node) ? { ...node, leavesOutEqual: true } : node,
  );
}

function asksForOrder(node: PlanNode): boolean {
  switch (node.kind) {
    case "calc":
    case "union":
    case "expand":
    case "unnest":
    case "join":
      return false;
    case "aggregate":
      return !node.calls.every(isUnordered);
    default:
      return true;
  }
}

const isUnordered = ({ name, user, order }: AggregateCall): boolean =>
  UNORDERED.has(name) && user === undefined && order.length === 0;

/** SQEU2 */
function mayRepeat({ input, values, changes }: CalcNode): boolean {
  if (changes !== "retract") return false;
  const passed = new Set(values.flatMap((value) => (value.kind === "column" ? [value.index] : [])));
  return input.row.some((_column, place) => !passed.has(place));
}
