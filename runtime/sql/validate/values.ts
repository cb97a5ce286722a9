/**
 * Owns: small questions about typed expressions: has it a type, is it a condition, are two the same.
 */
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { SqlType } from "../types/sql-type.ts";
import { commonType } from "../types/common-type.ts";
import { shownType, withNullability } from "../types/type-families.ts";
import type { TypedExpression, ValueType } from "./typed-tree.ts";

export const booleanType = (isNullable: boolean): SqlType => ({ kind: "boolean", isNullable });

export const argumentsText = (count: number): string =>
  count === 0 ? "no arguments" : count === 1 ? "1 argument" : `${count} arguments`;

/** Columns of a table or a query. A star over joins of joins doubles them each time. */
const COLUMNS_MAX = 10_000;

/** Errors: SqlFailure. */
export function requireColumnCount(count: number, at: Span): void {
  if (count > COLUMNS_MAX)
    fail(
      at,
      `a table of ${count} columns, more than ${COLUMNS_MAX}`,
      "Name the columns that are wanted instead of a star.",
    );
}

/** Errors: SqlFailure, for NULL alone. */
export function sqlTypeOf({ type, at }: TypedExpression): SqlType {
  if (type.kind !== "null") return type;
  return fail(at, "NULL has no type here", "Give it one: CAST(NULL AS STRING).");
}

/** The same value, with a type where it is NULL. */
export const withType = (value: TypedExpression, type: SqlType | null): TypedExpression =>
  value.type.kind === "null" && type !== null ? { ...value, type: withNullability(type, true) } : value;

/** The common type of all that have one, nullable when NULL is among them; null: there is none. */
export function commonTypeOf(values: readonly TypedExpression[]): SqlType | null {
  if (values.length === 0) return null;
  const common = commonType(values.map(({ type }) => type));
  return common.kind === "refused" ? null : common;
}

/** Errors: SqlFailure. `what`: what wants it, as in `WHERE`. */
export function requireCondition(value: TypedExpression, what: string): TypedExpression {
  const { type, at } = value;
  if (type.kind === "boolean" || type.kind === "null") return withType(value, booleanType(true));
  return fail(at, `${what} needs a condition, and this is ${shownType(type)}`, "Compare it with something: x > 0.");
}

export function callOf(
  name: string,
  args: readonly TypedExpression[],
  { at, type }: { readonly at: Span; readonly type: ValueType },
): TypedExpression {
  return { kind: "call", at, type, time: null, name, arguments: args, words: [] };
}

/** Whether they mean the same, wherever they stand. */
export const isSame = (left: TypedExpression, right: TypedExpression): boolean => isSameTree(left, right);

/** Ends at the first difference: most expressions differ in their kind. */
function isSameTree(left: unknown, right: unknown): boolean {
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return left === right;
  const [mine, others] = [Object.entries(left), new Map(Object.entries(right))];
  return (
    mine.length === others.size &&
    mine.every(([key, value]) => key === "at" || (others.has(key) && isSameTree(value, others.get(key))))
  );
}

/** What an expression is made of; queries inside it are not looked into. */
export function partsOf(value: TypedExpression): readonly TypedExpression[] {
  switch (value.kind) {
    case "literal":
    case "column":
    case "subquery":
      return [];
    case "field":
    case "cast":
    case "quantified":
      return [value.operand];
    case "call":
    case "json":
      return value.arguments;
    case "case": {
      const branches = value.branches.flatMap(({ when, result }) => [when, result]);
      return value.otherwise === null ? branches : [...branches, value.otherwise];
    }
    case "row":
    case "array":
    case "map":
      return value.items;
    case "aggregate": {
      const order = value.withinGroup.map((item) => item.value);
      return [...value.arguments, ...(value.filter === null ? [] : [value.filter]), ...order];
    }
    default:
      return [...value.call.arguments, ...value.window.partitionBy, ...value.window.orderBy.map((item) => item.value)];
  }
}

/** Whether one of it, or of its parts, is such. */
export const hasPart = (value: TypedExpression, isSuch: (part: TypedExpression) => boolean): boolean =>
  isSuch(value) || partsOf(value).some((part) => hasPart(part, isSuch));
