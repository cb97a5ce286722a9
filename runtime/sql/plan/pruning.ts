/**
 * Owns: columns that nobody needs are not read, not computed and not kept.
 *
 * SQPK1 A node has the columns that any of those that take its rows needs: equal parts of the script stay one node.
 * SQPK2 An aggregate that nobody reads is not kept; a rank that nobody reads is not shown.
 */
import { keptOf, neededCalls, needsOfInputs } from "./needed-columns.ts";
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import { placesOf, withPlaces } from "./plan-expressions.ts";
import type { PlanNode, PlanWindow, SortColumn } from "./plan-tree.ts";
import { inputsFirst, inputsOf } from "./rebuilt.ts";
import { movedCall } from "./window-input.ts";

/** `places`: where each column of the old row is; -1: it is gone. */
type Pruned = { readonly node: PlanNode; readonly places: readonly number[] };

/** Plans of one script, in which equal parts are one object. */
export function pruned(roots: readonly PlanNode[], builder: NodeBuilder): readonly PlanNode[] {
  const order = inputsFirst(roots);
  const needs = new Map<PlanNode, Set<number>>(order.map((node) => [node, new Set()]));
  for (const root of roots) root.row.forEach((_, place) => needs.get(root)?.add(place));
  for (const node of order.toReversed()) {
    const need = needs.get(node) ?? new Set();
    needsOfInputs(node, need).forEach((places, index) => {
      const input = inputsOf(node)[index];
      for (const place of places) if (input !== undefined) needs.get(input)?.add(place);
    });
  }
  const done = new Map<PlanNode, Pruned>();
  for (const node of order) {
    const inputs = inputsOf(node).map((input) => done.get(input) ?? whole(input));
    done.set(node, prune(node, needs.get(node) ?? new Set(), inputs, builder));
  }
  return roots.map((root) => {
    const { node, places } = done.get(root) ?? whole(root);
    return builder.renamed(builder.project(node, places), namesOf(root.row));
  });
}

const whole = (node: PlanNode): Pruned => ({ node, places: node.row.map((_, index) => index) });

type Need = ReadonlySet<number>;

function prune(node: PlanNode, need: Need, inputs: readonly Pruned[], builder: NodeBuilder): Pruned {
  const [first] = inputs;
  if (first === undefined) return pruneLeaf(node, need, builder);
  switch (node.kind) {
    case "scan":
    case "values":
      return pruneLeaf(node, need, builder);
    case "calc": {
      const kept = keptOf(node, need);
      const at = placeIn(first);
      const values = kept.flatMap((place) => node.values[place] ?? []).map((value) => withPlaces(value, at));
      const condition = node.condition === null ? null : withPlaces(node.condition, at);
      const names = kept.map((place) => node.row[place]?.name ?? "");
      return { node: builder.calc({ input: first.node, condition, values }, names), places: placesAmong(node, kept) };
    }
    case "union": {
      const kept = keptOf(node, need);
      const same = inputs.map((input) => builder.project(input.node, kept.map(placeIn(input))));
      return { node: builder.union(same), places: placesAmong(node, kept) };
    }
    case "aggregate":
    case "windowAggregate":
      return pruneAggregate(node, need, first, builder);
    case "join":
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin":
      return pruneJoin(node, inputs, builder);
    case "lookupJoin":
      return pruneLookup(node, need, first, builder);
    default:
      return pruneWithInput(node, need, first, builder);
  }
}

function pruneLeaf(node: PlanNode, need: Need, builder: NodeBuilder): Pruned {
  const kept = keptOf(node, need);
  const places = placesAmong(node, kept);
  if (node.kind === "values") {
    const rows = node.rows.map((row) => kept.flatMap((place) => row[place] ?? []));
    return {
      node: builder.values(
        rows,
        kept.flatMap((place) => node.row[place] ?? []),
      ),
      places,
    };
  }
  if (node.kind !== "scan") return whole(node);
  const columns = kept.flatMap((place) => node.columns[place] ?? []);
  return { node: builder.scan({ ...node, columns }, node.changes), places };
}

const placeIn =
  ({ places, node }: Pruned) =>
  (place: number): number => {
    const found = places[place] ?? -1;
    if (found < 0) throw new RangeError(`column ${place} of the ${node.kind} was taken for unneeded`);
    return found;
  };

const placesAmong = ({ row }: PlanNode, kept: readonly number[]): readonly number[] =>
  row.map((_, index) => kept.indexOf(index));

type Single = Exclude<
  PlanNode,
  {
    readonly kind:
      | "scan"
      | "values"
      | "union"
      | "calc"
      | "aggregate"
      | "windowAggregate"
      | "join"
      | "intervalJoin"
      | "windowJoin"
      | "temporalJoin"
      | "lookupJoin";
  }
>;

/** Nodes whose row is that of their input, and some columns more. */
function pruneWithInput(node: Single, need: Need, input: Pruned, builder: NodeBuilder): Pruned {
  const made = overInput(node, need, input, builder);
  const added = made.row.length - input.node.row.length;
  const width = inputsOf(node)[0]?.row.length ?? 0;
  const places = node.row.map((_, index) => {
    if (index < width) return input.places[index] ?? -1;
    const own = added === node.row.length - width ? index - width : keptCalls(node, need).indexOf(index - width);
    return own < 0 || own >= added ? -1 : input.node.row.length + own;
  });
  return { node: made, places };
}

const keptCalls = (node: PlanNode, need: Need): readonly number[] =>
  node.kind === "over"
    ? node.calls.flatMap((_, index) => (need.has(node.input.row.length + index) ? [index] : []))
    : [];

function overInput(node: Single, need: Need, pruned: Pruned, builder: NodeBuilder): PlanNode {
  const { node: input } = pruned;
  const at = placeIn(pruned);
  const width = node.input.row.length;
  switch (node.kind) {
    case "watermark":
      return builder.watermark({ input, time: at(node.time), strategy: withPlaces(node.strategy, at) });
    case "normalize":
      return builder.normalize({ input, by: node.by.map(at) });
    case "expand":
      return builder.expand({ input, columns: node.columns.map(at), sets: node.sets.map((set) => set.map(at)) });
    case "windowTable":
      return builder.windowTable({ input, window: movedWindow(node.window, at) });
    case "rank": {
      const showsRank = node.showsRank && need.has(width);
      const parts = { partitionBy: node.partitionBy.map(at), orderBy: movedOrder(node.orderBy, at) };
      const windowEnd = node.windowEnd === null ? null : at(node.windowEnd);
      return builder.rank({ ...node, ...parts, input, showsRank, windowEnd }, node.row[width]?.name ?? "");
    }
    case "deduplicate":
      return builder.deduplicate({ ...node, input, by: node.by.map(at), time: at(node.time) });
    case "sort":
      return builder.sort({ ...node, input, orderBy: movedOrder(node.orderBy, at) });
    case "over": {
      const kept = keptCalls(node, need);
      if (kept.length === 0) return input;
      const calls = kept.flatMap((index) => {
        const call = node.calls[index];
        return call === undefined ? [] : [{ call: movedCall(call, at), name: node.row[width + index]?.name ?? "" }];
      });
      const parts = { partitionBy: node.partitionBy.map(at), orderBy: movedOrder(node.orderBy, at) };
      return builder.over({ ...node, ...parts, input }, calls);
    }
    default:
      return builder.unnest(
        { ...node, input, items: node.items.map((item) => withPlaces(item, at)) },
        node.row.slice(width),
      );
  }
}

type PlaceOf = (place: number) => number;

const movedOrder = (order: readonly SortColumn[], at: PlaceOf): readonly SortColumn[] =>
  order.map((item) => ({ ...item, column: at(item.column) }));

const movedWindow = (window: PlanWindow, at: PlaceOf): PlanWindow =>
  window.kind === "session"
    ? { ...window, time: at(window.time), partition: window.partition.map(at) }
    : { ...window, time: at(window.time) };

/** SQPK2. */
function pruneAggregate(
  node: PlanNode & { readonly kind: "aggregate" | "windowAggregate" },
  need: Need,
  input: Pruned,
  builder: NodeBuilder,
): Pruned {
  const at = placeIn(input);
  const groupBy = node.groupBy.map(at);
  const width = groupBy.length;
  const keptCallPlaces = neededCalls(node, need);
  const calls = keptCallPlaces.flatMap((index) => {
    const call = node.calls[index];
    return call === undefined ? [] : [{ call: movedCall(call, at), name: node.row[width + index]?.name ?? "" }];
  });
  const kept = [...node.groupBy.map((_, index) => index), ...keptCallPlaces.map((index) => width + index)];
  if (node.kind === "aggregate") {
    const own = { input: input.node, groupBy, ...(node.ttl === undefined ? {} : { ttl: node.ttl }) };
    return { node: builder.aggregate(own, calls), places: placesAmong(node, kept) };
  }
  const firstAdd = width + node.calls.length;
  const needed = node.adds.flatMap((_, index) => (need.has(firstAdd + index) ? [index] : []));
  const addPlaces = needed.length + kept.length > 0 ? needed : [0];
  const adds = addPlaces.flatMap((index) => node.adds[index] ?? []);
  const window = movedWindow(node.window, at);
  const timeName = node.row.at(-1)?.name ?? "";
  const made = builder.windowAggregate({ input: input.node, window, groupBy, adds }, calls, timeName);
  return { node: made, places: placesAmong(node, [...kept, ...addPlaces.map((index) => firstAdd + index)]) };
}

function pruneJoin(
  node: PlanNode & { readonly kind: "join" | "intervalJoin" | "windowJoin" | "temporalJoin" },
  [left, right]: readonly Pruned[],
  builder: NodeBuilder,
): Pruned {
  if (left === undefined || right === undefined) return whole(node);
  const [oldWidth, width] = [node.left.row.length, left.node.row.length];
  const [atLeft, atRight] = [placeIn(left), placeIn(right)];
  const at = (place: number): number => (place < oldWidth ? atLeft(place) : width + atRight(place - oldWidth));
  const parts = {
    left: left.node,
    right: right.node,
    leftKeys: node.leftKeys.map(atLeft),
    rightKeys: node.rightKeys.map(atRight),
    condition: node.condition === null ? null : withPlaces(node.condition, at),
  };
  const places = node.row.map((_, index) => {
    const found = index < oldWidth ? left.places[index] : right.places[index - oldWidth];
    return found === undefined || found < 0 ? -1 : index < oldWidth ? found : width + found;
  });
  if (node.kind === "join") return { node: builder.join({ ...node, ...parts }), places };
  if (node.kind === "windowJoin") {
    const ends = { leftEnd: atLeft(node.leftEnd), rightEnd: atRight(node.rightEnd) };
    return { node: builder.windowJoin({ ...node, ...parts, ...ends }), places };
  }
  const times = { leftTime: atLeft(node.leftTime), rightTime: atRight(node.rightTime) };
  if (node.kind === "temporalJoin") return { node: builder.temporalJoin({ ...node, ...parts, ...times }), places };
  return { node: builder.intervalJoin({ ...node, ...parts, ...times }), places };
}

/** Of the table those columns are read that are needed, tested, or asked by. */
function pruneLookup(
  node: PlanNode & { readonly kind: "lookupJoin" },
  need: Need,
  input: Pruned,
  builder: NodeBuilder,
): Pruned {
  const [oldWidth, width] = [node.input.row.length, input.node.row.length];
  const tested = node.condition === null ? new Set<number>() : placesOf(node.condition);
  const kept = node.columns.flatMap((column, index) => {
    const isAsked = node.asks.some((key) => key.column === column);
    return isAsked || need.has(oldWidth + index) || tested.has(oldWidth + index) ? [index] : [];
  });
  const inInput = placeIn(input);
  const at = (place: number): number => (place < oldWidth ? inInput(place) : width + kept.indexOf(place - oldWidth));
  const made = builder.lookupJoin({
    ...node,
    input: input.node,
    columns: kept.flatMap((index) => node.columns[index] ?? []),
    asks: node.asks.map(({ place, column }) => ({ place: inInput(place), column })),
    condition: node.condition === null ? null : withPlaces(node.condition, at),
  });
  const places = node.row.map((_, index) => {
    if (index < oldWidth) return input.places[index] ?? -1;
    const place = kept.indexOf(index - oldWidth);
    return place < 0 ? -1 : width + place;
  });
  return { node: made, places };
}
