/**
 * Owns: FROM: tables, windows, joins, UNNEST.
 *
 * SQPF1 A table is read by its stored columns; what is computed comes behind, then the watermark, of all rows.
 * SQPF3 In batch mode tables only have rows that stay: operators over bounded inputs take nothing back.
 * SQPF2 In batch mode there are no watermarks: no row is late, and windows end with the input.
 */
import { unreachable } from "../../../base/index.ts";
import { fail } from "../syntax/problem.ts";
import { escapes } from "./outer-columns.ts";
import type { TypedExpression, TypedTable } from "../validate/typed-tree.ts";
import { namesOf } from "./node-builder.ts";
import type { PlanContext } from "./plan-context.ts";
import { columnOf, columnsOfRow, conjunctsOf, hasSubquery, integer, isTruth, substituted } from "./plan-expressions.ts";
import type { PlanNode, PlanWindow, SideTtls } from "./plan-tree.ts";
import { filtered, joined } from "./push-down.ts";
import type { TableTtls } from "./state-ttl.ts";
import { joinedLaterally } from "./subqueries.ts";
import { planLookupJoin } from "./lookup-joins.ts";
import { planTemporalJoin, type TemporalSpec } from "./temporal-joins.ts";
import { lengthOfInterval } from "./windows.ts";

type TableOf<K extends TypedTable["kind"]> = TypedTable & { readonly kind: K };

/** Row: the columns of the table's schema. */
export function planTable(table: TypedTable, context: PlanContext): PlanNode {
  switch (table.kind) {
    case "scan":
      return planScan(table, context);
    case "derived":
      return context.planQuery(table.query, context);
    case "unnest":
      return planUnnest(table, null, "INNER", context);
    case "temporal":
      return fail(
        table.time.at,
        "FOR SYSTEM_TIME AS OF where no join is",
        "It says of a table that is joined from when its rows are: FROM orders AS o JOIN rates FOR SYSTEM_TIME AS OF o.ts AS r ON o.currency = r.currency.",
      );
    case "window":
      return planWindowTable(table, context);
    case "join":
      return planJoin(table, context);
    default:
      return unreachable(table);
  }
}

/** SQPF1. */
function planScan({ name, table, schema }: TableOf<"scan">, context: PlanContext): PlanNode {
  const { builder } = context;
  const { definition, watermark, computed } = table;
  if (definition.watermark !== null && watermark === null)
    fail(
      definition.watermark.column.at,
      "a watermark of a field of a row",
      "Compute a column of it, ts AS address.ts, and give that one the watermark.",
    );
  const changes = context.changesOf(table);
  // SQPF3
  if (builder.mode === "batch" && changes !== "append")
    fail(
      context.at,
      `${name} is a table of changes, in batch mode`,
      "Batch mode reads tables whose rows stay, as Flink's does: run the query in streaming mode, where it also ends with its inputs.",
    );
  const stored = schema.columns.flatMap((_, index) => (computed[index] === null ? [index] : []));
  const scan = builder.scan({ name, table, columns: stored, filters: [] }, changes);
  const places = schema.columns.map((_, index) => stored.indexOf(index));
  const inScan = (index: number): TypedExpression =>
    places[index] === -1 ? integer(0) : columnOf(scan.row, places[index] ?? 0);
  const wholeRow = schema.columns.map((_, index) => inScan(index));
  const isBatch = builder.mode === "batch";
  const values = schema.columns.map(({ time }, index) => {
    const value = computed[index];
    if (value === null || value === undefined) return inScan(index);
    const made = substituted(value, wholeRow);
    // SQPF2: the time attribute comes with the column where no watermark brings it.
    return isBatch && time === "rowtime" ? { ...made, time } : made;
  });
  const row = builder.calc(
    { input: scan, condition: null, values },
    schema.columns.map((column) => column.name),
  );
  const timed =
    watermark === null || isBatch
      ? row
      : builder.watermark({ input: row, time: watermark.column, strategy: watermark.strategy });
  if (changes !== "upsert") return timed;
  const [key] = schema.keys;
  if (key === undefined)
    return fail(
      definition.columns[0]?.name.at ?? context.at,
      `${name} has upserts, and no PRIMARY KEY`,
      "Declare the columns by which its rows are replaced: PRIMARY KEY (id) NOT ENFORCED.",
    );
  return builder.normalize({ input: timed, by: key });
}

function planWindowTable(table: TableOf<"window">, context: PlanContext): PlanNode {
  const { builder } = context;
  const input = context.planTable(table.input, context);
  const column = input.row[table.timeColumn];
  const [interval] = table.intervals;
  const at = interval?.at ?? context.at;
  if (column === undefined || column.time === null)
    return fail(
      at,
      `the window's time ${column?.name ?? ""} is no time attribute any more: a join, a GROUP BY or an outer join above took it away`,
      "Put the window ahead of it, or join within a time: AND a.ts BETWEEN b.ts AND b.ts + INTERVAL '1' HOUR.",
    );
  if (input.changes !== "append")
    return fail(
      at,
      "a window over rows that change later",
      "Windows take tables that only insert: deduplicate behind the window, or GROUP BY without it.",
    );
  const partition = table.partitionBy.map((key) => {
    if (key.kind !== "column")
      return fail(
        key.at,
        "SESSION partitioned by an expression",
        "Compute it in a query: TABLE (SELECT …, x AS k FROM …).",
      );
    return key.index;
  });
  const window: PlanWindow = {
    time: table.timeColumn,
    isProctime: column.time === "proctime",
    ...shapeOf(table, partition),
  };
  return builder.windowTable({ input, window });
}

type Shape = PlanWindow extends infer W ? (W extends PlanWindow ? Omit<W, "time" | "isProctime"> : never) : never;

function shapeOf({ name, intervals }: TableOf<"window">, partition: readonly number[]): Shape {
  const length = (index: number, what: string): number => lengthOfInterval(intervals[index], `the ${what} of ${name}`);
  const offset = (index: number): number => (intervals[index] === undefined ? 0 : length(index, "offset"));
  switch (name) {
    case "TUMBLE":
      return { kind: "tumble", size: length(0, "size"), offset: offset(1) };
    case "HOP":
      return { kind: "hop", slide: length(0, "slide"), size: length(1, "size"), offset: offset(2) };
    case "CUMULATE":
      return { kind: "cumulate", step: length(0, "step"), size: length(1, "size"), offset: offset(2) };
    default:
      return { kind: "session", gap: length(0, "gap"), partition };
  }
}

function planJoin(table: TableOf<"join">, context: PlanContext): PlanNode {
  const { builder } = context;
  const { condition } = table;
  const join = table.join === "CROSS" ? "INNER" : table.join;
  const ttls = context.ttls ?? [];
  const width = tablesIn(table.left);
  const left = context.planTable(table.left, { ...context, ttls: ttls.slice(0, width) });
  if (condition !== null && hasSubquery(condition))
    fail(condition.at, "a query inside ON", "Put the condition into WHERE, or join its query.");
  if (table.right.kind === "unnest") {
    const isTrue = condition === null || isTruth(condition, true);
    if (!isTrue && join !== "INNER")
      fail(
        condition.at,
        `${join} JOIN UNNEST with a condition`,
        "Write ON TRUE: every element is joined to the row that has it.",
      );
    const node = planUnnest(table.right, left, join === "LEFT" ? "LEFT" : "INNER", context);
    return filtered(node, isTrue ? [] : conjunctsOf(condition), builder);
  }
  if (table.right.kind === "derived" && table.right.isLateral && escapes(table.right.query))
    return joinedLaterally({ left, query: table.right.query, join, condition }, context);
  if (table.right.kind === "temporal") {
    if (table.join !== "INNER" && table.join !== "LEFT")
      return fail(
        table.right.time.at,
        `${table.join} JOIN with FOR SYSTEM_TIME AS OF`,
        "Write JOIN … ON …, or LEFT JOIN … ON …: the row on the left says the time.",
      );
    return planTemporal({ left, right: table.right, join: table.join, conjuncts: conjunctsOf(condition) }, context);
  }
  const rightTtls = ttls.slice(width);
  const right = context.planTable(table.right, { ...context, ttls: rightTtls });
  const ttl: SideTtls = [sideTtl(table.left, ttls), sideTtl(table.right, rightTtls)];
  const kept = ttl[0] === null && ttl[1] === null ? {} : { ttl };
  return joined({ left, right, join, conjuncts: conjunctsOf(condition), ...kept }, builder);
}

function planTemporal(spec: TemporalSpec, context: PlanContext): PlanNode {
  const { left, right } = spec;
  const { time } = right;
  const column = time.kind === "column" ? left.row[time.index] : undefined;
  const attribute = column === undefined ? time.time : column.time;
  if (attribute === "rowtime") return planTemporalJoin(spec, context);
  if (attribute === null)
    return fail(
      time.at,
      `${column?.name ?? "the time"} is no time attribute any more: a join, a GROUP BY or an outer join above took it away`,
      "Put this join ahead of it, or join within a time there: AND a.ts BETWEEN b.ts AND b.ts + INTERVAL '1' HOUR.",
    );
  return planLookupJoin(spec, context);
}

const tablesIn = (table: TypedTable): number =>
  table.kind === "join" ? tablesIn(table.left) + tablesIn(table.right) : 1;

/** SQPZ2 */
const sideTtl = (table: TypedTable, ttls: TableTtls): number | null =>
  table.kind === "join" ? null : (ttls[0] ?? null);

/** `left`: what it stands beside; null: it stands alone. */
function planUnnest(
  { items, withOrdinality, schema }: TableOf<"unnest">,
  left: PlanNode | null,
  join: "INNER" | "LEFT",
  { builder }: PlanContext,
): PlanNode {
  const alone = builder.values(
    [[integer(0)]],
    [{ name: "$row", type: { kind: "int", isNullable: false }, time: null }],
  );
  const node = builder.unnest({ input: left ?? alone, items, withOrdinality, join }, schema.columns);
  if (left !== null) return node;
  const added = columnsOfRow(node.row).slice(1);
  return builder.calc({ input: node, condition: null, values: added }, namesOf(node.row).slice(1));
}
