/**
 * Owns: the types of operators, from their typed operands.
 *
 * SQVO1 Nothing is compared, joined or added that has no common meaning: what does not fit is refused with both types, and with the CAST that helps.
 * SQVO2 An operator gives NULL when an operand is NULL, but for IS, AND, OR and what is written otherwise here.
 */
import { isBytes, isInteger, isNumeric, isText, shownType } from "../types/type-families.ts";
import type { ExpressionOf } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { SqlType } from "../types/sql-type.ts";
import { type ArithmeticOperator, arithmeticType } from "../types/arithmetic-type.ts";
import { comparableTypes } from "../types/comparable-types.ts";
import type { TypedExpression } from "./typed-tree.ts";
import { booleanType, callOf, commonTypeOf, requireCondition, sqlTypeOf, withType } from "./values.ts";

type BinaryOperator = ExpressionOf<"binary">["operator"];

const LENGTH_MAX = 2_147_483_647;

/** Errors: SqlFailure. */
export function typedBinary(
  operator: BinaryOperator,
  left: TypedExpression,
  right: TypedExpression,
  at: Span,
): TypedExpression {
  switch (operator) {
    case "AND":
    case "OR": {
      const operands = [requireCondition(left, operator), requireCondition(right, operator)];
      return callOf(operator, operands, { at, type: booleanType(operands.some(({ type }) => type.isNullable)) });
    }
    case "||":
      return concatenation(left, right, at);
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return arithmetic(operator, left, right, at);
    default:
      return comparison(operator, left, right, at);
  }
}

function concatenation(left: TypedExpression, right: TypedExpression, at: Span): TypedExpression {
  for (const operand of [left, right])
    if (operand.type.kind !== "null" && !isText(operand.type) && !isBytes(operand.type))
      fail(
        operand.at,
        `|| joins texts, and this is ${shownType(operand.type)}`,
        "Make a text of it: CAST(… AS STRING).",
      );
  const [first, second] = typedPair(left, right);
  const [a, b] = [sqlTypeOf(first), sqlTypeOf(second)];
  if (isText(a) !== isText(b))
    fail(at, `|| cannot join ${shownType(a)} and ${shownType(b)}`, "Make a text of the bytes: DECODE(…, 'UTF-8').");
  const length = Math.min(LENGTH_MAX, lengthOf(a) + lengthOf(b));
  const isNullable = a.isNullable || b.isNullable;
  return callOf("||", [first, second], { at, type: { kind: isText(a) ? "varchar" : "varbinary", isNullable, length } });
}

const lengthOf = (type: SqlType): number => ("length" in type ? type.length : LENGTH_MAX);

function arithmetic(
  operator: ArithmeticOperator,
  left: TypedExpression,
  right: TypedExpression,
  at: Span,
): TypedExpression {
  const type = arithmeticType(operator, left.type, right.type);
  if (type.kind === "refused") return fail(at, type.reason, type.remedy);
  return callOf(operator, typedPair(left, right), { at, type });
}

const orders: ReadonlySet<string> = new Set(["<", "<=", ">", ">="]);

export function comparison(operator: string, left: TypedExpression, right: TypedExpression, at: Span): TypedExpression {
  const compared = comparableTypes(left.type, right.type);
  if (compared.kind === "refused") return fail(at, compared.reason, compared.remedy);
  if (orders.has(operator) && !compared.isOrdered)
    fail(at, `values of ${shownType(left.type)} have no order`, "They are equal or not: compare with = or <>.");
  const type = booleanType(left.type.isNullable || right.type.isNullable);
  return callOf(operator, typedPair(left, right), { at, type });
}

/** NULL takes the type of what is beside it. */
function typedPair(left: TypedExpression, right: TypedExpression): readonly [TypedExpression, TypedExpression] {
  const type = commonTypeOf([left, right]);
  return [withType(left, type), withType(right, type)];
}

export function typedUnary({ operator, at }: ExpressionOf<"unary">, operand: TypedExpression): TypedExpression {
  if (operator === "NOT") {
    const condition = requireCondition(operand, "NOT");
    return callOf("NOT", [condition], { at, type: booleanType(condition.type.isNullable) });
  }
  const type = sqlTypeOf(operand);
  if (!isNumeric(type) && type.kind !== "interval")
    fail(operand.at, `${operator} needs a number, and this is ${shownType(type)}`, "Convert it with CAST.");
  return callOf(operator, [operand], { at, type });
}

export function typedIs({ test, isNegated, at }: ExpressionOf<"is">, operand: TypedExpression): TypedExpression {
  const name = `IS ${isNegated ? "NOT " : ""}${test === "NULL" ? "NULL" : test.replace("JSON VALUE", "JSON")}`;
  if (test.startsWith("JSON")) requireText(operand, name);
  const value = test === "NULL" || test.startsWith("JSON") ? operand : requireCondition(operand, name);
  return callOf(name, [value], { at, type: booleanType(false) });
}

export function typedLike(
  { operator, isNegated, at }: ExpressionOf<"like">,
  operands: readonly TypedExpression[],
): TypedExpression {
  for (const operand of operands) requireText(operand, operator);
  const type = booleanType(operands.some((operand) => operand.type.isNullable));
  return callOf(`${isNegated ? "NOT " : ""}${operator}`, operands, { at, type });
}

function requireText({ type, at }: TypedExpression, what: string): void {
  if (type.kind !== "null" && !isText(type))
    fail(at, `${what} needs a text, and this is ${shownType(type)}`, "Make a text of it: CAST(… AS STRING).");
}

/** `list[1]`, `map['key']`. */
export function typedElement(operand: TypedExpression, index: TypedExpression, at: Span): TypedExpression {
  const type = sqlTypeOf(operand);
  if (type.kind === "array") {
    const place = sqlTypeOf(index);
    if (!isInteger(place))
      fail(index.at, `an array is read by a whole number, and this is ${shownType(place)}`, "The first place is 1.");
    return callOf("[]", [operand, index], { at, type: { ...type.element, isNullable: true } });
  }
  if (type.kind === "map") {
    if (comparableTypes(type.key, index.type).kind === "refused")
      fail(
        index.at,
        `the keys of the map are ${shownType(type.key)}, and this is ${shownType(index.type)}`,
        `Write CAST(… AS ${shownType(type.key)}).`,
      );
    return callOf("[]", [operand, index], { at, type: { ...type.value, isNullable: true } });
  }
  return fail(at, `${shownType(type)} has no elements`, "Only arrays and maps do; of a ROW write row.field.");
}
