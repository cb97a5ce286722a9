/**
 * Owns: which of two values of a type is the greater one, and whether they are equal.
 *
 * SQUY1 Texts go by their code points, FALSE comes before TRUE, bytes go one by one, NaN is the greatest number; what is made of parts has no order, and is equal when its parts are. NULLs in
 *     it are equal to each other.
 */
import type { SqlType } from "../types/sql-type.ts";
import { shownType } from "../types/type-families.ts";
import { failExpression } from "./implementations.ts";
import { millisecondsOf, type MomentValue } from "./time/moments.ts";

type Order = (left: never, right: never) => number;
type Equality = (left: unknown, right: unknown) => boolean;

/** Of values that are not NULL. Errors: SQL_EXPRESSION_FAILED, of a type without an order. */
export function orderOf(type: SqlType): (left: unknown, right: unknown) => number {
  return bareOrder(type) as (left: unknown, right: unknown) => number;
}

const natural: Order = (left: number | bigint | boolean, right: number | bigint | boolean) =>
  left < right ? -1 : left > right ? 1 : 0;

function bareOrder(type: SqlType): Order {
  switch (type.kind) {
    case "char":
    case "varchar":
      return textOrder;
    case "binary":
    case "varbinary":
      return (left: Uint8Array, right: Uint8Array) => Buffer.compare(left, right);
    case "float":
    case "double":
      return (left: number, right: number) =>
        Number.isNaN(left) || Number.isNaN(right) ? nanOrder(left, right) : left - right;
    case "date":
      return (left: MomentValue, right: MomentValue) => millisecondsOf(left) - millisecondsOf(right);
    case "array":
    case "map":
    case "multiset":
    case "row":
      return failExpression(`Values of ${shownType(type)} have no order`, "Compare a part of them, or sort by a text.");
    default:
      return natural;
  }
}

const nanOrder = (left: number, right: number): number => Number(Number.isNaN(left)) - Number(Number.isNaN(right));

/** UTF-16 units are in another order than code points where surrogates are. */
function textOrder(left: string, right: string): number {
  if (left === right) return 0;
  if (!/[\uD800-\uDFFF]/.test(left) && !/[\uD800-\uDFFF]/.test(right)) return left < right ? -1 : 1;
  const [a, b] = [Array.from(left), Array.from(right)];
  for (let index = 0; index < a.length && index < b.length; index++) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equalityOf(type: SqlType): Equality {
  const same = bareEquality(type);
  return (left, right) => (left === null || right === null ? left === right : same(left as never, right as never));
}

function bareEquality(type: SqlType): (left: never, right: never) => boolean {
  switch (type.kind) {
    case "array": {
      const same = equalityOf(type.element);
      return (left: readonly unknown[], right: readonly unknown[]) =>
        left.length === right.length && left.every((item, index) => same(item, right[index]));
    }
    case "row": {
      const fields = type.fields.map((field) => ({ name: field.name, same: equalityOf(field.type) }));
      return (left: Readonly<Record<string, unknown>>, right: Readonly<Record<string, unknown>>) =>
        fields.every(({ name, same }) => same(left[name], right[name]));
    }
    case "map": {
      const same = equalityOf(type.value);
      return (left: ReadonlyMap<unknown, unknown>, right: ReadonlyMap<unknown, unknown>) =>
        left.size === right.size && [...left].every(([key, value]) => right.has(key) && same(value, right.get(key)));
    }
    case "multiset":
      return (left: ReadonlyMap<unknown, unknown>, right: ReadonlyMap<unknown, unknown>) =>
        left.size === right.size && [...left].every(([key, count]) => right.get(key) === count);
    default: {
      const order = bareOrder(type);
      return (left, right) => order(left, right) === 0;
    }
  }
}
