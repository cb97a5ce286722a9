/**
 * Owns: conditions go as far towards the sources as they may; joins get those that belong to them.
 * Called by: whoever adds a condition to a plan.
 *
 * SQPD1 A condition passes a node when the rows that it drops could change nothing else: not below a watermark, which is made of all rows; not below a
 *     LIMIT or a rank, but by the partition; below an aggregate by its keys only.
 * SQPD2 Of an outer join, a condition on the optional side stays above it; one in ON that looks at that side alone goes below it.
 * SQPD3 Of a temporal join, a condition on the versions stays above them, or in ON: without the version that it drops, an older one would be the newest.
 * SQPD4 A limit on ROW_NUMBER makes the rank of it (ranks.ts).
 */
import type { TypedExpression } from "../validate/typed-tree.ts";
import { joinOf, type JoinSpec } from "./joins.ts";
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import { allOf, columnOf, conjunctsOf, isAnew, isPlain, moved, placesOf, substituted } from "./plan-expressions.ts";
import type { JoinNode, JoinType, PlanNode } from "./plan-tree.ts";
import { rankOf } from "./ranks.ts";
import { withInputs } from "./rebuilt.ts";

type Conjuncts = readonly TypedExpression[];

/** The rows for which all are TRUE. */
export function filtered(node: PlanNode, conjuncts: Conjuncts, builder: NodeBuilder): PlanNode {
  if (conjuncts.length === 0) return node;
  const [fixed, free] = split(conjuncts, isAnew);
  const pushed = pushedInto(node, free, builder);
  return builder.filter(pushed.node, allOf([...pushed.rest, ...fixed]));
}

/** `conjuncts`: of ON, and for INNER of WHERE, too; over the left row followed by the right one. */
export function joined(spec: JoinSpec, builder: NodeBuilder): PlanNode {
  const { left, right, join, conjuncts } = spec;
  const width = left.row.length;
  const isOf = (isInside: (place: number) => boolean) => (conjunct: TypedExpression) => {
    const places = [...placesOf(conjunct)];
    return places.length > 0 && places.every(isInside) && !isAnew(conjunct);
  };
  const [forLeft, others] = split(conjuncts, mayTestLeft(join) ? isOf((place) => place < width) : () => false);
  const [forRight, both] = split(others, mayTestRight(join) ? isOf((place) => place >= width) : () => false);
  const sides = {
    left: filtered(left, forLeft, builder),
    right: filtered(
      right,
      forRight.map((part) => moved(part, -width)),
      builder,
    ),
  };
  return joinOf({ ...spec, ...sides, conjuncts: both }, builder);
}

const mayTestLeft = (join: JoinType): boolean => join === "INNER" || join === "SEMI" || join === "RIGHT";
const mayTestRight = (join: JoinType): boolean => join !== "FULL" && join !== "RIGHT";

type Pushed = { readonly node: PlanNode; readonly rest: Conjuncts };

function pushedInto(node: PlanNode, conjuncts: Conjuncts, builder: NodeBuilder): Pushed {
  /** Those that look at such places only go below the node's only input. */
  const below = (isInside: (place: number) => boolean): Pushed => {
    const [down, rest] = split(conjuncts, (part) => [...placesOf(part)].every(isInside));
    if (down.length === 0 || !("input" in node)) return { node, rest: conjuncts };
    return { node: withInputs(node, [filtered(node.input, down, builder)], builder), rest };
  };
  switch (node.kind) {
    case "calc":
      return intoCalc(node, conjuncts, builder);
    case "union":
      return {
        node: builder.union(node.inputs.map((input) => filtered(input, conjuncts, builder))),
        rest: [],
      };
    case "normalize":
      return below((place) => node.by.includes(place));
    case "expand":
      return below((place) => place < node.input.row.length && !node.columns.includes(place));
    case "aggregate":
      return node.groupBy.length === 0 ? { node, rest: conjuncts } : belowGroups(node, conjuncts, builder);
    case "windowAggregate":
      return belowGroups(node, conjuncts, builder);
    case "windowTable":
      return node.window.kind === "session"
        ? { node, rest: conjuncts }
        : below((place) => place < node.input.row.length);
    case "unnest":
    case "lookupJoin":
      return below((place) => place < node.input.row.length);
    case "rank":
      return below((place) => node.partitionBy.includes(place));
    case "deduplicate":
      return below((place) => node.by.includes(place));
    case "sort":
      return node.limit === null && node.offset === 0 ? below(() => true) : { node, rest: conjuncts };
    case "over": {
      const ranked = rankOf(node, conjuncts, builder);
      if (ranked === null) return below((place) => node.partitionBy.includes(place));
      return { node: filtered(ranked.node, ranked.rest, builder), rest: [] };
    }
    case "join":
    case "intervalJoin":
    case "windowJoin":
      return intoJoin(node, conjuncts, builder);
    case "temporalJoin":
      return intoTemporalJoin(node, conjuncts, builder);
    default:
      return { node, rest: conjuncts };
  }
}

/** What a value would be computed for twice stays above. */
function intoCalc(node: PlanNode & { kind: "calc" }, conjuncts: Conjuncts, builder: NodeBuilder): Pushed {
  const [down, rest] = split(conjuncts, (part) =>
    [...placesOf(part)].every((place) => {
      const value = node.values[place];
      return value !== undefined && isPlain(value);
    }),
  );
  if (down.length === 0) return { node, rest };
  const all = [...conjunctsOf(node.condition), ...down.map((part) => substituted(part, node.values))];
  const input = filtered(node.input, all, builder);
  return { node: builder.calc({ input, condition: null, values: node.values }, namesOf(node.row)), rest };
}

function belowGroups(
  node: PlanNode & { kind: "aggregate" | "windowAggregate" },
  conjuncts: Conjuncts,
  builder: NodeBuilder,
): Pushed {
  const [down, rest] = split(conjuncts, (part) => [...placesOf(part)].every((place) => place < node.groupBy.length));
  // Before a window of sessions, its rows decide where they end.
  if (down.length === 0 || (node.kind === "windowAggregate" && node.window.kind === "session"))
    return { node, rest: conjuncts };
  const keys = node.groupBy.map((place) => columnOf(node.input.row, place));
  const input = filtered(
    node.input,
    down.map((part) => substituted(part, keys)),
    builder,
  );
  return { node: withInputs(node, [input], builder), rest };
}

type AnyJoin = PlanNode & { readonly kind: "join" | "intervalJoin" | "windowJoin" };

/** SQPD2. */
function intoJoin(node: AnyJoin, conjuncts: Conjuncts, builder: NodeBuilder): Pushed {
  const { left, right, join } = node;
  const width = left.row.length;
  if (join === "SEMI" || join === "ANTI")
    return { node: withInputs(node, [filtered(left, conjuncts, builder), right], builder), rest: [] };
  if (join === "INNER" && node.kind === "join") {
    const all = [...equalityOfKeys(node), ...conjunctsOf(node.condition), ...conjuncts];
    const kept = node.ttl === undefined ? {} : { ttl: node.ttl };
    return { node: joined({ left, right, join, conjuncts: all, ...kept }, builder), rest: [] };
  }
  const keepsLeft = join === "INNER" || join === "LEFT";
  const keepsRight = join === "INNER" || join === "RIGHT";
  const [forLeft, others] = split(
    conjuncts,
    (part) => keepsLeft && [...placesOf(part)].every((place) => place < width),
  );
  const [forRight, rest] = split(others, (part) => keepsRight && [...placesOf(part)].every((place) => place >= width));
  if (forLeft.length + forRight.length === 0) return { node, rest };
  const movedRight = forRight.map((part) => moved(part, -width));
  const inputs = [filtered(left, forLeft, builder), filtered(right, movedRight, builder)];
  return { node: withInputs(node, inputs, builder), rest };
}

/** SQPD3. */
function intoTemporalJoin(
  node: PlanNode & { readonly kind: "temporalJoin" },
  conjuncts: Conjuncts,
  builder: NodeBuilder,
): Pushed {
  const { left, right } = node;
  const [forLeft, rest] = split(conjuncts, (part) => [...placesOf(part)].every((place) => place < left.row.length));
  if (forLeft.length === 0) return { node, rest };
  return { node: withInputs(node, [filtered(left, forLeft, builder), right], builder), rest };
}

/** What its keys say, over the left row followed by the right one. */
export const equalityOfKeys = (node: JoinNode): Conjuncts =>
  node.leftKeys.map((place, index) => equality(node, place, node.rightKeys[index] ?? 0));

function equality({ left, right }: AnyJoin, leftPlace: number, rightPlace: number): TypedExpression {
  const first = columnOf(left.row, leftPlace);
  const second = moved(columnOf(right.row, rightPlace), left.row.length);
  const isNullable = first.type.isNullable || second.type.isNullable;
  return {
    kind: "call",
    at: first.at,
    type: { kind: "boolean", isNullable },
    time: null,
    name: "=",
    arguments: [first, second],
    words: [],
  };
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
