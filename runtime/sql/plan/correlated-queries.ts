/**
 * Owns: queries that read columns of the query around them, made ready for a join with its rows.
 * Called by: subqueries.ts. Rules there.
 *
 * SQPI1 An aggregate, or a LIMIT, of a query that is asked for each outer row is one for each value that the inner columns are compared with: the query is
 *     grouped, or cut off, by them. So they are compared by `=`.
 * SQPI2 An aggregate has a value for no rows, too: where no group is met, it is put in again.
 */
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import { comparison } from "../validate/operators.ts";
import type { Aggregate, TypedExpression, TypedQuery, TypedSelect } from "../validate/typed-tree.ts";
import { booleanType, callOf, hasPart, withColumns } from "../validate/values.ts";
import { escapes, reachesOut } from "./outer-columns.ts";
import { type PlanContext, rewritten } from "./plan-context.ts";
import {
  allOf,
  bigintType,
  columnOf,
  conjunctsOf,
  depthOf,
  integer,
  moved,
  nullOf,
  truth,
  typeOfValue,
} from "./plan-expressions.ts";
import { resolvedOrder } from "./plan-order.ts";
import type { PlanNode } from "./plan-tree.ts";

type Expressions = readonly TypedExpression[];

/** Where a column of the query's own FROM is in the row of the node; -1: it is not there (it was grouped away). */
export type PlaceOf = (index: number) => number;

export function correlatedSelect({ body }: TypedQuery, context: PlanContext): TypedSelect {
  if (body.kind === "query" && body.limit === null && body.offset === null) return correlatedSelect(body, context);
  if (body.kind !== "select") return refuseOuter(placeIn(body) ?? context.at);
  return body;
}

/** The first place that a part of it names. */
export function placeIn(part: unknown): Span | null {
  if (part === null || typeof part !== "object") return null;
  if (Array.isArray(part)) {
    for (const each of part) {
      const place = placeIn(each);
      if (place !== null) return place;
    }
    return null;
  }
  if ("at" in part && (part.at as Span).end > 0) return part.at as Span;
  const { items, body } = part as { items?: unknown; body?: unknown };
  return placeIn(items) ?? placeIn(body);
}

export const refuseOuter = (at: Span): never =>
  fail(
    at,
    "columns of the outer query are used where they cannot be turned into a join",
    "Use them in the WHERE of the inner query only, joined by AND; or write a JOIN.",
  );

export type Outer = { readonly outer: PlanNode; readonly placeOf: PlaceOf };

/** From the inner query's view to the join's: its own columns stand behind those of the outer row. */
export function joinValue(value: TypedExpression, { outer, placeOf }: Outer): TypedExpression {
  if (depthOf(value) > 1) return refuseOuter(value.at);
  return withColumns(value, (column) => {
    if (column.depth === 0) return { ...column, index: column.index + outer.row.length };
    const place = placeOf(column.index);
    if (place < 0) return refuseOuter(column.at);
    return { ...columnOf(outer.row, place), at: column.at };
  });
}

/** Whether it aggregates all rows of its FROM, so that it always has one row. */
export const isWholeAggregate = ({ grouping, having }: TypedSelect): boolean =>
  grouping !== null && grouping.keys.length === 0 && having === null;

export type Correlated = {
  readonly node: PlanNode;
  /** Over the outer row followed by that of the node. */
  readonly conjuncts: Expressions;
  /** Of a row of the join: what the query selects. The row is the outer one followed by that of the node, which may be missing. */
  readonly itemsOf: (joined: PlanNode) => Expressions;
  /** Whether an outer row meets one row at most. */
  readonly isSingle: boolean;
};

/** SQPI1. Errors: SqlFailure. */
export function correlated(query: TypedQuery, outer: Outer, context: PlanContext): Correlated {
  const select = correlatedSelect(query, context);
  const at = placeIn(select.items) ?? context.at;
  const isAggregate = isWholeAggregate(select);
  const isCut = query.limit !== null || query.offset !== null;
  requireSimple(select, { isCut, at });
  const conjuncts = conjunctsOf(select.where);
  const outside = conjuncts.filter(reachesOut);
  const own = allOf(conjuncts.filter((each) => !outside.includes(each)));
  const pairs = outside.map((each) => equalityOf(each, at));
  const keys = pairs.map(({ inner }) => inner);
  const items = [...keys, ...select.items, truth(true)];
  const columns = items.map((value, index) => ({ name: `$${index}`, type: typeOfValue(value), time: null }));
  const grouping = isAggregate ? { keys, sets: [keys.map((_, index) => index)] } : null;
  const parts = { schema: { columns, keys: [] }, isDistinct: false, where: own, grouping, items };
  const whole = context.planSelect({ ...select, ...parts }, context);
  const node =
    isCut && !isAggregate ? cutOff(whole, query, { keys: keys.length, items: select.items.length }, context) : whole;
  const width = outer.outer.row.length;
  const conditions = pairs.map(({ inner, outer: value }, index) =>
    comparison("=", joinValue(value, outer), moved(columnOf(node.row, index), width), inner.at),
  );
  const marker = width + items.length - 1;
  return {
    node,
    conjuncts: conditions,
    itemsOf: (joined) =>
      select.items.map((item, index) => {
        const value = columnOf(joined.row, width + keys.length + index);
        const whenNone = isAggregate ? emptyValue(item) : null;
        return whenNone === null ? value : orElse(value, whenNone, columnOf(joined.row, marker));
      }),
    isSingle: node.keys.some((key) => key.every((place) => place < keys.length)),
  };
}

function requireSimple(select: TypedSelect, { isCut, at }: { readonly isCut: boolean; readonly at: Span }): void {
  const { from, items, grouping, hidden, qualify, isDistinct } = select;
  const isFromOutside =
    from !== null &&
    from.kind !== "scan" &&
    escapes({ ...emptyQuery, body: { ...select, items: [], hidden: [], where: null } });
  const hasOver = [...items, ...hidden].some((value) => hasPart(value, ({ kind }) => kind === "over"));
  if (from === null || isFromOutside || hasOver || qualify !== null || (isCut && isDistinct)) refuseOuter(at);
  if (grouping !== null && !isWholeAggregate(select)) refuseOuter(at);
  for (const value of [...items, ...hidden]) if (reachesOut(value)) refuseOuter(value.at);
}

const emptyQuery = {
  kind: "query",
  schema: { columns: [], keys: [] },
  orderBy: [],
  offset: null,
  limit: null,
} as const;

/** The first rows of each value of the keys. */
function cutOff(
  input: PlanNode,
  { orderBy, offset, limit }: TypedQuery,
  width: { readonly keys: number; readonly items: number },
  { builder, at }: PlanContext,
): PlanNode {
  if (limit === null) return refuseOuter(at);
  const from = Number(offset ?? 0n) + 1;
  const order = orderBy.map((each) => {
    if (each.value.kind !== "column") throw new RangeError("an order by what is no column of the result");
    const { index } = each.value;
    // What only the order needs stands behind the marker.
    return resolvedOrder(each, width.keys + index + (index < width.items ? 0 : 1));
  });
  const partitionBy = Array.from({ length: width.keys }, (_, index) => index);
  const parts = { partitionBy, orderBy: order, from, to: from + Number(limit) - 1, showsRank: false, windowEnd: null };
  return builder.rank({ input, ...parts }, "");
}

/** What an aggregate is of no rows; null: NULL. */
const emptyOf = ({ name }: Aggregate): TypedExpression | null =>
  name === "COUNT" || name === "APPROX_COUNT_DISTINCT" ? integer(0, bigintType) : null;

/** SQPI2. Null: NULL. */
function emptyValue(item: TypedExpression): TypedExpression | null {
  if (item.kind === "aggregate") return emptyOf(item);
  return rewritten(item, (part) => (part.kind === "aggregate" ? (emptyOf(part) ?? nullOf(typeOfValue(part))) : null));
}

const orElse = (value: TypedExpression, whenNone: TypedExpression, marker: TypedExpression): TypedExpression => ({
  kind: "case",
  at: value.at,
  type: value.type,
  time: null,
  operand: null,
  branches: [{ when: callOf("IS NULL", [marker], { at: value.at, type: booleanType(false) }), result: whenNone }],
  otherwise: value,
});

/** `inner = outer`, either way round. */
function equalityOf(
  conjunct: TypedExpression,
  at: Span,
): { readonly inner: TypedExpression; readonly outer: TypedExpression } {
  const [first, second] = conjunct.kind === "call" && conjunct.name === "=" ? conjunct.arguments : [];
  if (first === undefined || second === undefined) return refuseOuter(conjunct.at);
  const isPure = (value: TypedExpression, depth: number): boolean => depthsOf(value).every((each) => each === depth);
  if (!reachesOut(first) && isPure(second, 1)) return { inner: first, outer: second };
  if (!reachesOut(second) && isPure(first, 1)) return { inner: second, outer: first };
  return refuseOuter(at);
}

function depthsOf(value: TypedExpression): readonly number[] {
  const depths: number[] = [];
  withColumns(value, (column) => {
    depths.push(column.depth);
    return column;
  });
  return depths;
}
