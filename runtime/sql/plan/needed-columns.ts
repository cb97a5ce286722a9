/**
 * Owns: which columns of its inputs a node needs, for those of its own that are needed.
 */
import { placesOf } from "./plan-expressions.ts";
import type { AggregateCall, PlanNode, PlanWindow, SortColumn } from "./plan-tree.ts";

type Places = Iterable<number>;

const callPlaces = (call: AggregateCall): readonly number[] => [
  ...call.arguments,
  ...(call.filter === null ? [] : [call.filter]),
  ...orderPlaces(call.order),
];

const orderPlaces = (order: readonly SortColumn[]): readonly number[] => order.map(({ column }) => column);
const windowPlaces = (window: PlanWindow): readonly number[] =>
  window.kind === "session" ? [window.time, ...window.partition] : [window.time];

/** Calls that are needed; of a row that would have no columns, the first. */
export function neededCalls(
  node: PlanNode & { readonly kind: "aggregate" | "windowAggregate" },
  need: ReadonlySet<number>,
): readonly number[] {
  const first = node.groupBy.length;
  const kept = node.calls.flatMap((_, index) => (need.has(first + index) ? [index] : []));
  const isBare = first === 0 && kept.length === 0 && node.calls.length > 0;
  return isBare ? [0] : kept;
}

/** One set for each input. */
export function needsOfInputs(node: PlanNode, need: ReadonlySet<number>): readonly Places[] {
  const width = "input" in node ? node.input.row.length : 0;
  const own = [...need].filter((place) => place < width);
  switch (node.kind) {
    case "scan":
    case "values":
      return [];
    case "watermark":
      return [[...own, node.time, ...placesOf(node.strategy)]];
    case "normalize":
      return [[...own, ...node.by]];
    case "calc": {
      const values = keptOf(node, need).flatMap((place) => node.values[place] ?? []);
      return [
        [...values, ...(node.condition === null ? [] : [node.condition])].flatMap((value) => [...placesOf(value)]),
      ];
    }
    case "union":
      return node.inputs.map(() => keptOf(node, need));
    case "expand":
      return [[...own, ...node.columns]];
    case "aggregate":
    case "windowAggregate": {
      const calls = neededCalls(node, need).flatMap((index) => node.calls[index] ?? []);
      const window = node.kind === "windowAggregate" ? windowPlaces(node.window) : [];
      return [[...node.groupBy, ...calls.flatMap(callPlaces), ...window]];
    }
    case "windowTable":
      return [[...own, ...windowPlaces(node.window)]];
    case "rank":
      return [
        [
          ...own,
          ...node.partitionBy,
          ...orderPlaces(node.orderBy),
          ...(node.windowEnd === null ? [] : [node.windowEnd]),
        ],
      ];
    case "deduplicate":
      return [[...own, ...node.by, node.time]];
    case "sort":
      return [[...own, ...orderPlaces(node.orderBy)]];
    case "over": {
      const calls = node.calls.filter((_, index) => need.has(width + index));
      return calls.length === 0
        ? [own]
        : [[...own, ...node.partitionBy, ...orderPlaces(node.orderBy), ...calls.flatMap(callPlaces)]];
    }
    case "unnest":
      return [[...own, ...node.items.flatMap((item) => [...placesOf(item)])]];
    case "lookupJoin": {
      const tested = node.condition === null ? [] : [...placesOf(node.condition)].filter((place) => place < width);
      return [[...own, ...node.asks.map(({ place }) => place), ...tested]];
    }
    default:
      return needsOfSides(node, need);
  }
}

function needsOfSides(
  node: PlanNode & { readonly kind: "join" | "intervalJoin" | "windowJoin" | "temporalJoin" },
  need: ReadonlySet<number>,
): readonly Places[] {
  const width = node.left.row.length;
  const both = [...need, ...(node.condition === null ? [] : placesOf(node.condition))];
  const [times, rightTimes] = timePlaces(node);
  return [
    [...both.filter((place) => place < width), ...node.leftKeys, ...times],
    [...both.filter((place) => place >= width).map((place) => place - width), ...node.rightKeys, ...rightTimes],
  ];
}

function timePlaces(node: PlanNode): readonly [readonly number[], readonly number[]] {
  if ("leftTime" in node) return [[node.leftTime], [node.rightTime]];
  return node.kind === "windowJoin" ? [[node.leftEnd], [node.rightEnd]] : [[], []];
}

/** A row has one column at least: of those that nobody needs, the one that costs least. */
export function keptOf({ row }: PlanNode, need: ReadonlySet<number>): readonly number[] {
  const kept = row.flatMap((_, index) => (need.has(index) ? [index] : []));
  if (kept.length > 0 || row.length === 0) return kept;
  const cheap = row.findIndex(({ type }) => type.kind === "int" || type.kind === "bigint" || type.kind === "boolean");
  return [Math.max(0, cheap)];
}
