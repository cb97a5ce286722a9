/**
 * Owns: the join of rows with versions, `FOR SYSTEM_TIME AS OF o.ts`: which rows are the versions of a table, and by which key.
 * Does not own: lookups in a table outside (lookup-joins.ts), what the operator does (operators/temporal-join.ts).
 *
 * SQTV1 Versions are the rows of a table with a PRIMARY KEY and a watermark, or of a view that keeps the last row of each key by its rowtime. They are taken as they come, ahead of
 *     what makes one row of a key of them: an older version has to be there for older rows.
 * SQTV2 A condition above versions drops none: a row that meets a version which does not fulfil it meets nothing.
 * SQTV3 State is kept by the versions' key alone; other equalities are conditions. A version that has another value there replaces the one before all the same.
 * SQTV4 Both sides go by the same type of time, and the left one only appends: what was joined with a version that is gone could not be taken back.
 */
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import { typeText } from "../types/sql-type.ts";
import { isSameType, isText } from "../types/type-families.ts";
import { quoted } from "../validate/names.ts";
import type { TypedExpression, TypedTable } from "../validate/typed-tree.ts";
import { type Key, keyOf, withKeys } from "./joins.ts";
import { namesOf } from "./node-builder.ts";
import type { NodeBuilder } from "./node-builder.ts";
import type { PlanContext } from "./plan-context.ts";
import {
  allOf,
  bigintType,
  columnOf,
  columnsOfRow,
  conjunctsOf,
  integer,
  isAnew,
  moved,
  placesOf,
  truth,
  withPlaces,
} from "./plan-expressions.ts";
import type { PlanNode } from "./plan-tree.ts";
import { filtered } from "./push-down.ts";

type Temporal = TypedTable & { readonly kind: "temporal" };

export type TemporalSpec = {
  readonly left: PlanNode;
  readonly right: Temporal;
  readonly join: "INNER" | "LEFT";
  readonly conjuncts: readonly TypedExpression[];
};

type Places = readonly number[];

/** Rows that are versions; `keys`: places of columns by which a version replaces the one before. */
type Versions = {
  readonly node: PlanNode;
  readonly keys: readonly Places[];
  /** A BOOLEAN: whether the version is one that the table shows; null: all are. */
  readonly guard: number | null;
};

/** Row: that of the left side, then the columns of the table. Errors: SqlFailure. */
export function planTemporalJoin({ left, right, join, conjuncts }: TemporalSpec, context: PlanContext): PlanNode {
  const { builder } = context;
  const { at } = right.time;
  const shown = context.planTable(right.table, context);
  const leftTime = right.time.kind === "column" ? right.time.index : -1;
  if (left.changes !== "append")
    fail(
      at,
      "a temporal join of rows that change later",
      "Put the join ahead of GROUP BY, ranks and outer joins: it takes rows that stay. For the newest values of both sides, join without FOR SYSTEM_TIME AS OF.",
    );
  const versions = versionsOf(shown, builder);
  if (versions === null)
    return fail(
      at,
      "the table is a query whose rows change in another way than by their time",
      "Versions are the rows of a table with a PRIMARY KEY and a watermark, or of a view that keeps the last row of each key: ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts DESC) = 1.",
    );
  const rightTime = timeOf(versions.node, at);
  requireSameTime(left, leftTime, { node: versions.node, place: rightTime, at });
  const width = left.row.length;
  const { key, pairs } = keyPairs(conjuncts, width, versions, at);
  const others = conjuncts.filter((conjunct) => !pairs.has(conjunct));
  const isOf = (isInside: (place: number) => boolean) => (conjunct: TypedExpression) => {
    const places = [...placesOf(conjunct)];
    return places.length > 0 && places.every(isInside) && !isAnew(conjunct);
  };
  const ofLeft = join === "INNER" ? others.filter(isOf((place) => place < width)) : [];
  // What holds for a key holds for all of its versions.
  const ofKey = others.filter(isOf((place) => place >= width && key.includes(place - width)));
  const rest = others.filter((conjunct) => !ofLeft.includes(conjunct) && !ofKey.includes(conjunct));
  const keptLeft = filtered(left, ofLeft, builder);
  const keptRight = filtered(
    versions.node,
    ofKey.map((conjunct) => moved(conjunct, -width)),
    builder,
  );
  const values = [...pairs.values()];
  const [wideLeft, leftKeys] = withKeys(
    keptLeft,
    values.map((pair) => pair.left),
    builder,
  );
  const [wideRight, rightKeys] = withKeys(
    keptRight,
    values.map((pair) => pair.right),
    builder,
  );
  const added = wideLeft.row.length - width;
  const condition = allOf([
    ...(versions.guard === null ? [] : [moved(columnOf(wideRight.row, versions.guard), wideLeft.row.length)]),
    ...rest.map((part) => withPlaces(part, (place) => (place < width ? place : place + added))),
  ]);
  const parts = { left: wideLeft, right: wideRight, join, leftKeys, rightKeys, condition };
  const node = builder.temporalJoin({ ...parts, leftTime, rightTime });
  const rightPlaces = shown.row.map((_, index) => index + wideLeft.row.length);
  return builder.renamed(builder.project(node, [...left.row.map((_, index) => index), ...rightPlaces]), [
    ...namesOf(left.row),
    ...namesOf(shown.row),
  ]);
}

/** SQTV1, SQTV2. Row: that of the node, and perhaps more behind it. Null: it has none. */
function versionsOf(node: PlanNode, builder: NodeBuilder): Versions | null {
  switch (node.kind) {
    case "calc": {
      const inner = versionsOf(node.input, builder);
      if (inner === null) return null;
      const { row } = inner.node;
      const guards = [...conjunctsOf(node.condition), ...(inner.guard === null ? [] : [columnOf(row, inner.guard)])];
      const values = [...node.values, ...(guards.length === 0 ? [] : [allOf(guards) ?? truth(true)])];
      const names = [...namesOf(node.row), ...(guards.length === 0 ? [] : ["$is"])];
      const placeOf = (place: number): number =>
        node.values.findIndex((value) => value.kind === "column" && value.index === place);
      return {
        node: builder.calc({ input: inner.node, condition: null, values }, names),
        keys: inner.keys.map((key) => key.map(placeOf)).filter((key) => !key.includes(-1)),
        guard: guards.length === 0 ? null : node.values.length,
      };
    }
    case "normalize":
      return { node: node.input, keys: [node.by], guard: null };
    case "deduplicate":
      return node.keep === "last" && node.input.row[node.time]?.time === "rowtime"
        ? { node: node.input, keys: [node.by], guard: null }
        : null;
    case "rank":
      return versionsOfRank(node, builder);
    case "scan":
    case "watermark":
      return { node, keys: node.keys, guard: null };
    default:
      return node.changes === "append" ? { node, keys: node.keys, guard: null } : null;
  }
}

/** In batch mode the last row by time is a rank. */
function versionsOfRank(node: PlanNode & { readonly kind: "rank" }, builder: NodeBuilder): Versions | null {
  const { input, partitionBy, orderBy, from, to, showsRank, windowEnd } = node;
  const [order, second] = orderBy;
  const isLast = from === 1 && to === 1 && windowEnd === null && second === undefined && order?.direction === "DESC";
  if (!isLast || input.row[order.column]?.time !== "rowtime" || input.changes !== "append") return null;
  const values = [...columnsOfRow(input.row), ...(showsRank ? [integer(1, bigintType)] : [])];
  const made = builder.calc({ input, condition: null, values }, namesOf(node.row));
  return { node: made, keys: [partitionBy], guard: null };
}

/** The place of the versions' time. */
function timeOf({ row }: PlanNode, at: Span): number {
  const times = row.flatMap((column, index) => (column.time === "rowtime" ? [index] : []));
  const [time, second] = times;
  if (time === undefined)
    return fail(
      at,
      "the table on the right has no time attribute, so that nothing says from when on a row of it holds",
      "Declare one in its CREATE TABLE: WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; a view has to show it.",
    );
  if (second !== undefined)
    fail(
      at,
      `the table on the right has several time attributes: ${times.map((place) => quoted(row[place]?.name ?? "")).join(", ")}`,
      "Show the one by which its rows are versions: CAST takes the attribute away from another.",
    );
  return time;
}

/** SQTV4. */
function requireSameTime(
  left: PlanNode,
  leftTime: number,
  right: { readonly node: PlanNode; readonly place: number; readonly at: Span },
): void {
  const [mine, other] = [left.row[leftTime], right.node.row[right.place]];
  if (mine === undefined || other === undefined) throw new RangeError("the times of a temporal join are columns");
  if (mine.type.kind === other.type.kind) return;
  fail(
    right.at,
    `${quoted(mine.name)} is a ${typeText(mine.type)}, and the table's ${quoted(other.name)} a ${typeText(other.type)}`,
    "Declare both as TIMESTAMP(3), or both as TIMESTAMP_LTZ(3).",
  );
}

/** SQTV3. For each column of the versions' key the equality that has it. */
function keyPairs(
  conjuncts: readonly TypedExpression[],
  width: number,
  { node, keys }: Versions,
  at: Span,
): { readonly key: Places; readonly pairs: ReadonlyMap<TypedExpression, Key> } {
  if (keys.length === 0)
    fail(
      at,
      "the table on the right has no PRIMARY KEY, so that nothing says which row a later one replaces",
      "Declare it in its CREATE TABLE: PRIMARY KEY (id) NOT ENFORCED. Of a table that only appends a view may have one: the last row of each key, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts DESC) = 1.",
    );
  for (const key of keys) {
    const pairs = new Map<TypedExpression, Key>();
    for (const place of key) {
      for (const conjunct of conjuncts) {
        const pair = keyOf(conjunct, width);
        if (pair === null || keyColumn(pair.right) !== place) continue;
        pairs.set(conjunct, pair);
        break;
      }
    }
    if (pairs.size === key.length) return { key, pairs };
  }
  const names = keys.map((key) => key.map((place) => quoted(node.row[place]?.name ?? "")).join(", "));
  return fail(
    at,
    `the join has no equality for each column of the table's key (${names.join(") or (")})`,
    "Compare the whole key in ON: o.currency = r.currency. Both have to be of one type.",
  );
}

/** The column whose values it tells apart; null: it is more than a column. */
function keyColumn(value: TypedExpression): number | null {
  if (value.kind === "column") return value.index;
  if (value.kind !== "cast" || value.operand.kind !== "column") return null;
  const [from, to] = [value.operand.type, value.type];
  if (from.kind === "null" || to.kind === "null") return null;
  const areExact = EXACT.has(from.kind) && EXACT.has(to.kind);
  return areExact || isSameType(from, to) || (isText(from) && isText(to)) ? value.operand.index : null;
}

const EXACT: ReadonlySet<string> = new Set(["tinyint", "smallint", "int", "bigint", "decimal"]);
