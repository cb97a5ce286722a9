/**
 * Owns: whether two values of a type are equal, and the order of values that functions are given.
 *
 * SQUY1 What is made of parts is equal when its parts are, and NULLs in it are equal to each other. A DATE may be a Date, as in rows, or a number.
 */
import type { SqlType } from "../types/sql-type.ts";
import { type Compare, valueOrder } from "../rows/value-order.ts";
import { millisecondsOf, type MomentValue } from "./time/moments.ts";

/** Of values that are not NULL. Errors: JOB_GRAPH_INVALID: values of the type have no order. */
export function orderOf(type: SqlType): Compare {
  if (type.kind !== "date") return valueOrder(type);
  return (left, right) => millisecondsOf(left as MomentValue) - millisecondsOf(right as MomentValue);
}

type Equality = (left: unknown, right: unknown) => boolean;

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
    case "map":
      return equalityOfEntries(equalityOf(type.value));
    case "multiset":
      return equalityOfEntries((left, right) => left === right);
    default: {
      const order = orderOf(type);
      return (left, right) => order(left, right) === 0;
    }
  }
}

const equalityOfEntries =
  (same: Equality) =>
  (left: ReadonlyMap<unknown, unknown>, right: ReadonlyMap<unknown, unknown>): boolean =>
    left.size === right.size && Array.from(left).every(([key, value]) => right.has(key) && same(value, right.get(key)));
