/**
 * Owns: groups by the start and the end of windows that the rows have as columns. Rules: plan-grouping.ts (SQPG2, SQPG3).
 */
import type { TypedExpression } from "../validate/typed-tree.ts";
import { callOf } from "../validate/values.ts";
import { type NamedCall, type NodeBuilder, namesOf } from "./node-builder.ts";
import type { GroupedRow } from "./plan-grouping.ts";
import { castTo, columnOf, columnsOfRow, nowhere, placesOf } from "./plan-expressions.ts";
import type { AggregateCall, CalcNode, PlanNode, PlanWindow, WindowColumn, WindowTableNode } from "./plan-tree.ts";
import { type WindowPlaces, windowPlacesOf } from "./windows.ts";

type Groups = { readonly keys: readonly number[]; readonly calls: readonly NamedCall[] };

/** `input`: keys first, then arguments. Null: the keys name no window. */
export function windowInput(input: PlanNode, { keys, calls }: Groups, builder: NodeBuilder): GroupedRow | null {
  const places = windowPlacesOf(input);
  if (places === null || input.changes !== "append" || places.end === null || !keys.includes(places.end)) return null;
  if (places.start === null || !keys.includes(places.start)) return null;
  const straight = straightInput(input, places, keys);
  if (straight !== null) return straightGroups(straight, { keys, calls }, builder);
  return places.window.isProctime ? null : attachedGroups(input, places, { keys, calls }, builder);
}

type Straight = {
  readonly table: WindowTableNode;
  readonly calc: Pick<CalcNode, "condition" | "values">;
  /** Which column of the window each place of the calc is; null: one of the table's input. */
  readonly bounds: readonly (WindowColumn | null)[];
};

/** Null: something is computed from the window's columns, or rows are dropped by them. */
function straightInput(input: PlanNode, { window }: WindowPlaces, keys: readonly number[]): Straight | null {
  const table = input.kind === "calc" ? input.input : input;
  if (table.kind !== "windowTable") return null;
  const width = table.input.row.length;
  const condition = input.kind === "calc" ? input.condition : null;
  const values = input.kind === "calc" ? input.values : columnsOfRow(input.row);
  const isOfInput = (value: TypedExpression): boolean => [...placesOf(value)].every((place) => place < width);
  if (condition !== null && !isOfInput(condition)) return null;
  const names = ["start", "end", "time"] as const;
  const bounds = values.map((value) =>
    value.kind === "column" && value.index >= width ? (names[value.index - width] ?? null) : null,
  );
  const isSimple = values.every((value, index) => (bounds[index] === null ? isOfInput(value) : keys.includes(index)));
  if (!isSimple) return null;
  if (window.kind === "session") {
    const grouped = keys.flatMap((place) => {
      const value = values[place];
      return bounds[place] === null && value?.kind === "column"
        ? [value.index]
        : [-1].slice(bounds[place] === null ? 0 : 1);
    });
    const isByPartition =
      grouped.length === window.partition.length && grouped.every((place) => window.partition.includes(place));
    if (!isByPartition) return null;
    // Other rows count for where sessions end, also those that are dropped behind them.
    const isOfKeys = [...(condition === null ? [] : placesOf(condition))].every((place) =>
      window.partition.includes(place),
    );
    if (!isOfKeys) return null;
  }
  return { table, calc: { condition, values }, bounds };
}

function straightGroups({ table, calc, bounds }: Straight, { keys, calls }: Groups, builder: NodeBuilder): GroupedRow {
  const stays = calc.values.flatMap((_, index) => (bounds[index] === null ? [index] : []));
  const values = stays.map((index) => calc.values[index] ?? columnOf(table.input.row, -1));
  const known = values.findIndex((value) => value.kind === "column" && value.index === table.window.time);
  const time = known >= 0 ? known : values.push(columnOf(table.input.row, table.window.time)) - 1;
  const names = values.map((value, index) => (value.kind === "column" ? value.name : `$${index}`));
  const input = builder.calc({ input: table.input, condition: calc.condition, values }, names);
  const groupBy = keys.flatMap((key) => (bounds[key] === null ? [stays.indexOf(key)] : []));
  const adds = (["start", "end", "time"] as const).filter((add) => keys.some((key) => bounds[key] === add));
  const movedCalls = calls.map(({ name, call }) => ({ name, call: movedCall(call, (place) => stays.indexOf(place)) }));
  const window: PlanWindow =
    table.window.kind === "session" ? { ...table.window, time, partition: groupBy } : { ...table.window, time };
  const node = builder.windowAggregate({ input, window, groupBy, adds }, movedCalls, "window_time");
  const first = groupBy.length + calls.length;
  const keyPlaces = keys.map((key) => {
    const bound = bounds[key] ?? null;
    return bound === null ? groupBy.indexOf(stays.indexOf(key)) : first + adds.indexOf(bound);
  });
  return { node, keyPlaces, callPlaces: calls.map((_, index) => groupBy.length + index), window: null };
}

export const movedCall = (call: AggregateCall, placeOf: (place: number) => number): AggregateCall => ({
  ...call,
  arguments: call.arguments.map(placeOf),
  filter: call.filter === null ? null : placeOf(call.filter),
  order: call.order.map((order) => ({ ...order, column: placeOf(order.column) })),
});

const millisecond: TypedExpression = {
  kind: "literal",
  at: nowhere,
  time: null,
  type: { kind: "interval", isNullable: false, unit: "millisecond" },
  literal: {
    kind: "interval",
    at: nowhere,
    isNegative: false,
    text: "0.001",
    qualifier: { from: "SECOND", precision: null, to: null, fraction: null },
  },
};

/** SQPG3. */
function attachedGroups(
  input: PlanNode,
  places: WindowPlaces,
  { keys, calls }: Groups,
  builder: NodeBuilder,
): GroupedRow {
  const end = columnOf(input.row, places.end ?? -1);
  const last = callOf("-", [end, millisecond], { at: nowhere, type: end.type });
  const values: TypedExpression[] = [...columnsOfRow(input.row)];
  const time = places.time ?? values.push({ ...castTo(last, places.timeType), time: "rowtime" }) - 1;
  const timed = builder.calc({ input, condition: null, values }, [...namesOf(input.row), "window_time"]);
  // The end and the last millisecond follow from the window, its start does not.
  const groupBy = keys.filter((key) => key !== places.end && key !== places.time);
  const adds = keys.includes(places.time ?? -1) ? (["end", "time"] as const) : (["end"] as const);
  const window: PlanWindow = { kind: "tumble", size: 1, offset: 0, time, isProctime: false };
  const node = builder.windowAggregate({ input: timed, window, groupBy, adds }, calls, "window_time");
  const first = groupBy.length + calls.length;
  const keyPlaces = keys.map((key) =>
    key === places.end ? first : key === places.time ? first + 1 : groupBy.indexOf(key),
  );
  return { node, keyPlaces, callPlaces: calls.map((_, index) => groupBy.length + index), window: null };
}
