/**
 * Owns: what is known of an expression without a row.
 *
 * SQPH1 Only what no row, no session and no overflow can make otherwise is folded: logic, NULLs, comparisons and sums of small whole numbers, CASE by known
 *     conditions. Everything else is computed where it runs, as everything else is.
 */
import type { SqlType } from "../types/sql-type.ts";
import { isInteger } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { partsOf, withParts } from "../validate/values.ts";
import { castTo, integer, isTruth, nullOf, truth, typeOfValue } from "./plan-expressions.ts";

/** Of each type of whole numbers; results beyond are left to be computed. */
const greatest: Readonly<Partial<Record<SqlType["kind"], bigint>>> = {
  tinyint: 127n,
  smallint: 2n ** 15n - 1n,
  int: 2n ** 31n - 1n,
  bigint: 2n ** 63n - 1n,
};

export function folded(value: TypedExpression): TypedExpression {
  const parts = partsOf(value);
  if (parts.length === 0) return value;
  const inner = parts.map(folded);
  const rebuilt = inner.every((part, index) => part === parts[index]) ? value : withParts(value, inner);
  switch (rebuilt.kind) {
    case "call":
      return foldedCall(rebuilt);
    case "cast": {
      const whole = wholeOf(rebuilt.operand);
      return whole !== null && isInteger(rebuilt.type) ? (numberOf(whole, rebuilt.type) ?? rebuilt) : rebuilt;
    }
    case "case":
      return foldedCase(rebuilt);
    default:
      return rebuilt;
  }
}

type Call = TypedExpression & { readonly kind: "call" };

function foldedCall(call: Call): TypedExpression {
  const [first, second] = call.arguments;
  if (first === undefined) return call;
  switch (call.name) {
    case "AND":
      if (second === undefined) return call;
      if (isTruth(first, false) || isTruth(second, false)) return truth(false);
      return isTruth(first, true) ? second : isTruth(second, true) ? first : call;
    case "OR":
      if (second === undefined) return call;
      if (isTruth(first, true) || isTruth(second, true)) return truth(true);
      return isTruth(first, false) ? second : isTruth(second, false) ? first : call;
    case "NOT":
      return isTruth(first, true) || isTruth(first, false) ? truth(isTruth(first, false)) : call;
    case "IS NULL":
    case "IS NOT NULL": {
      const isNull = isNullLiteral(first) ? true : first.type.isNullable ? null : false;
      return isNull === null ? call : truth(isNull === (call.name === "IS NULL"));
    }
    default:
      return second === undefined || call.arguments.length > 2 ? call : foldedPair(call, first, second);
  }
}

const isNullLiteral = (value: TypedExpression): boolean => value.kind === "literal" && value.literal.kind === "null";

type Compare = (left: bigint, right: bigint) => boolean;

const comparisons: Readonly<Record<string, Compare>> = {
  "=": (left, right) => left === right,
  "<>": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};
const sums: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
};

/** Of an operator with two operands. */
function foldedPair(call: Call, first: TypedExpression, second: TypedExpression): TypedExpression {
  const [compare, sum] = [comparisons[call.name], sums[call.name]];
  if (compare === undefined && sum === undefined) return call;
  if (isNullLiteral(first) || isNullLiteral(second)) return nullOf(typeOfValue(call));
  const [left, right] = [wholeOf(first), wholeOf(second)];
  if (left === null || right === null) return call;
  if (compare !== undefined) return truth(compare(left, right));
  return isInteger(call.type) && sum !== undefined ? (numberOf(sum(left, right), call.type) ?? call) : call;
}

function wholeOf(value: TypedExpression): bigint | null {
  if (value.kind !== "literal" || value.literal.kind !== "number" || !isInteger(value.type)) return null;
  return /^\d+$/.test(value.literal.text) ? BigInt(value.literal.text) : null;
}

/** Null: the type does not hold it, or it is negative, which no literal is. */
function numberOf(value: bigint, type: SqlType): TypedExpression | null {
  const most = greatest[type.kind];
  if (most === undefined || value < 0n || value > most) return null;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? integer(Number(value), type) : null;
}

/** Branches that are never taken go, and those behind one that always is. */
function foldedCase(value: TypedExpression & { readonly kind: "case" }): TypedExpression {
  if (value.operand !== null) return value;
  const open = value.branches.filter(({ when }) => !isTruth(when, false) && !isNullLiteral(when));
  const sure = open.findIndex(({ when }) => isTruth(when, true));
  const branches = sure < 0 ? open : open.slice(0, sure);
  const otherwise = sure < 0 ? value.otherwise : (open[sure]?.result ?? null);
  if (branches.length === value.branches.length) return value;
  if (branches.length > 0) return { ...value, branches, otherwise };
  const type = typeOfValue(value);
  return otherwise === null ? nullOf(type) : castTo(otherwise, type);
}
