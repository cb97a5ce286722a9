/**
 * Owns: from an expression's syntax to its typed form: what it is made of, in its context. Rules of operators: operators.ts; of calls: call.ts.
 */
import { shownType } from "../types/type-families.ts";
import { unreachable } from "../../../base/index.ts";
import type { Expression, ExpressionOf } from "../syntax/expression-tree.ts";
import type { Query } from "../syntax/query-tree.ts";
import { fail } from "../syntax/problem.ts";
import { type SqlType, typeOf } from "../types/sql-type.ts";
import { typedCall } from "./call.ts";
import type { ExpressionContext } from "./context.ts";
import { typedJsonCall } from "./json-call.ts";
import { typedLiteral } from "./literals.ts";
import { comparison, typedBinary, typedElement, typedIs, typedLike, typedUnary } from "./operators.ts";
import { fieldOf } from "./scope.ts";
import { castOf, castType } from "../types/cast-rules.ts";
import type { TypedExpression, TypedQuery } from "./typed-tree.ts";
import { booleanType, callOf, commonTypeOf, requireCondition, sqlTypeOf, withType } from "./values.ts";

/** Errors: SqlFailure, Undetermined. */
export function typedExpression(expression: Expression, context: ExpressionContext): TypedExpression {
  const of = (part: Expression): TypedExpression => typedExpression(part, context);
  switch (expression.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "bytes":
    case "temporal":
    case "interval":
      return typedLiteral(expression);
    case "column":
      return context.scope.resolve(expression.path, context.hint);
    case "unary":
      return typedUnary(expression, of(expression.operand));
    case "binary":
      return typedBinary(expression.operator, of(expression.left), of(expression.right), expression.at);
    case "is":
      return typedIs(expression, of(expression.operand));
    case "isDistinct": {
      const name = `IS ${expression.isNegated ? "NOT " : ""}DISTINCT FROM`;
      return {
        ...comparison(name, of(expression.left), of(expression.right), expression.at),
        type: booleanType(false),
      };
    }
    case "like": {
      const parts = [
        expression.operand,
        expression.pattern,
        ...(expression.escape === null ? [] : [expression.escape]),
      ];
      return typedLike(expression, parts.map(of));
    }
    case "element":
      return typedElement(of(expression.operand), of(expression.index), expression.at);
    case "field":
      return fieldOf(of(expression.operand), expression.field);
    case "cast":
      return typedCast(expression, of(expression.operand));
    case "call":
      return typedCall(expression, context, typedExpression);
    case "jsonCall":
      return typedJsonCall(expression, context, of);
    default:
      return composed(expression, context);
  }
}

type Simple =
  | "null"
  | "boolean"
  | "number"
  | "string"
  | "bytes"
  | "temporal"
  | "interval"
  | "column"
  | "unary"
  | "binary"
  | "is"
  | "isDistinct"
  | "like"
  | "element"
  | "field"
  | "cast"
  | "call"
  | "jsonCall";

/** What is made of several values, or of a query. */
function composed(expression: Exclude<Expression, { kind: Simple }>, context: ExpressionContext): TypedExpression {
  const of = (part: Expression): TypedExpression => typedExpression(part, context);
  const { at } = expression;
  switch (expression.kind) {
    case "between":
      return typedBetween(expression, [expression.operand, expression.low, expression.high].map(of));
    case "inList": {
      const [operand, items] = [of(expression.operand), expression.items.map(of)];
      const tests = items.map((item) => comparison("=", operand, item, item.at));
      const type = booleanType(tests.some((test) => test.type.isNullable));
      const typed = items.map((item) => withType(item, commonTypeOf([operand, item])));
      return callOf(expression.isNegated ? "NOT IN" : "IN", [operand, ...typed], { at, type });
    }
    case "inQuery": {
      const { operand, query, isNegated } = expression;
      const test = quantified({ operand: of(operand), operator: "=", quantifier: "ANY", query }, expression, context);
      return isNegated ? callOf("NOT", [test], test) : test;
    }
    case "quantified":
      return quantified({ ...expression, operand: of(expression.operand) }, expression, context);
    case "exists":
      return {
        kind: "subquery",
        at,
        type: booleanType(false),
        time: null,
        form: "exists",
        query: inner(expression.query, context),
      };
    case "subquery":
      return scalarQuery(expression, inner(expression.query, context));
    case "case":
      return typedCase(expression, context);
    case "row": {
      const items = expression.items.map(of);
      const fields = items.map((item, index) => ({ name: `EXPR$${index}`, type: sqlTypeOf(item) }));
      return { kind: "row", at, items, time: null, type: { kind: "row", isNullable: false, fields } };
    }
    case "array": {
      const element = commonElement(expression.items.map(of), expression, "array");
      return {
        kind: "array",
        at,
        items: element.items,
        time: null,
        type: { kind: "array", isNullable: false, element: element.type },
      };
    }
    case "map":
      return typedMap(expression, expression.items.map(of));
    case "star":
    case "keyword":
    case "descriptor":
    case "namedArgument":
    case "tableArgument":
      return fail(at, "this is no value", "It stands in calls only: COUNT(*), TUMBLE(TABLE t, DESCRIPTOR(ts), …).");
    default:
      return unreachable(expression);
  }
}

const inner = (query: Query, { query: around, scope }: ExpressionContext): TypedQuery =>
  around.queryOf(query, { ...around, outer: scope, expected: [] });

function typedBetween(
  { isNegated, isSymmetric, at }: ExpressionOf<"between">,
  [operand, low, high]: readonly TypedExpression[],
): TypedExpression {
  if (operand === undefined || low === undefined || high === undefined) throw new RangeError("BETWEEN has three parts");
  const tests = [comparison(">=", operand, low, low.at), comparison("<=", operand, high, high.at)];
  const name = `${isNegated ? "NOT " : ""}BETWEEN${isSymmetric ? " SYMMETRIC" : ""}`;
  return callOf(name, [operand, low, high], { at, type: booleanType(tests.some(({ type }) => type.isNullable)) });
}

/** The query's row is compared with the operand. */
function quantified(
  test: { operand: TypedExpression; operator: string; quantifier: "ALL" | "ANY"; query: Query },
  { at }: Expression,
  context: ExpressionContext,
): TypedExpression {
  const query = inner(test.query, context);
  const { columns } = query.schema;
  const { operand } = test;
  const width = operand.type.kind === "row" ? operand.type.fields.length : 1;
  if (columns.length !== width)
    fail(
      test.query.at,
      `the query has ${count(columns.length, "column")}, and ${count(width, "value")} is compared`,
      "Select as many columns as there are values on the left.",
    );
  const [only] = columns;
  const type: SqlType =
    operand.type.kind === "row" || only === undefined
      ? { kind: "row", isNullable: false, fields: columns.map(({ name, type: field }) => ({ name, type: field })) }
      : only.type;
  const compared = comparison(test.operator, operand, { ...operand, type, at: test.query.at }, at);
  return { ...test, kind: "quantified", at, type: compared.type, time: null, query };
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;

function scalarQuery({ at }: Expression, query: TypedQuery): TypedExpression {
  const [only, second] = query.schema.columns;
  if (only === undefined || second !== undefined)
    return fail(at, `a query with ${query.schema.columns.length} columns as a value`, "Select exactly one column.");
  return { kind: "subquery", at, type: { ...only.type, isNullable: true }, time: null, form: "scalar", query };
}

function typedCase(expression: ExpressionOf<"case">, context: ExpressionContext): TypedExpression {
  const of = (part: Expression): TypedExpression => typedExpression(part, context);
  const operand = expression.operand === null ? null : of(expression.operand);
  const branches = expression.branches.map(({ when, result }) => {
    const test = of(when);
    const condition = operand === null ? requireCondition(test, "WHEN") : comparison("=", operand, test, test.at);
    return { when: condition, result: of(result) };
  });
  const otherwise = expression.otherwise === null ? null : of(expression.otherwise);
  const results = [...branches.map(({ result }) => result), ...(otherwise === null ? [] : [otherwise])];
  const common = commonElement(results, expression, "CASE").type;
  const type = otherwise === null ? { ...common, isNullable: true } : common;
  return {
    kind: "case",
    at: expression.at,
    type,
    time: null,
    branches: branches.map(({ when, result }) => ({ when, result: withType(result, common) })),
    otherwise: otherwise === null ? null : withType(otherwise, common),
  };
}

/** The type that all have in common. Errors: SqlFailure, on the first that differs. */
function commonElement(
  values: readonly TypedExpression[],
  { at }: Expression,
  what: string,
): { readonly items: readonly TypedExpression[]; readonly type: SqlType } {
  const type = commonTypeOf(values);
  if (type !== null) return { items: values.map((value) => withType(value, type)), type };
  const typed = values.filter((value) => value.type.kind !== "null");
  const [first] = typed;
  const differing = typed.find((_, index) => commonTypeOf(typed.slice(0, index + 1)) === null);
  if (first === undefined || differing === undefined)
    return fail(at, `the type of this ${what} is not known`, "Give it one: CAST(… AS …).");
  return fail(
    differing.at,
    `the values of this ${what} have no common type: ${shownType(first.type)} and ${shownType(differing.type)}`,
    "Convert one of them with CAST.",
  );
}

function typedMap(expression: ExpressionOf<"map">, items: readonly TypedExpression[]): TypedExpression {
  const { at } = expression;
  if (items.length % 2 === 1) fail(at, "a key without a value", "Write MAP[key, value, key, value].");
  const keys = commonElement(
    items.filter((_, index) => index % 2 === 0),
    expression,
    "map",
  );
  const values = commonElement(
    items.filter((_, index) => index % 2 === 1),
    expression,
    "map",
  );
  const typed = items.map((item, index) => withType(item, index % 2 === 0 ? keys.type : values.type));
  return {
    kind: "map",
    at,
    items: typed,
    time: null,
    type: { kind: "map", isNullable: false, key: keys.type, value: values.type },
  };
}

function typedCast({ type: written, isTry, at }: ExpressionOf<"cast">, operand: TypedExpression): TypedExpression {
  const to = typeOf(written);
  const cast = castOf(operand.type, to);
  if (cast.kind === "refused") fail(at, cast.reason, cast.remedy);
  const type = castType(operand.type, to, isTry);
  return { kind: "cast", at, operand: withType(operand, to), isTry, type, time: null };
}
