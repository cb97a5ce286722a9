/**
 * Owns: the order of inner joins: of tables that nothing joins but a third one, that one is joined first.
 *
 * SQTJ1 Tables are joined as the query names them, but for this: next is the first one that has a key with those before it. So it is where the query's own order has joins without
 *     keys, each of which pairs all rows with all, and this one has fewer. Ours: Flink does so only with table.optimizer.join-reorder-enabled.
 * SQTJ2 Joins stay as they are where a hint says how long their rows stay, where others take what is between them, and where a condition is computed anew for each row.
 */
import type { TypedExpression } from "../validate/typed-tree.ts";
import { keyOf } from "./joins.ts";
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import { columnOf, conjunctsOf, isAnew, moved, placesOf, withPlaces } from "./plan-expressions.ts";
import type { JoinNode, PlanNode } from "./plan-tree.ts";
import { equalityOfKeys, joined } from "./push-down.ts";
import { builtAnewBy, takersOf } from "./rebuilt.ts";

/** Inner joins of several tables. */
type Joins = {
  readonly tables: readonly PlanNode[];
  /** Of the row: where its columns are in the rows of the tables, one after the other. */
  readonly places: readonly number[];
  /** Over the rows of the tables, one after the other. */
  readonly conjuncts: readonly TypedExpression[];
  readonly withoutKeys: number;
};

type Ordered = Pick<Joins, "places" | "withoutKeys"> & { readonly node: PlanNode };

/** Plans of one script. */
export function withJoinOrder(roots: readonly PlanNode[], builder: NodeBuilder): readonly PlanNode[] {
  const takers = takersOf(roots);
  const isShared = (node: PlanNode): boolean => (takers.get(node) ?? 1) > 1;
  const inItsOrder = (node: PlanNode, old: PlanNode): PlanNode => {
    const ordered = inOrder(node, isShared, builder);
    // What was made here has the takers of what it was made of.
    for (const made of [node, ordered]) takers.set(made, takers.get(old) ?? 1);
    return ordered;
  };
  return roots.map(builtAnewBy(inItsOrder, builder));
}

function inOrder(node: PlanNode, isShared: (node: PlanNode) => boolean, builder: NodeBuilder): PlanNode {
  if (!isInner(node)) return node;
  const joins = joinsOf(node, isShared);
  const { tables, conjuncts, withoutKeys } = joins;
  if (withoutKeys === 0 || tables.length < 3 || conjuncts.some(isAnew)) return node;
  const ordered = joinedByKeys(joins, builder);
  if (ordered.withoutKeys >= withoutKeys) return node;
  const values = joins.places.map((place) => columnOf(ordered.node.row, ordered.places[place] as number));
  const again = builder.calc({ input: ordered.node, condition: null, values }, namesOf(node.row));
  // What takes the rows was planned for rows such as these.
  const isAlike =
    again.changes === node.changes && again.row.every(({ time }, place) => time === node.row[place]?.time);
  return isAlike ? again : node;
}

const isInner = (node: PlanNode): node is JoinNode =>
  node.kind === "join" && node.join === "INNER" && node.ttl === undefined;

function joinsOf(node: JoinNode, isShared: (node: PlanNode) => boolean): Joins {
  const partsOf = (input: PlanNode): Joins => {
    if (!isShared(input)) {
      if (isInner(input)) return joinsOf(input, isShared);
      const inner = projected(input);
      if (inner !== null && !isShared(inner.node)) {
        const parts = joinsOf(inner.node, isShared);
        return { ...parts, places: inner.places.map((place) => parts.places[place] as number) };
      }
    }
    return { tables: [input], places: input.row.map((_, place) => place), conjuncts: [], withoutKeys: 0 };
  };
  const [left, right] = [partsOf(node.left), partsOf(node.right)];
  const width = left.tables.reduce((sum, { row }) => sum + row.length, 0);
  const places = [...left.places, ...right.places.map((place) => place + width)];
  const own = [...equalityOfKeys(node), ...conjunctsOf(node.condition)];
  return {
    tables: [...left.tables, ...right.tables],
    places,
    conjuncts: [
      ...left.conjuncts,
      ...right.conjuncts.map((part) => moved(part, width)),
      ...own.map((part) => withPlaces(part, (place) => places[place] as number)),
    ],
    withoutKeys: left.withoutKeys + right.withoutKeys + (node.leftKeys.length === 0 ? 1 : 0),
  };
}

/** An inner join of which some columns are taken, and nothing else. */
function projected(node: PlanNode): { readonly node: JoinNode; readonly places: readonly number[] } | null {
  if (node.kind !== "calc" || node.condition !== null || !isInner(node.input)) return null;
  const places = node.values.flatMap((value) => (value.kind === "column" ? [value.index] : []));
  return places.length === node.values.length ? { node: node.input, places } : null;
}

/** SQTJ1. */
function joinedByKeys({ tables, conjuncts }: Joins, builder: NodeBuilder): Ordered {
  const starts: number[] = [];
  let width = 0;
  for (const { row } of tables) {
    starts.push(width);
    width += row.length;
  }
  /** By place in the rows of all tables: where it is in what is joined so far; undefined: it is not there yet. */
  const places: (number | undefined)[] = [];
  const placesWith = (table: number, at: number): readonly (number | undefined)[] => {
    const all = [...places];
    tables[table]?.row.forEach((_, place) => (all[(starts[table] as number) + place] = at + place));
    return all;
  };
  let left = conjuncts;
  /** Those that need no other table, over the row. */
  const within = (known: readonly (number | undefined)[]): ReadonlyMap<TypedExpression, TypedExpression> => {
    const found = left.filter((part) => [...placesOf(part)].every((place) => known[place] !== undefined));
    return new Map(found.map((part) => [part, withPlaces(part, (place) => known[place] as number)]));
  };
  const waiting = tables.map((_, table) => table).slice(1);
  let node = tables[0] as PlanNode;
  let withoutKeys = 0;
  places.push(...placesWith(0, 0));
  while (waiting.length > 0) {
    const at = node.row.length;
    const hasKey = (table: number): boolean =>
      [...within(placesWith(table, at)).values()].some((part) => keyOf(part, at) !== null);
    const keyed = waiting.findIndex(hasKey);
    if (keyed < 0) withoutKeys += 1;
    const [table] = waiting.splice(Math.max(0, keyed), 1) as [number];
    const known = placesWith(table, at);
    const parts = within(known);
    left = left.filter((part) => !parts.has(part));
    node = joined(
      { left: node, right: tables[table] as PlanNode, join: "INNER", conjuncts: [...parts.values()] },
      builder,
    );
    places.splice(0, places.length, ...known);
  }
  return { node, places: places as number[], withoutKeys };
}
