/**
 * Owns: GROUP BY and aggregate functions.
 *
 * SQPG1 The input of an aggregate is computed ahead of it: keys, then arguments, filters and orders, each once.
 * SQPG2 A window among the keys makes a window aggregate: of its function (`TUMBLE(ts, …)`), or of the table that has the window's start and end. Straight above
 *     a window table it takes the table's input, and does the windows itself.
 * SQPG3 Rows of windows that are grouped once more by start and end meet in a window of one millisecond, the last one of theirs (windows.ts): it ends
 *     when theirs does, whatever kind theirs is.
 * SQPG4 Each grouping set is a copy of the row, without the other keys, and with the set's number as a key more.
 */
import type { Aggregate, Grouping, TypedExpression } from "../validate/typed-tree.ts";
import { isSame, partsOf } from "../validate/values.ts";
import { groupWindowFunctions } from "../validate/group-window.ts";
import { groupWindowOf, proctimeCall } from "./group-windows.ts";
import type { NamedCall } from "./node-builder.ts";
import { type PlanContext, rewritten, WideRow } from "./plan-context.ts";
import { bigintType, columnOf, integer, isSameOfRow } from "./plan-expressions.ts";
import { resolvedOrder } from "./plan-order.ts";
import type { AggregateCall, PlanNode, WindowColumn } from "./plan-tree.ts";
import { ttlOfOnly } from "./state-ttl.ts";
import { windowInput } from "./window-input.ts";

type Expressions = readonly TypedExpression[];
type Rewrite = (value: TypedExpression) => TypedExpression;

export type Grouped = {
  readonly node: PlanNode;
  /** From the view of FROM's row to that of the groups. */
  readonly rewrite: Rewrite;
  /** Where a column of FROM is among the keys; -1: it is not. */
  readonly placeOf: (index: number) => number;
};

/** `used`: all that is computed of the groups. */
export function planGrouping(node: PlanNode, grouping: Grouping, used: Expressions, context: PlanContext): Grouped {
  const { builder } = context;
  const windowKey = groupWindowOf(grouping, node, context);
  const keys = grouping.keys.filter((_, index) => index !== windowKey?.index);
  const hasSets = grouping.sets.length > 1;
  // Of several sets the keys are columns of their own: a key that is left out may be summed up, too.
  const wide = new WideRow(keys, keys.map(nameOfKey), hasSets ? () => false : isSameOfRow);
  const place = (value: TypedExpression, name: string): number => wide.placeOf(value, name);
  const aggregates = aggregatesIn(used);
  const calls = aggregates.map((aggregate, index): NamedCall => {
    const call = callOfAggregate(aggregate, place);
    context.places.set(call, aggregate.at);
    return { name: `$agg${index}`, call };
  });
  const own = { keys: keys.map((_, index) => index), calls, adds: addsOf(used, windowKey?.isProctime === true) };
  const time = windowKey === null ? null : place(windowKey.time, "$time");
  // COUNT(*) alone computes nothing ahead.
  const input =
    wide.values.length === 0 ? node : builder.calc({ input: node, condition: null, values: wide.values }, wide.names);
  const sets = grouping.sets.map((set) => set.flatMap((key) => keyPlace(key, windowKey?.index ?? null)));
  const missing = own.keys.filter((key) => sets.some((set) => !set.includes(key)));
  const expanded = hasSets ? builder.expand({ input, columns: missing, sets }) : input;
  const groupBy = hasSets ? [...own.keys, expanded.row.length - 1] : own.keys;
  if (windowKey === null || time === null) {
    const groups = { keys: groupBy, calls };
    const made = windowInput(expanded, groups, builder) ?? plainGroups(expanded, groups, context);
    return groupedView(made, { grouping, keys, aggregates, sets: hasSets ? (made.keyPlaces.at(-1) ?? null) : null });
  }
  const window = windowKey.windowAt(time, groupBy);
  const adds = own.adds;
  const aggregate = builder.windowAggregate({ input: expanded, window, groupBy, adds }, calls, "$rowtime");
  const first = groupBy.length + calls.length;
  return groupedView(
    {
      node: aggregate,
      ...placesOfRow(groupBy.length, calls),
      window: { key: windowKey.key, places: new Map(adds.map((add, index) => [add, first + index])) },
    },
    { grouping, keys, aggregates, sets: hasSets ? groupBy.length - 1 : null },
  );
}

const nameOfKey = (key: TypedExpression, index: number): string => (key.kind === "column" ? key.name : `$key${index}`);

/** A set's places, without the window's. */
function keyPlace(key: number, windowIndex: number | null): readonly number[] {
  if (windowIndex === null || key < windowIndex) return [key];
  return key === windowIndex ? [] : [key - 1];
}

function aggregatesIn(values: Expressions): readonly Aggregate[] {
  const found: Aggregate[] = [];
  const visit = (value: TypedExpression): void => {
    if (value.kind === "aggregate") {
      if (!found.some((each) => isSame(each, value))) found.push(value);
    } else for (const part of partsOf(value)) visit(part);
  };
  for (const value of values) visit(value);
  return found;
}

/** Also of calls with OVER. */
export function callOfAggregate(
  { name, isDistinct, arguments: args, filter, withinGroup, ignoresNulls, type, user }: Aggregate,
  placeOf: (value: TypedExpression, name: string) => number,
): AggregateCall {
  if (type.kind === "null") throw new RangeError(`${name} has no type`);
  return {
    name,
    arguments: args.map((argument) => placeOf(argument, "$arg")),
    isDistinct,
    filter: filter === null ? null : placeOf(filter, "$filter"),
    ignoresNulls,
    order: withinGroup.map((order) => resolvedOrder(order, placeOf(order.value, "$order"))),
    type,
    ...(user === undefined ? {} : { user }),
  };
}

/** START and END stand for the window's own column, too. */
function addsOf(used: Expressions, isProctime: boolean): readonly WindowColumn[] {
  const found = new Set<WindowColumn>();
  const visit = (value: TypedExpression): void => {
    if (value.kind === "call" && groupWindowFunctions.has(value.name)) {
      const part = /_(START|END|ROWTIME)$/.exec(value.name)?.[1];
      if (part === "END") found.add("end");
      else if (part === "ROWTIME") found.add("time");
      else if (!value.name.endsWith("_PROCTIME")) found.add("start");
    } else for (const part of partsOf(value)) visit(part);
  };
  for (const value of used) visit(value);
  return (["start", "end", "time"] as const).filter((add) => found.has(add) && !(add === "time" && isProctime));
}

export type GroupedRow = {
  readonly node: PlanNode;
  readonly keyPlaces: readonly number[];
  readonly callPlaces: readonly number[];
  readonly window: {
    readonly key: TypedExpression;
    readonly places: ReadonlyMap<WindowColumn, number>;
  } | null;
};

const placesOfRow = (width: number, calls: readonly NamedCall[]): Pick<GroupedRow, "keyPlaces" | "callPlaces"> => ({
  keyPlaces: Array.from({ length: width }, (_, index) => index),
  callPlaces: calls.map((_, index) => width + index),
});

function plainGroups(
  input: PlanNode,
  { keys, calls }: { readonly keys: readonly number[]; readonly calls: readonly NamedCall[] },
  { builder, ttls }: PlanContext,
): GroupedRow {
  const node = builder.aggregate({ input, groupBy: keys, ...ttlOfOnly(ttls) }, calls);
  return { node, ...placesOfRow(keys.length, calls), window: null };
}

type View = {
  readonly grouping: Grouping;
  /** Without the window. */
  readonly keys: Expressions;
  readonly aggregates: readonly Aggregate[];
  /** Place of the set's number; null: there is one set. */
  readonly sets: number | null;
};

function groupedView({ node, keyPlaces, callPlaces, window }: GroupedRow, view: View): Grouped {
  const { keys, aggregates, grouping, sets } = view;
  const column = (place: number | undefined, at: TypedExpression["at"]): TypedExpression => ({
    ...columnOf(node.row, place ?? -1),
    at,
  });
  const find = (value: TypedExpression): TypedExpression | null => {
    if (value.kind === "aggregate") {
      const index = aggregates.findIndex((each) => isSame(each, value));
      return column(callPlaces[index], value.at);
    }
    if (value.kind === "call" && groupWindowFunctions.has(value.name) && window !== null) {
      const part = /_(END|ROWTIME|PROCTIME)$/.exec(value.name)?.[1];
      if (part === "PROCTIME") return proctimeCall(value);
      return column(window.places.get(part === "END" ? "end" : part === "ROWTIME" ? "time" : "start"), value.at);
    }
    const key = keys.findIndex((each) => isSame(each, value));
    if (key >= 0) return column(keyPlaces[key], value.at);
    if (value.kind === "call" && /^GROUP(ING|ING_ID|_ID)$/.test(value.name))
      return groupingValue(value, grouping, sets, node);
    return null;
  };
  return {
    node,
    rewrite: (value) => rewritten(value, find),
    placeOf: (index) => {
      const key = keys.findIndex((each) => each.kind === "column" && each.depth === 0 && each.index === index);
      return key < 0 ? -1 : (keyPlaces[key] ?? -1);
    },
  };
}

/** GROUPING(a, b): a bit for each key, set where the row's set lacks it. */
function groupingValue(
  call: TypedExpression & { readonly kind: "call" },
  grouping: Grouping,
  numberPlace: number | null,
  node: PlanNode,
): TypedExpression {
  const bitsOf = (set: readonly number[], index: number): number => {
    if (call.name === "GROUP_ID") return grouping.sets.slice(0, index).filter((other) => isSameSet(other, set)).length;
    return call.arguments.reduce((bits, argument) => {
      const key = grouping.keys.findIndex((each) => isSame(each, argument));
      return bits * 2 + (set.includes(key) ? 0 : 1);
    }, 0);
  };
  if (numberPlace === null) return integer(bitsOf(grouping.sets[0] ?? [], 0), bigintType);
  const number = columnOf(node.row, numberPlace);
  return {
    kind: "case",
    at: call.at,
    type: bigintType,
    time: null,
    operand: number,
    branches: grouping.sets.map((set, index) => ({
      when: integer(index),
      result: integer(bitsOf(set, index), bigintType),
    })),
    otherwise: integer(0, bigintType),
  };
}

const isSameSet = (left: readonly number[], right: readonly number[]): boolean =>
  left.length === right.length && left.every((key) => right.includes(key));
