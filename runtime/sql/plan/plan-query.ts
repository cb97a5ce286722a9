/**
 * Owns: from a typed query to its plan: set operations, VALUES, and the whole of a query with its order and limit.
 * Does not own: SELECT (plan-select.ts), FROM (plan-tables.ts).
 *
 * SQPQ1 INTERSECT and EXCEPT count, of each different row, how often each side has it: NULLs are equal there, and rows that are taken back are, too. With ALL, a row comes
 *     as often as it is left.
 */
import { unreachable } from "../../../base/index.ts";
import { type SqlType, STRING_LENGTH } from "../types/sql-type.ts";
import type { TypedBody, TypedExpression, TypedQuery } from "../validate/typed-tree.ts";
import { booleanType, callOf } from "../validate/values.ts";
import { namesOf } from "./node-builder.ts";
import { ordered } from "./plan-order.ts";
import type { PlanContext } from "./plan-context.ts";
import { allOf, bigintType, castTo, columnOf, columnsOfRow, integer, nowhere } from "./plan-expressions.ts";
import type { AggregateCall, PlanColumn, PlanNode } from "./plan-tree.ts";

/** Of a query inside another one: its order matters only where it is cut off. Equal queries are planned once. */
export function planQuery(query: TypedQuery, context: PlanContext): PlanNode {
  const known = context.planned.get(query);
  if (known !== undefined) return known;
  const isCut = query.limit !== null || query.offset !== null;
  const node = planWholeQuery(isCut ? query : { ...query, orderBy: [] }, context);
  context.planned.set(query, node);
  return node;
}

/** Row: the columns of the query's schema. */
export function planWholeQuery(query: TypedQuery, context: PlanContext): PlanNode {
  const { columns } = query.schema;
  const body = planBody(query.body, context);
  const sorted = ordered(body, query, context);
  const values = columns.map((_, index) => columnOf(sorted.row, index));
  return context.builder.calc(
    { input: sorted, condition: null, values },
    columns.map(({ name }) => name),
  );
}

function planBody(body: TypedBody, context: PlanContext): PlanNode {
  switch (body.kind) {
    case "select":
      return context.planSelect(body, context);
    case "query":
      return context.planQuery(body, context);
    case "scan":
      return context.planTable(body, context);
    case "values": {
      const rows = body.rows.map((row) => row.map((value, index) => castTo(value, columnType(body, index))));
      return context.builder.values(rows, body.schema.columns);
    }
    case "setOperation":
      return planSetOperation(body, context);
    default:
      return unreachable(body);
  }
}

function columnType({ schema }: TypedBody, index: number): PlanColumn["type"] {
  const column = schema.columns[index];
  if (column === undefined) throw new RangeError(`a row of ${schema.columns.length} columns has no column ${index}`);
  return column.type;
}

function planSetOperation(body: TypedBody & { readonly kind: "setOperation" }, context: PlanContext): PlanNode {
  const { builder } = context;
  const sides = [body.left, body.right].map((side) => sideOf(side, body, context));
  if (body.operator === "UNION") {
    const inputs = sides.flatMap((side) => (side.kind === "union" ? side.inputs : [side]));
    const union = builder.union(inputs);
    if (body.isAll) return union;
    return builder.aggregate({ input: union, groupBy: union.row.map((_, index) => index) }, []);
  }
  return counted(sides, body, context);
}

function sideOf(side: TypedBody, whole: TypedBody, context: PlanContext): PlanNode {
  const node = planBody(side, context);
  const values = whole.schema.columns.map(({ type }, index) => castTo(columnOf(node.row, index), type));
  return context.builder.calc(
    { input: node, condition: null, values },
    whole.schema.columns.map(({ name }) => name),
  );
}

/** SQPQ1. */
function counted(
  sides: readonly PlanNode[],
  { operator, isAll }: TypedBody & { readonly kind: "setOperation" },
  { builder }: PlanContext,
): PlanNode {
  const marked = sides.map((side, index) => {
    const marks = sides.map((_, other) => integer(index === other ? 1 : 0, bigintType));
    const values = [...columnsOfRow(side.row), ...marks];
    return builder.calc({ input: side, condition: null, values }, [...namesOf(side.row), "$left", "$right"]);
  });
  const input = builder.union(marked);
  const width = input.row.length - 2;
  const groupBy = input.row.slice(0, width).map((_, index) => index);
  const calls = ["$left", "$right"].map((name, index) => ({ name, call: sumOf(width + index) }));
  const aggregate = builder.aggregate({ input, groupBy }, calls);
  const [left, right] = [columnOf(aggregate.row, width), columnOf(aggregate.row, width + 1)];
  const isExcept = operator === "EXCEPT";
  const condition =
    isAll && isExcept
      ? test(">", left, right)
      : allOf([test(">", left, integer(0, bigintType)), test(isExcept ? "=" : ">", right, integer(0, bigintType))]);
  const values = groupBy.map((place) => columnOf(aggregate.row, place));
  const names = values.map(({ name }) => name);
  if (!isAll) return builder.calc({ input: aggregate, condition, values }, names);
  const kept = builder.filter(aggregate, condition);
  const copies = isExcept ? of("-", [left, right], bigintType) : of("LEAST", [left, right], bigintType);
  const repeated = builder.unnest(
    { input: kept, items: [listOfLength(copies)], withOrdinality: false, join: "INNER" },
    [{ name: "$copy", type: textType, time: null }],
  );
  return builder.calc({ input: repeated, condition: null, values }, names);
}

const textType: SqlType = { kind: "varchar", isNullable: false, length: STRING_LENGTH };

const of = (name: string, args: readonly TypedExpression[], type: SqlType): TypedExpression =>
  callOf(name, args, { at: nowhere, type });

const test = (sign: string, left: TypedExpression, right: TypedExpression): TypedExpression =>
  of(sign, [left, right], booleanType(false));

/** An array with as many elements: what stands between the commas of a text that has one comma less. `length`: from 1. */
function listOfLength(length: TypedExpression): TypedExpression {
  const intType: SqlType = { kind: "int", isNullable: false };
  const comma: TypedExpression = {
    kind: "literal",
    at: nowhere,
    type: { kind: "char", isNullable: false, length: 1 },
    time: null,
    literal: { kind: "string", at: nowhere, value: "," },
  };
  const commas = of("-", [castTo(length, intType), integer(1)], intType);
  const text = of("REPEAT", [comma, commas], textType);
  return of("SPLIT", [text, comma], { kind: "array", isNullable: false, element: textType });
}

const sumOf = (place: number): AggregateCall => ({
  name: "SUM",
  arguments: [place],
  isDistinct: false,
  filter: null,
  ignoresNulls: false,
  order: [],
  type: bigintType,
});
