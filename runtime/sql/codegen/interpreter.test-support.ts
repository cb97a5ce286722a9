/**
 * Owns: expressions worked out the plain way, node by node: what generated code is compared with. Whole numbers, DOUBLE, BOOLEAN and STRING; no lengths of texts.
 */
import assert from "node:assert/strict";
import type { SqlType } from "../types/sql-type.ts";
import type { TypedExpression, ValueType } from "../validate/typed-tree.ts";
import type { Row } from "./evaluation.test-support.ts";

type Value = number | bigint | boolean | string | null;

const bits: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, int: 32, bigint: 64 };

/** A value as one of a type. */
function as(value: Value, type: ValueType): Value {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (type.kind === "double") return Number(value);
  const width = bits[type.kind];
  assert(width !== undefined, type.kind);
  const kept = BigInt.asIntN(width, BigInt(value));
  return type.kind === "bigint" ? kept : Number(kept);
}

export function interpret(expression: TypedExpression, row: Row): Value {
  const of = (part: TypedExpression | undefined): Value => {
    assert(part !== undefined, "a part");
    return interpret(part, row);
  };
  const { type } = expression;
  switch (expression.kind) {
    case "literal": {
      const { literal } = expression;
      if (literal.kind === "null") return null;
      if (literal.kind === "number")
        return type.kind === "double" ? Number(literal.text) : as(BigInt(literal.text), type);
      assert(literal.kind === "string" || literal.kind === "boolean", literal.kind);
      return literal.value;
    }
    case "column":
      return row[expression.name] as Value;
    case "case": {
      const found = expression.branches.find(({ when }) =>
        expression.operand === null ? of(when) === true : equal(of(expression.operand), of(when)) === true,
      );
      const result = found?.result ?? expression.otherwise;
      return result === null ? null : as(of(result), type);
    }
    case "cast":
      return as(of(expression.operand), type);
    case "call":
      return call(
        expression.name,
        expression.arguments.map((part) => () => of(part)),
        type,
      );
    default:
      return assert.fail(`no ${expression.kind} here`);
  }
}

const equal = (left: Value, right: Value): boolean | null => {
  if (left === null || right === null) return null;
  // A BIGINT beside another number.
  return typeof left === typeof right ? left === right : Number(left) === Number(right);
};

const not = (value: Value): boolean | null => (value === null ? null : value !== true);

function and(left: Value, right: Value): boolean | null {
  if (left === false || right === false) return false;
  return left === null || right === null ? null : true;
}

const or = (left: Value, right: Value): boolean | null => not(and(not(left), not(right)));

function order(left: Value, right: Value, holds: (difference: number) => boolean): boolean | null {
  if (left === null || right === null) return null;
  return holds(left < right ? -1 : left > right ? 1 : 0);
}

function call(name: string, parts: readonly (() => Value)[], type: ValueType): Value {
  const at = (index: number): Value => parts[index]?.() ?? null;
  if (name.startsWith("NOT ")) return not(call(name.slice(4), parts, type));
  switch (name) {
    case "AND":
      return and(at(0), at(1));
    case "OR":
      return or(at(0), at(1));
    case "NOT":
      return not(at(0));
    case "=":
      return equal(at(0), at(1));
    case "<>":
      return not(equal(at(0), at(1)));
    case "<":
      return order(at(0), at(1), (difference) => difference < 0);
    case "<=":
      return order(at(0), at(1), (difference) => difference <= 0);
    case ">":
      return order(at(0), at(1), (difference) => difference > 0);
    case ">=":
      return order(at(0), at(1), (difference) => difference >= 0);
    case "BETWEEN":
      return and(
        order(at(0), at(1), (d) => d >= 0),
        order(at(0), at(2), (d) => d <= 0),
      );
    case "IN":
      return parts
        .slice(1)
        .map((part) => equal(at(0), part()))
        .reduce<boolean | null>(or, false);
    case "LIKE": {
      const [value, pattern] = [at(0), at(1)];
      if (value === null || pattern === null) return null;
      return new RegExp(`^${String(pattern).replaceAll("%", ".*").replaceAll("_", ".")}$`, "su").test(String(value));
    }
    case "IS NULL":
      return at(0) === null;
    case "IS NOT NULL":
      return at(0) !== null;
    case "IS TRUE":
      return at(0) === true;
    case "IS NOT FALSE":
      return at(0) !== false;
    case "IS DISTINCT FROM":
      return at(0) === null || at(1) === null ? at(0) !== at(1) : equal(at(0), at(1)) !== true;
    case "COALESCE": {
      const found = parts.find((part) => part() !== null);
      return found === undefined ? null : as(found(), type);
    }
    case "NULLIF":
      return equal(at(0), at(1)) === true ? null : at(0);
    case "IF":
      return as(at(0) === true ? at(1) : at(2), type);
    case "||":
      return at(0) === null || at(1) === null ? null : `${at(0)}${at(1)}`;
    default:
      return arithmetic(
        name,
        parts.map((part) => part()),
        type as SqlType,
      );
  }
}

function arithmetic(name: string, [left, right]: readonly Value[], type: SqlType): Value {
  if (left === null || right === null) return null;
  if (right === undefined)
    return name === "-"
      ? as(type.kind === "double" ? -(left as number) : -BigInt(left as number), type)
      : (left as Value);
  if (type.kind === "double") return floating(name, Number(left), Number(right));
  const [a, b] = [BigInt(left as number), BigInt(right as number)];
  return as(name === "+" ? a + b : name === "-" ? a - b : name === "*" ? a * b : name === "/" ? a / b : a % b, type);
}

const floating = (name: string, a: number, b: number): number =>
  name === "+" ? a + b : name === "-" ? a - b : name === "*" ? a * b : a / b;
