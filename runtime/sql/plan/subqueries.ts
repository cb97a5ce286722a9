/**
 * Owns: queries inside of queries, as joins.
 *
 * SQPS1 EXISTS and IN are semi joins, NOT EXISTS and NOT IN anti joins. NOT IN is not TRUE where one of the two is NULL, as SQL has it.
 * SQPS2 A query as a value is joined by LEFT; that it has one row at most must follow from the query, so that no row is ever doubled: it aggregates, has
 *     LIMIT 1, or compares a whole key.
 * SQPS3 Columns of the query around it stand in the WHERE of a query: there they become the condition of the join. Elsewhere they are refused.
 */
import { fail } from "../syntax/problem.ts";
import type { JoinKind } from "../syntax/query-tree.ts";
import type { Span } from "../syntax/span.ts";
import { comparison } from "../validate/operators.ts";
import type { Aggregate, TypedExpression, TypedQuery, TypedSelect } from "../validate/typed-tree.ts";
import { booleanType, callOf, hasPart, isSame } from "../validate/values.ts";
import {
  correlated,
  correlatedSelect,
  isWholeAggregate,
  joinValue,
  placeIn,
  type PlaceOf,
  refuseOuter,
} from "./correlated-queries.ts";
import { escapes, reachesOut } from "./outer-columns.ts";
import { type NodeWith, type PlanContext, rewritten } from "./plan-context.ts";
import {
  allOf,
  bigintType,
  columnOf,
  columnsOfRow,
  conjunctsOf,
  hasSubquery,
  integer,
  isTruth,
  moved,
  truth,
} from "./plan-expressions.ts";
import { namesOf } from "./node-builder.ts";
import type { PlanNode } from "./plan-tree.ts";
import { filtered, joined } from "./push-down.ts";

type Subquery = TypedExpression & { readonly kind: "subquery" };
type Quantified = TypedExpression & { readonly kind: "quantified" };
type Expressions = readonly TypedExpression[];

export const samePlace: PlaceOf = (index) => index;

/** The rows for which all are TRUE; conditions may hold queries. Row: that of the node. */
export function filteredWithQueries(
  node: PlanNode,
  conjuncts: Expressions,
  placeOf: PlaceOf,
  context: PlanContext,
): PlanNode {
  const plain = conjuncts.filter((part) => !hasSubquery(part));
  let result = filtered(node, plain, context.builder);
  for (const part of conjuncts) if (hasSubquery(part)) result = filteredByQuery(result, part, placeOf, context);
  return result;
}

function filteredByQuery(node: PlanNode, part: TypedExpression, placeOf: PlaceOf, context: PlanContext): PlanNode {
  const isNot = part.kind === "call" && part.name === "NOT";
  const inner = isNot ? part.arguments[0] : part;
  if (inner?.kind === "subquery" && inner.form === "exists") return exists(node, inner, { isNot, placeOf }, context);
  if (inner?.kind === "quantified" && !hasSubquery(inner.operand))
    return quantified(node, inner, { isNot, placeOf }, context);
  const lifted = withQueriesLifted(node, [part], placeOf, context);
  const kept = filtered(lifted.node, lifted.values, context.builder);
  return context.builder.project(
    kept,
    node.row.map((_, index) => index),
  );
}

type Test = { readonly isNot: boolean; readonly placeOf: PlaceOf };

function exists(node: PlanNode, { query }: Subquery, { isNot, placeOf }: Test, context: PlanContext): PlanNode {
  const inner = innerOf(query, node, placeOf, context);
  return joined(
    { left: node, right: inner.node, join: isNot ? "ANTI" : "SEMI", conjuncts: inner.conjuncts },
    context.builder,
  );
}

/** SQPS1. */
function quantified(node: PlanNode, test: Quantified, { isNot, placeOf }: Test, context: PlanContext): PlanNode {
  const { operand, operator, quantifier, query, at } = test;
  const inner = innerOf(query, node, placeOf, context);
  const lefts = operand.kind === "row" ? operand.items : [operand];
  if (operand.type.kind === "row" && operand.kind !== "row")
    fail(operand.at, "a ROW compared with a query", "Name its fields: (r.a, r.b) IN (SELECT …).");
  const tests = lefts.map((left, index) => {
    const right = inner.items[index];
    if (right === undefined) throw new RangeError("the query has fewer columns than are compared");
    return comparison(operator, left, right, at);
  });
  const compared = allOf(tests) ?? truth(true);
  const isAll = quantifier === "ALL";
  const join = isAll === isNot ? "SEMI" : "ANTI";
  // ALL: no row for which it is not TRUE. NOT ANY: none for which it is not FALSE.
  const decisive = isAll
    ? isNot
      ? [callOf("IS FALSE", [compared], { at, type: booleanType(false) })]
      : [callOf("IS NOT TRUE", [compared], { at, type: booleanType(false) })]
    : isNot && compared.type.isNullable
      ? [callOf("IS NOT FALSE", [compared], { at, type: booleanType(false) })]
      : tests;
  return joined({ left: node, right: inner.node, join, conjuncts: [...inner.conjuncts, ...decisive] }, context.builder);
}

type Inner = {
  readonly node: PlanNode;
  /** Over the outer row followed by the inner one. */
  readonly conjuncts: Expressions;
  /** What the query selects, over both rows. */
  readonly items: Expressions;
};

/** The rows of a query inside; of one that reads outer columns, with the condition that they are in (SQPS3). */
function innerOf(query: TypedQuery, outer: PlanNode, placeOf: PlaceOf, context: PlanContext): Inner {
  const width = outer.row.length;
  if (!escapes(query)) {
    const node = context.planQuery(query, context);
    return { node, conjuncts: [], items: columnsOfRow(node.row).map((column) => moved(column, width)) };
  }
  const select = correlatedSelect(query, context);
  if (select.grouping !== null || query.offset !== null || query.limit !== null)
    return refuseOuter(placeIn(query) ?? context.at);
  const { node, outside } = splitWhere(select, context);
  const outwards = (value: TypedExpression): TypedExpression => joinValue(value, { outer, placeOf });
  return { node, conjuncts: outside.map(outwards), items: select.items.map((item) => lazily(item, outwards)) };
}

/** EXISTS does not look at what is selected, so that it may be anything. */
const lazily = (item: TypedExpression, of: (value: TypedExpression) => TypedExpression): TypedExpression =>
  hasPart(item, ({ kind }) => kind === "aggregate" || kind === "over" || kind === "subquery") ? item : of(item);

/** The rows of FROM that pass what is about them alone; and what is about outer columns, too. */
function splitWhere(
  select: TypedSelect,
  context: PlanContext,
): { readonly node: PlanNode; readonly outside: Expressions } {
  const { from, where } = select;
  if (from === null || reachesOutOf(from)) return refuseOuter(placeIn(select.items) ?? context.at);
  const conjuncts = conjunctsOf(where);
  const outside = conjuncts.filter(reachesOut);
  for (const part of outside) if (hasSubquery(part)) refuseOuter(part.at);
  const own = conjuncts.filter((part) => !outside.includes(part));
  const source = context.planTable(from, context);
  return { node: filteredWithQueries(source, own, samePlace, context), outside };
}

const reachesOutOf = (from: NonNullable<TypedSelect["from"]>): boolean =>
  from.kind === "derived"
    ? escapes(from.query)
    : from.kind === "join" && (reachesOutOf(from.left) || reachesOutOf(from.right));

/** The node with what queries give behind its row, and the values with columns in their place. */
export function withQueriesLifted(
  node: PlanNode,
  values: Expressions,
  placeOf: PlaceOf,
  context: PlanContext,
): NodeWith {
  let wide = node;
  const known: { readonly query: Subquery; readonly value: TypedExpression }[] = [];
  const lift = (part: TypedExpression): TypedExpression | null => {
    if (part.kind === "quantified")
      return fail(
        part.at,
        `${part.operator === "=" ? "IN" : part.quantifier} with a query inside another condition or value`,
        "Let it stand alone in WHERE, joined by AND; or write EXISTS (SELECT … WHERE …).",
      );
    if (part.kind !== "subquery") return null;
    const same = known.find(({ query }) => isSame(query, part));
    if (same !== undefined) return same.value;
    const single = part.form === "exists" ? counting(part) : part.query;
    const lifted = withScalar(wide, single, { part, placeOf }, context);
    wide = lifted.node;
    const value =
      part.form === "exists"
        ? callOf(">", [lifted.values, integer(0, bigintType)], { at: part.at, type: booleanType(false) })
        : lifted.values;
    known.push({ query: part, value });
    return value;
  };
  const replaced = values.map((value) => (hasSubquery(value) ? rewritten(value, lift) : value));
  return { node: wide, values: replaced };
}

/** `EXISTS (SELECT … )` as `(SELECT COUNT(*) …)`. */
function counting({ query, at }: Subquery): TypedQuery {
  const { body } = query;
  if (body.kind !== "select" || body.grouping !== null || query.limit !== null || query.offset !== null)
    return fail(at, "EXISTS of such a query inside another condition", "Let it stand alone in WHERE, joined by AND.");
  const count: Aggregate = {
    kind: "aggregate",
    at,
    type: bigintType,
    time: null,
    name: "COUNT",
    isDistinct: false,
    arguments: [],
    filter: null,
    withinGroup: [],
    ignoresNulls: false,
  };
  const schema = { columns: [{ name: "EXPR$0", type: bigintType, time: null }], keys: [[]] };
  const grouping = { keys: [], sets: [[]] };
  const counted = { ...body, schema, isDistinct: false, grouping, items: [count], hidden: [] };
  return { ...query, schema, body: counted, orderBy: [] };
}

type Scalar = { readonly part: Subquery; readonly placeOf: PlaceOf };

/** SQPS2. The value, over the row of the node, which begins with the old one. */
function withScalar(
  node: PlanNode,
  query: TypedQuery,
  { part, placeOf }: Scalar,
  context: PlanContext,
): NodeWith<TypedExpression> {
  const { builder } = context;
  if (!escapes(query)) {
    const right = context.planQuery(query, context);
    if (!right.keys.some((key) => key.length === 0)) refuseMany(part.at);
    const join = joined({ left: node, right, join: "LEFT", conjuncts: [] }, builder);
    return { node: join, values: columnOf(join.row, node.row.length) };
  }
  const inner = correlated(query, { outer: node, placeOf }, context);
  if (!inner.isSingle) refuseMany(part.at);
  const join = joined({ left: node, right: inner.node, join: "LEFT", conjuncts: inner.conjuncts }, builder);
  const [value] = inner.itemsOf(join);
  if (value === undefined) throw new RangeError("a query without columns as a value");
  return { node: join, values: value };
}

const refuseMany = (at: Span): never =>
  fail(
    at,
    "this query may have more than one row, and stands where one value is wanted",
    "Select an aggregate, such as MAX(…); or add LIMIT 1; or compare a whole PRIMARY KEY.",
  );

type Lateral = {
  readonly left: PlanNode;
  readonly query: TypedQuery;
  readonly join: Exclude<JoinKind, "CROSS">;
  readonly condition: TypedExpression | null;
};

/** `FROM t, LATERAL (SELECT … WHERE s.a = t.a)`. Row: the left one, then what the query selects. */
export function joinedLaterally({ left, query, join, condition }: Lateral, context: PlanContext): PlanNode {
  const { builder } = context;
  const place = placeIn(query.body) ?? context.at;
  if (condition !== null && !isTruth(condition, true))
    fail(
      condition.at,
      "JOIN LATERAL with a condition",
      "Write ON TRUE, and the condition into the WHERE of the query.",
    );
  if (join !== "INNER" && join !== "LEFT") return refuseOuter(place);
  const select = correlatedSelect(query, context);
  const isCut = query.limit !== null || query.offset !== null;
  const names = [...namesOf(left.row), ...query.schema.columns.map(({ name }) => name)];
  const withItems = (node: PlanNode, items: Expressions): PlanNode => {
    const values = [...left.row.map((_, index) => columnOf(node.row, index)), ...items];
    return builder.calc({ input: node, condition: null, values }, names);
  };
  if (isCut || isWholeAggregate(select)) {
    const inner = correlated(query, { outer: left, placeOf: samePlace }, context);
    // An aggregate has one row for each row on the left, whether a group is met or not.
    const kind = isWholeAggregate(select) ? "LEFT" : join;
    const node = joined({ left, right: inner.node, join: kind, conjuncts: inner.conjuncts }, builder);
    return withItems(node, inner.itemsOf(node));
  }
  const inner = innerOf(query, left, samePlace, context);
  const isComputed = inner.items.some(({ kind }) => kind !== "column");
  if (select.isDistinct || (join === "LEFT" && isComputed)) return refuseOuter(place);
  const node = joined({ left, right: inner.node, join, conjuncts: inner.conjuncts }, builder);
  return withItems(node, inner.items);
}
