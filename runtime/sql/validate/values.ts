/**
 * Owns: small questions about typed expressions: has it a type, is it a condition, are two the same.
 */
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { SqlType } from "../types/sql-type.ts";
import { commonType } from "../types/common-type.ts";
import { shownType, type TypeRefusal, withNullability } from "../types/type-families.ts";
import type { TypedExpression, TypedOrder, ValueType } from "./typed-tree.ts";

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

/** Errors: SqlFailure, on the first value that has no common type with those before it. `message`: of the two types. */
export function failDiffering(
  values: readonly TypedExpression[],
  message: (left: string, right: string) => string,
): never {
  let before: ValueType = { kind: "null", isNullable: true };
  for (const { type, at } of values) {
    const common: ValueType | TypeRefusal = before.kind === "null" ? type : commonType([before, type]);
    if (common.kind === "refused") return fail(at, message(shownType(before), shownType(type)), common.remedy);
    before = common;
  }
  throw new RangeError("the values have a common type");
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
  if (left === right) return true;
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return false;
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
    case "userCall":
    case "json":
      return value.arguments;
    case "case": {
      const branches = value.branches.flatMap(({ when, result }) => [when, result]);
      return [value.operand, ...branches, value.otherwise].filter((part) => part !== null);
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

/** The same of other parts, which are as many as those of partsOf, and in its order. */
export function withParts(value: TypedExpression, parts: readonly TypedExpression[]): TypedExpression {
  const rest = [...parts];
  const next = (): TypedExpression => {
    const part = rest.shift();
    if (part === undefined) throw new RangeError("an expression has more parts than were given");
    return part;
  };
  const orders = (items: readonly TypedOrder[]): readonly TypedOrder[] =>
    items.map((item) => ({ ...item, value: next() }));
  switch (value.kind) {
    case "literal":
    case "column":
    case "subquery":
      return value;
    case "field":
    case "cast":
    case "quantified":
      return { ...value, operand: next() };
    case "call":
    case "userCall":
    case "json":
      return { ...value, arguments: value.arguments.map(next) };
    case "case":
      return {
        ...value,
        operand: value.operand === null ? null : next(),
        branches: value.branches.map(() => ({ when: next(), result: next() })),
        otherwise: value.otherwise === null ? null : next(),
      };
    case "row":
    case "array":
    case "map":
      return { ...value, items: value.items.map(next) };
    case "aggregate":
      return {
        ...value,
        arguments: value.arguments.map(next),
        filter: value.filter === null ? null : next(),
        withinGroup: orders(value.withinGroup),
      };
    default: {
      const { call, window } = value;
      return {
        ...value,
        call: { ...call, arguments: call.arguments.map(next) },
        window: { ...window, partitionBy: window.partitionBy.map(next), orderBy: orders(window.orderBy) },
      };
    }
  }
}

/** The same with other columns; queries inside it stay as they are. */
export function withColumns(
  value: TypedExpression,
  of: (column: TypedExpression & { readonly kind: "column" }) => TypedExpression,
): TypedExpression {
  if (value.kind === "column") return of(value);
  const parts = partsOf(value);
  if (parts.length === 0) return value;
  return withParts(
    value,
    parts.map((part) => withColumns(part, of)),
  );
}

/** Whether one of it, or of its parts, is such. */
export const hasPart = (value: TypedExpression, isSuch: (part: TypedExpression) => boolean): boolean =>
  isSuch(value) || partsOf(value).some((part) => hasPart(part, isSuch));
