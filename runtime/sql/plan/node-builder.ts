/**
 * Owns: making nodes: the row, the changes and the keys that follow from what a node does.
 * Does not own: whether a node may stand there (those who call it), and uids (uids.ts).
 *
 * SQPN1 In batch mode only final rows are emitted: everything is `append`.
 * SQPN2 A column in an expression has the name, the type and the time attribute of the input's row, whatever the typed tree has said of it.
 * SQPN3 Upserts end at the table that has them: behind it they are normalized, so that a filter can take back what no longer passes.
 */
import { assert } from "../../../base/index.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isTimestamp, withNullability } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { withColumns } from "../validate/values.ts";
import { folded } from "./folding.ts";
import { joinedRow, keysOfJoin } from "./join-row.ts";
import { lookupRow } from "./lookup-row.ts";
import {
  allOf,
  bigintType,
  columnOf,
  columnsOfRow,
  conjunctsOf,
  isPlain,
  isTruth,
  planColumn,
  substituted,
  uniqueNames,
  usesOf,
} from "./plan-expressions.ts";
import type {
  AggregateCall,
  AggregateNode,
  CalcNode,
  Changes,
  DeduplicateNode,
  ExpandNode,
  IntervalJoinNode,
  JoinNode,
  LookupJoinNode,
  NormalizeNode,
  OverNode,
  PlanColumn,
  PlanMode,
  PlanNode,
  PlanRow,
  RankNode,
  ScanNode,
  SortNode,
  TemporalJoinNode,
  UnionNode,
  UnnestNode,
  ValuesNode,
  WatermarkNode,
  WindowAggregateNode,
  WindowColumn,
  WindowJoinNode,
  WindowTableNode,
} from "./plan-tree.ts";

/** What a kind of node has of its own. */
type Own<T extends PlanNode> = Omit<T, "kind" | "uid" | "row" | "changes" | "keys">;

export type NamedCall = { readonly name: string; readonly call: AggregateCall };

const bound = (value: TypedExpression, row: PlanRow): TypedExpression =>
  folded(
    withColumns(value, (column) => (column.depth === 0 ? { ...columnOf(row, column.index), at: column.at } : column)),
  );

const named = (columns: readonly PlanColumn[]): PlanRow => {
  const names = uniqueNames(columns.map(({ name }) => name));
  return columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));
};

const isPassed = (from: number, values: readonly TypedExpression[]): number =>
  values.findIndex((value) => value.kind === "column" && value.index === from);

/** Keys all of whose columns pass. */
const passedKeys = (keys: PlanNode["keys"], placeOf: (from: number) => number): PlanNode["keys"] =>
  keys.map((key) => key.map(placeOf)).filter((key) => !key.includes(-1));

export class NodeBuilder {
  readonly mode: PlanMode;

  constructor(mode: PlanMode) {
    this.mode = mode;
  }

  scan(own: Own<ScanNode>, changes: Changes): ScanNode {
    const { table, columns } = own;
    const row = columns.map((place): PlanColumn => {
      const column = table.schema.columns[place];
      assert(column !== undefined, `the table has no column ${place}`);
      // Ahead of its watermark it is a column as others are.
      const isTimed = table.watermark === null || this.mode === "batch";
      return { name: column.name, type: column.type, time: isTimed ? column.time : null };
    });
    const keys = passedKeys(table.schema.keys, (from) => columns.indexOf(from));
    return { ...own, kind: "scan", uid: "", row, changes, keys };
  }

  watermark({ input, time, strategy }: Own<WatermarkNode>): WatermarkNode {
    const row = input.row.map((column, index) => (index === time ? { ...column, time: "rowtime" as const } : column));
    return { ...this.#like(input), kind: "watermark", row, input, time, strategy: bound(strategy, input.row) };
  }

  normalize({ input, by }: Own<NormalizeNode>): NormalizeNode {
    return { ...this.#like(input), kind: "normalize", changes: this.#changing("retract"), input, by };
  }

  /** `names`: those of the values. Without a condition and with every column at its place: the input itself. */
  calc({ input, condition, values }: Own<CalcNode>, names: readonly string[]): PlanNode {
    const merged = mergedCalc(input, condition, values);
    if (merged !== null) return this.calc(merged, names);
    const boundValues = values.map((value) => bound(value, input.row));
    const test = condition === null ? null : bound(condition, input.row);
    const row = named(boundValues.map((value, index) => planColumn(names[index] ?? "", value)));
    const isSame =
      row.length === input.row.length &&
      boundValues.every((value, index) => value.kind === "column" && value.index === index) &&
      row.every(({ name }, index) => name === input.row[index]?.name);
    const passes = test === null || isTruth(test, true);
    if (isSame && passes) return input;
    if (test !== null && isNeverTrue(test)) return this.values([], row);
    if (input.kind === "values" && passes)
      return this.values(
        input.rows.map((values) => boundValues.map((value) => folded(substituted(value, values)))),
        row,
      );
    const timed = row.map((column, index) => ({ ...column, time: timeOf(boundValues[index], input) }));
    return {
      kind: "calc",
      uid: "",
      row: timed,
      changes: input.changes,
      keys: passedKeys(input.keys, (from) => isPassed(from, boundValues)),
      input,
      condition: passes ? null : test,
      values: boundValues,
    };
  }

  filter(input: PlanNode, condition: TypedExpression | null): PlanNode {
    return this.calc({ input, condition, values: columnsOfRow(input.row) }, namesOf(input.row));
  }

  /** The columns at these places. */
  project(input: PlanNode, places: readonly number[]): PlanNode {
    const values = places.map((place) => columnOf(input.row, place));
    return this.calc(
      { input, condition: null, values },
      values.map(({ name }) => name),
    );
  }

  /** The same columns under other names. */
  renamed(input: PlanNode, names: readonly string[]): PlanNode {
    return this.calc({ input, condition: null, values: columnsOfRow(input.row) }, names);
  }

  values(rows: ValuesNode["rows"], columns: readonly PlanColumn[]): ValuesNode {
    const keys = rows.length <= 1 ? [[]] : [];
    return { kind: "values", uid: "", row: named(columns), changes: "append", keys, rows };
  }

  /** Of rows of the same types; names are those of the first. */
  union(inputs: readonly PlanNode[]): UnionNode {
    const [first] = inputs;
    assert(first !== undefined, "a union of nothing");
    const row = first.row.map((column, index): PlanColumn => {
      const columns = inputs.map((input) => input.row[index] ?? column);
      return {
        name: column.name,
        type: withNullability(
          column.type,
          columns.some(({ type }) => type.isNullable),
        ),
        time: columns.every(({ time }) => time === column.time) ? column.time : null,
      };
    });
    const changes = inputs.every((input) => input.changes === "append") ? "append" : "retract";
    return { kind: "union", uid: "", row, changes, keys: [], inputs };
  }

  expand({ input, columns, sets }: Own<ExpandNode>): ExpandNode {
    const isLeftOut = (place: number): boolean => columns.includes(place) && sets.some((set) => !set.includes(place));
    const row = named([
      ...input.row.map((column, index) =>
        isLeftOut(index) ? { ...column, type: withNullability(column.type, true), time: null } : column,
      ),
      { name: "$set", type: { kind: "int", isNullable: false }, time: null },
    ]);
    return { kind: "expand", uid: "", row, changes: input.changes, keys: [], input, columns, sets };
  }

  aggregate(own: Omit<Own<AggregateNode>, "calls">, calls: readonly NamedCall[]): AggregateNode {
    const { input, groupBy } = own;
    const row = named([...groupedColumns(input.row, groupBy), ...calls.map(callColumn)]);
    // Of inserts alone, what is in a group first stays in it.
    const isSteady = calls.length === 0 && input.changes === "append";
    return {
      ...own,
      kind: "aggregate",
      uid: "",
      row,
      changes: isSteady ? "append" : this.#changing("retract"),
      keys: [groupBy.map((_, index) => index)],
      calls: calls.map(({ call }) => call),
    };
  }

  windowAggregate(
    own: Omit<Own<WindowAggregateNode>, "calls">,
    calls: readonly NamedCall[],
    timeName: string,
  ): WindowAggregateNode {
    const { input, groupBy, window, adds } = own;
    const time = input.row[window.time];
    assert(time !== undefined, `the window's input has no column ${window.time}`);
    const row = named([
      ...groupedColumns(input.row, groupBy),
      ...calls.map(callColumn),
      ...adds.map((add) => windowColumn(add, time, timeName)),
    ]);
    const keys = groupBy.map((_, index) => index);
    const end = adds.findIndex((add) => add !== "time" || !window.isProctime);
    return {
      ...own,
      kind: "windowAggregate",
      uid: "",
      row,
      changes: "append",
      keys: end < 0 ? [] : [[...keys, groupBy.length + calls.length + end]],
      calls: calls.map(({ call }) => call),
    };
  }

  windowTable({ input, window }: Own<WindowTableNode>): WindowTableNode {
    const time = input.row[window.time];
    assert(time !== undefined, `the window's input has no column ${window.time}`);
    const added = (["start", "end", "time"] as const).map((add) => windowColumn(add, time, "window_time"));
    // The input's own time attributes are columns from now on: windows of results go by window_time.
    const row = named([...input.row.map((column) => ({ ...column, time: null })), ...added]);
    const isOnce = window.kind === "tumble" || window.kind === "session";
    return { ...this.#like(input), kind: "windowTable", row, keys: isOnce ? input.keys : [], input, window };
  }

  join(own: Own<JoinNode>): JoinNode {
    const { left, right, join } = own;
    const isSteady = (join === "INNER" || join === "SEMI") && left.changes === "append" && right.changes === "append";
    return {
      ...own,
      kind: "join",
      uid: "",
      // Rows meet whenever they meet: times are in no order behind it. Of bounded inputs they need none: windows end with the input.
      row: joinedRow(own).map((column) =>
        column.time === "rowtime" && this.mode === "streaming" ? { ...column, time: null } : column,
      ),
      changes: isSteady ? "append" : this.#changing("retract"),
      keys: keysOfJoin(own),
      condition: this.#joinCondition(own),
    };
  }

  intervalJoin(own: Own<IntervalJoinNode>): IntervalJoinNode {
    const parts = { row: joinedRow(own), keys: keysOfJoin(own), condition: this.#joinCondition(own) };
    return { ...own, kind: "intervalJoin", uid: "", changes: "append", ...parts };
  }

  windowJoin(own: Own<WindowJoinNode>): WindowJoinNode {
    const parts = { row: joinedRow(own), keys: keysOfJoin(own), condition: this.#joinCondition(own) };
    return { ...own, kind: "windowJoin", uid: "", changes: "append", ...parts };
  }

  /** Rows leave when the watermark has reached their left time: any other rowtime is late by then, and is a time no more. */
  temporalJoin(own: Own<TemporalJoinNode>): TemporalJoinNode {
    const { left, leftTime } = own;
    const row = joinedRow(own).map((column, index) =>
      index === leftTime || (index < left.row.length && column.time !== "rowtime") ? column : { ...column, time: null },
    );
    const condition = this.#joinCondition(own);
    return { ...own, kind: "temporalJoin", uid: "", row, changes: "append", keys: left.keys, condition };
  }

  lookupJoin(own: Own<LookupJoinNode>): LookupJoinNode {
    const { input, table, asks, join, condition } = own;
    const found = lookupRow(own);
    const row = named([
      ...input.row,
      ...found.map((column) => (join === "LEFT" ? { ...column, type: withNullability(column.type, true) } : column)),
    ]);
    const isOne = table.schema.keys.some((key) => key.every((place) => asks.some(({ column }) => column === place)));
    const test = condition === null ? null : bound(condition, [...input.row, ...found]);
    return {
      ...own,
      kind: "lookupJoin",
      uid: "",
      row,
      changes: input.changes,
      keys: isOne ? input.keys : [],
      condition: test === null || isTruth(test, true) ? null : test,
    };
  }

  #joinCondition({ left, right, condition }: Pick<JoinNode, "left" | "right" | "condition">): TypedExpression | null {
    if (condition === null) return null;
    const test = bound(condition, [...left.row, ...right.row]);
    return isTruth(test, true) ? null : test;
  }

  rank(own: Own<RankNode>, rankName: string): RankNode {
    const { input, partitionBy, orderBy, from, to, showsRank, windowEnd } = own;
    const rank: PlanColumn = { name: rankName, type: bigintType, time: null };
    const row = showsRank ? named([...input.row, rank]) : input.row;
    // Without an order the first rows to come are the first, and stay.
    const isSteady = windowEnd !== null || (orderBy.length === 0 && input.changes === "append" && to !== null);
    const byRank = showsRank ? [[...partitionBy, input.row.length]] : [];
    const only = from === to ? [partitionBy] : [];
    return {
      ...own,
      kind: "rank",
      uid: "",
      row,
      changes: isSteady ? "append" : this.#changing("retract"),
      keys: [...only, ...input.keys, ...byRank],
    };
  }

  deduplicate(own: Own<DeduplicateNode>): DeduplicateNode {
    const { input, by, time, keep } = own;
    const isSteady = keep === "first" && input.row[time]?.time === "proctime";
    const changes = isSteady ? "append" : this.#changing("retract");
    return { ...own, kind: "deduplicate", uid: "", row: input.row, changes, keys: [by, ...input.keys] };
  }

  sort(own: Own<SortNode>): SortNode {
    return { ...own, ...this.#like(own.input), kind: "sort" };
  }

  over(own: Omit<Own<OverNode>, "calls">, calls: readonly NamedCall[]): OverNode {
    const row = named([...own.input.row, ...calls.map(callColumn)]);
    return { ...own, ...this.#like(own.input), kind: "over", row, calls: calls.map(({ call }) => call) };
  }

  unnest(own: Own<UnnestNode>, columns: readonly PlanColumn[]): UnnestNode {
    const { input, join, items } = own;
    const added = columns.map(
      ({ name, type }): PlanColumn => ({
        name,
        type: join === "LEFT" ? withNullability(type, true) : type,
        time: null,
      }),
    );
    const boundItems = items.map((item) => bound(item, input.row));
    return {
      ...own,
      ...this.#like(input),
      kind: "unnest",
      row: named([...input.row, ...added]),
      keys: [],
      items: boundItems,
    };
  }

  /** SQPN1. */
  #changing(changes: Changes): Changes {
    return this.mode === "batch" ? "append" : changes;
  }

  #like({ row, changes, keys }: PlanNode): Pick<PlanNode, "uid" | "row" | "changes" | "keys"> {
    return { uid: "", row, changes, keys };
  }
}

const isNeverTrue = (test: TypedExpression): boolean =>
  isTruth(test, false) || (test.kind === "literal" && test.literal.kind === "null");

/** Two calcs as one, where nothing is computed twice by it (SQPE1); null: they stay two. */
function mergedCalc(
  input: PlanNode,
  condition: TypedExpression | null,
  values: readonly TypedExpression[],
): Own<CalcNode> | null {
  if (input.kind !== "calc") return null;
  const uses = new Map<number, number>();
  for (const value of condition === null ? values : [condition, ...values])
    for (const place of usesOf(value)) uses.set(place, (uses.get(place) ?? 0) + 1);
  const isOnce = input.values.every((value, index) => isPlain(value) || (uses.get(index) ?? 0) <= 1);
  if (!isOnce) return null;
  const both = [
    ...conjunctsOf(input.condition),
    ...conjunctsOf(condition).map((part) => substituted(part, input.values)),
  ];
  return {
    input: input.input,
    condition: allOf(both),
    values: values.map((value) => substituted(value, input.values)),
  };
}

export const namesOf = (row: PlanRow): readonly string[] => row.map(({ name }) => name);

function timeOf(value: TypedExpression | undefined, input: PlanNode): PlanColumn["time"] {
  if (value?.kind === "column") return input.row[value.index]?.time ?? null;
  // A rowtime is computed only by this room, where it says so (grouping.ts).
  return value?.time ?? null;
}

const groupedColumns = (row: PlanRow, groupBy: readonly number[]): readonly PlanColumn[] =>
  groupBy.map((place) => {
    const column = row[place];
    assert(column !== undefined, `the input has no column ${place} to group by`);
    return { ...column, time: null };
  });

const callColumn = ({ name, call }: NamedCall): PlanColumn => ({ name, type: call.type, time: null });

const bounds: SqlType = { kind: "timestamp", isNullable: false, precision: 3 };

function windowColumn(add: WindowColumn, time: PlanColumn, timeName: string): PlanColumn {
  if (add !== "time") return { name: `window_${add}`, type: bounds, time: null };
  assert(isTimestamp(time.type), "windows go by a timestamp");
  return { name: timeName, type: withNullability(time.type, false), time: time.time };
}
