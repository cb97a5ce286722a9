/**
 * Owns: whether a plan keeps its own rules (SQPT1, SQPT3), whatever it is of.
 */
import { hasPart } from "../validate/values.ts";
import { expressionsOf } from "./node-expressions.ts";
import type { AggregateCall, PlanNode } from "./plan-tree.ts";
import { usesOf } from "./plan-expressions.ts";
import { inputsOf } from "./rebuilt.ts";

/** What is wrong with the tree; none: nothing. */
export function faultsOf(node: PlanNode): readonly string[] {
  const faults: string[] = [];
  const names = node.row.map(({ name }) => name);
  if (new Set(names).size < names.length) faults.push(`${node.uid} has a name twice: ${names.join(", ")}`);
  if (names.length === 0) faults.push(`${node.uid} has no columns`);
  if (node.uid === "") faults.push(`a ${node.kind} without a uid`);
  const inputs = inputsOf(node);
  const found = node.kind === "lookupJoin" ? node.columns.length : 0;
  const width = inputs.reduce((sum, input) => sum + (node.kind === "union" ? 0 : input.row.length), found);
  for (const value of expressionsOf(node)) {
    const outside = usesOf(value).filter((place) => place < 0 || place >= width);
    if (outside.length > 0) faults.push(`${node.uid} reads ${outside.join(", ")} of ${width}`);
    if (hasPart(value, ({ kind }) => ["aggregate", "over", "subquery", "quantified"].includes(kind)))
      faults.push(`${node.uid} has more than an expression`);
    if (hasPart(value, (part) => part.kind === "column" && part.depth > 0))
      faults.push(`${node.uid} reads outer columns`);
    if (value.type.kind === "null") faults.push(`${node.uid} has a value without a type`);
  }
  const [input] = inputs;
  const places = placesIn(node);
  const limit = node.kind === "scan" ? node.table.schema.columns.length : (input?.row.length ?? 0);
  if (places.some((place) => place < 0 || place >= limit))
    faults.push(`${node.uid} has places ${places.join(", ")} of ${limit}`);
  if (node.keys.flat().some((place) => place < 0 || place >= node.row.length))
    faults.push(`${node.uid} has keys outside of its row`);
  if (node.changes === "append" && node.kind === "calc" && input?.changes !== "append")
    faults.push(`${node.uid} is said to append`);
  faults.push(...timeFaults(node));
  return [...faults, ...inputs.flatMap(faultsOf)];
}

function timeFaults(node: PlanNode): readonly string[] {
  if (node.kind !== "windowAggregate" && node.kind !== "windowTable") return [];
  const time = node.input.row[node.window.time]?.time;
  return time === (node.window.isProctime ? "proctime" : "rowtime")
    ? []
    : [`${node.uid} has windows by ${time ?? "no time"}`];
}

const callPlaces = (call: AggregateCall): readonly number[] => [
  ...call.arguments,
  ...(call.filter === null ? [] : [call.filter]),
  ...call.order.map(({ column }) => column),
];

/** Of the first input. */
function placesIn(node: PlanNode): readonly number[] {
  switch (node.kind) {
    case "scan":
      return node.columns;
    case "watermark":
      return [node.time];
    case "aggregate":
      return [...node.groupBy, ...node.calls.flatMap(callPlaces)];
    case "windowAggregate":
      return [...node.groupBy, ...node.calls.flatMap(callPlaces), node.window.time];
    case "rank":
      return [...node.partitionBy, ...node.orderBy.map(({ column }) => column)];
    case "over":
      return [...node.partitionBy, ...node.orderBy.map(({ column }) => column), ...node.calls.flatMap(callPlaces)];
    case "deduplicate":
      return [...node.by, node.time];
    case "normalize":
      return node.by;
    case "lookupJoin":
      return node.asks.map(({ place }) => place);
    case "join":
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin":
      return node.leftKeys;
    default:
      return [];
  }
}
