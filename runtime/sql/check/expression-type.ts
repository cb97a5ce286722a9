/**
 * Owns: the types of expressions over the columns of one table, as far as they can be told without knowing functions and other tables.
 * Called by: the check of computed columns and watermarks, and of casts wherever they stand.
 *
 * SQEX1 What cannot be told is null, and nothing is said of what it is part of: a check never refuses what may be right.
 */
import type { Expression, ExpressionOf, Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import { arithmeticType } from "../types/arithmetic-type.ts";
import { castOf, castType } from "../types/cast-rules.ts";
import { commonType } from "../types/common-type.ts";
import { comparableTypes } from "../types/comparable-types.ts";
import { type SqlType, typeOf, typeText } from "../types/sql-type.ts";
import { isNumeric, type OperandType, shownType, type TypeRefusal, withNullability } from "../types/type-families.ts";
import { literalType } from "./literal-type.ts";

/** The type of a column; null: not known. Errors: SqlFailure, when there is none of that name. */
export type Scope = (column: Identifier) => SqlType | null;

const comparisons: ReadonlySet<string> = new Set(["=", "<>", "<", "<=", ">", ">="]);

/** Errors: SqlFailure, at the innermost expression that is wrong. */
export function typeOfExpression(expression: Expression, scope: Scope): OperandType | null {
  switch (expression.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "bytes":
    case "temporal":
    case "interval":
      return literalType(expression);
    case "column":
      return columnType(expression, scope);
    case "cast":
      return typeOfCast(expression, scope);
    case "unary":
      return unaryType(expression, scope);
    case "binary":
      return binaryType(expression, scope);
    case "is":
      typeOfExpression(expression.operand, scope);
      return { kind: "boolean", isNullable: false };
    case "exists":
      return { kind: "boolean", isNullable: false };
    case "isDistinct":
      compared(expression.at, [expression.left, expression.right], scope);
      return { kind: "boolean", isNullable: false };
    case "between":
      return compared(expression.at, [expression.operand, expression.low, expression.high], scope);
    case "inList":
      return compared(expression.at, [expression.operand, ...expression.items], scope);
    case "case":
      return caseType(expression, scope);
    case "call":
      return callType(expression, scope);
    default:
      return null;
  }
}

function columnType({ path }: ExpressionOf<"column">, scope: Scope): SqlType | null {
  const [column, ...fields] = path;
  let type = column === undefined ? null : scope(column);
  for (const name of fields) type = type === null ? null : fieldType(type, name);
  return type;
}

/** Of a row that may be NULL every field may be. Errors: SqlFailure. */
export function fieldType(type: SqlType, name: Identifier): SqlType {
  const field = type.kind === "row" ? type.fields.find((each) => each.name === name.name) : undefined;
  if (field === undefined)
    return fail(name.at, `${typeText(type)} has no field ${nameText(name)}`, "Name a field of the row, or a column.");
  return withNullability(field.type, type.isNullable || field.type.isNullable);
}

function typeOfCast({ operand, type, isTry, at }: ExpressionOf<"cast">, scope: Scope): SqlType {
  const [from, to] = [typeOfExpression(operand, scope), typeOf(type)];
  if (from === null) return withNullability(to, true);
  accepted(castOf(from, to), at);
  return castType(from, to, isTry);
}

function unaryType({ operator, operand, at }: ExpressionOf<"unary">, scope: Scope): OperandType | null {
  if (operator === "NOT") return truth([operand], scope);
  const type = typeOfExpression(operand, scope);
  if (type === null || type.kind === "null" || type.kind === "interval" || isNumeric(type)) return type;
  return fail(
    at,
    `there is no ${operator === "-" ? "negative" : "sign"} of ${shownType(type)}`,
    "A sign stands before numbers and intervals.",
  );
}

function binaryType({ operator, left, right, at }: ExpressionOf<"binary">, scope: Scope): OperandType | null {
  if (operator === "AND" || operator === "OR") return truth([left, right], scope);
  if (comparisons.has(operator)) return compared(at, [left, right], scope);
  const [leftType, rightType] = [typeOfExpression(left, scope), typeOfExpression(right, scope)];
  if (leftType === null || rightType === null) return null;
  switch (operator) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return accepted(arithmeticType(operator, leftType, rightType), at);
    default:
      return null;
  }
}

/** Of AND, OR and NOT. */
function truth(operands: readonly Expression[], scope: Scope): SqlType {
  for (const operand of operands) condition(operand, scope);
  return { kind: "boolean", isNullable: true };
}

function condition(expression: Expression, scope: Scope): void {
  const type = typeOfExpression(expression, scope);
  if (type === null || type.kind === "boolean" || type.kind === "null") return;
  fail(expression.at, `a condition is BOOLEAN, and this is ${shownType(type)}`, "Compare it with something.");
}

/** The first with each of the others. */
function compared(at: Span, [first, ...others]: readonly Expression[], scope: Scope): SqlType {
  const left = first === undefined ? null : typeOfExpression(first, scope);
  const types = others.map((other) => typeOfExpression(other, scope));
  for (const right of types) checkComparison(left, right, at);
  const isNullable = [left, ...types].some((type) => type === null || type.isNullable);
  return { kind: "boolean", isNullable };
}

function checkComparison(left: OperandType | null, right: OperandType | null, at: Span): void {
  if (left !== null && right !== null) accepted(comparableTypes(left, right), at);
}

function caseType({ operand, branches, otherwise, at }: ExpressionOf<"case">, scope: Scope): OperandType | null {
  // Once, and not once a branch: a CASE in a CASE in a CASE would take forever.
  const compares = operand === null ? null : typeOfExpression(operand, scope);
  for (const { when } of branches) {
    if (operand === null) condition(when, scope);
    else checkComparison(compares, typeOfExpression(when, scope), when.at);
  }
  const results = branches.map(({ result }) => typeOfExpression(result, scope));
  results.push(otherwise === null ? { kind: "null", isNullable: true } : typeOfExpression(otherwise, scope));
  return together(results, at);
}

function callType({ name, arguments: values, at }: ExpressionOf<"call">, scope: Scope): OperandType | null {
  const types = values.map((value) => typeOfExpression(value, scope));
  if (name.parts.length !== 1 || name.parts[0]?.name.toUpperCase() !== "COALESCE" || types.length === 0) return null;
  const common = together(types, at);
  const isNullable = types.every((type) => type === null || type.isNullable);
  return common === null || common.kind === "null" ? common : withNullability(common, isNullable);
}

function together(types: readonly (OperandType | null)[], at: Span): OperandType | null {
  const known = types.filter((type) => type !== null);
  // NULLs alone are no mistake here: what is around them may give the type.
  if (known.every(({ kind }) => kind === "null")) return null;
  const common = accepted(commonType(known), at);
  return known.length === types.length ? common : null;
}

function accepted<T extends { readonly kind: string }>(result: T | TypeRefusal, at: Span): T {
  if (isRefusal(result)) return fail(at, result.reason, result.remedy);
  return result;
}

const isRefusal = (result: { readonly kind: string }): result is TypeRefusal => result.kind === "refused";
