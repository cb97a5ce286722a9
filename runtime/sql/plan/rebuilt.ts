/**
 * Owns: the inputs of a node, and the same node over others of the same rows.
 */
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import type { IntervalJoinNode, JoinNode, PlanNode, TemporalJoinNode, WindowJoinNode } from "./plan-tree.ts";

export function inputsOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case "scan":
    case "values":
      return [];
    case "union":
      return node.inputs;
    case "join":
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin":
      return [node.left, node.right];
    default:
      return [node.input];
  }
}

/** Each once, inputs ahead of those that take their rows. */
export function inputsFirst(roots: readonly PlanNode[]): readonly PlanNode[] {
  const seen = new Set<PlanNode>();
  const visit = (node: PlanNode): void => {
    if (seen.has(node)) return;
    inputsOf(node).forEach(visit);
    seen.add(node);
  };
  roots.forEach(visit);
  return [...seen];
}

/** How many take the rows of each node: other nodes, and whoever has the roots. */
export function takersOf(roots: readonly PlanNode[]): Map<PlanNode, number> {
  const takers = new Map<PlanNode, number>();
  for (const node of [...inputsFirst(roots).flatMap(inputsOf), ...roots]) takers.set(node, (takers.get(node) ?? 0) + 1);
  return takers;
}

/** `inputs`: as many, with the columns at the same places. */
export function withInputs(node: PlanNode, inputs: readonly PlanNode[], builder: NodeBuilder): PlanNode {
  const [input, right] = inputs;
  const names = namesOf(node.row);
  if (input === undefined) return node;
  switch (node.kind) {
    case "scan":
    case "values":
      return node;
    case "watermark":
      return builder.watermark({ ...node, input });
    case "normalize":
      return builder.normalize({ ...node, input });
    case "calc":
      return builder.calc({ ...node, input }, names);
    case "union":
      return builder.union(inputs);
    case "expand":
      return builder.expand({ ...node, input });
    case "aggregate":
      return builder.aggregate(
        { ...node, input },
        node.calls.map((call, index) => ({ call, name: names[node.groupBy.length + index] ?? "" })),
      );
    case "windowAggregate":
      return builder.windowAggregate(
        { ...node, input },
        node.calls.map((call, index) => ({ call, name: names[node.groupBy.length + index] ?? "" })),
        names.at(-1) ?? "",
      );
    case "windowTable":
      return builder.windowTable({ ...node, input });
    case "rank":
      return builder.rank({ ...node, input }, names.at(-1) ?? "");
    case "deduplicate":
      return builder.deduplicate({ ...node, input });
    case "sort":
      return builder.sort({ ...node, input });
    case "over":
      return builder.over(
        { ...node, input },
        node.calls.map((call, index) => ({ call, name: names[node.input.row.length + index] ?? "" })),
      );
    case "unnest":
      return builder.unnest({ ...node, input }, node.row.slice(node.input.row.length));
    case "lookupJoin":
      return builder.lookupJoin({ ...node, input });
    default:
      return right === undefined ? node : joinOver({ ...node, left: input, right }, builder);
  }
}

function joinOver(
  node: JoinNode | IntervalJoinNode | WindowJoinNode | TemporalJoinNode,
  builder: NodeBuilder,
): PlanNode {
  if (node.kind === "join") return builder.join(node);
  if (node.kind === "temporalJoin") return builder.temporalJoin(node);
  return node.kind === "intervalJoin" ? builder.intervalJoin(node) : builder.windowJoin(node);
}

/** The same node over these inputs, of the same rows: nothing of it is worked out anew. */
export function overInputs(node: PlanNode, inputs: readonly PlanNode[]): PlanNode {
  const [input, right] = inputs;
  if (input === undefined) return node;
  if (node.kind === "union") return { ...node, inputs };
  if ("left" in node) return { ...node, left: input, right: right ?? node.right };
  return "input" in node ? { ...node, input } : node;
}

/** What becomes of a node: `node`, over its new inputs; `old`: the node that it was. */
type Change = (node: PlanNode, old: PlanNode) => PlanNode;

/** A plan in which each node is what `change` makes of it, over inputs of the same rows. Equal nodes of the input are one in the result, over all calls. */
export function rebuiltBy(change: Change): (node: PlanNode) => PlanNode {
  return rebuilding(change, overInputs);
}

/** As rebuiltBy, where `change` may give other columns' types, keys or changes: what follows from them is worked out anew above it. */
export function builtAnewBy(change: Change, builder: NodeBuilder): (node: PlanNode) => PlanNode {
  return rebuilding(change, (node, inputs) => withInputs(node, inputs, builder));
}

function rebuilding(change: Change, over: typeof overInputs): (node: PlanNode) => PlanNode {
  const done = new Map<PlanNode, PlanNode>();
  const rebuild = (node: PlanNode): PlanNode => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const inputs = inputsOf(node);
    const rebuilt = inputs.map(rebuild);
    const isSame = rebuilt.every((input, index) => input === inputs[index]);
    const made = change(isSame ? node : over(node, rebuilt), node);
    done.set(node, made);
    return made;
  };
  return rebuild;
}
