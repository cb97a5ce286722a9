/**
 * Owns: functions of ARRAY, MAP and MULTISET.
 *
 * SQUL1 An array that is given is never changed; a function that changes nothing may give it back.
 */
import { assert } from "../../../base/index.ts";
import { DateValue } from "../../record/index.ts";
import { commonType } from "../types/common-type.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { OperandType } from "../types/type-families.ts";
import { failExpression, type Integer, numberOf, plain, typed } from "./implementations.ts";
import type { CallSite, ScalarFactory } from "./scalar-implementation.ts";
import { toCommonType } from "./common-value.ts";
import { equalityOf, orderOf } from "./value-equality.ts";

type Items = readonly unknown[];

function elementOf({ arguments: [type] }: CallSite): SqlType {
  assert(type?.kind === "array", "the first argument is an array");
  return type.element;
}

/** Of an element that may have another type: where it is; -1: nowhere. */
function finder(site: CallSite): (items: Items, value: unknown) => number {
  const isThat = matcher(site);
  return (items, value) => items.findIndex(isThat(value));
}

/** Whether elements of the first argument are equal to a value of the second. */
function matcher(site: CallSite): (value: unknown) => (item: unknown) => boolean {
  const element = elementOf(site);
  const value: OperandType = site.arguments[1] ?? { kind: "null", isNullable: true };
  const common = commonType([element, value]);
  // No value of the other type is among them.
  if (common.kind === "refused") return () => () => false;
  const { timeZone } = site.session;
  const [ofItem, ofValue] = [toCommonType(element, common, timeZone), toCommonType(value, common, timeZone)];
  const isSame = equalityOf(common);
  return (value) => {
    const wanted = ofValue(dateless(value));
    return (item) => isSame(ofItem(dateless(item)), wanted);
  };
}

/** A DATE is a Date in an array and a number alone. */
const dateless = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "getTime" in value && typeof value.getTime === "function"
    ? value.getTime()
    : value;

const contains: ScalarFactory = (site) => {
  const find = finder(site);
  return {
    takesNulls: true,
    call: (items: Items | null, value: unknown) => (items === null ? null : find(items, value) >= 0),
  };
};

function distinctBy(element: SqlType): (items: Items) => Items {
  const isSame = equalityOf(element);
  return (items) => {
    const kept: unknown[] = [];
    // What === finds is found at once; what has parts is compared part by part.
    const seen = new Set<unknown>();
    for (const item of items) {
      const value = dateless(item);
      if (seen.has(value)) continue;
      if (typeof value === "object" && value !== null && kept.some((other) => isSame(other, item))) continue;
      seen.add(value);
      kept.push(item);
    }
    return kept;
  };
}

/** A value alone as an element of an array: a DATE becomes a Date. */
const asElement = (element: SqlType, value: unknown): unknown =>
  element.kind === "date" && typeof value === "number" ? new DateValue(value) : value;

/** An array and a value, as the result has them. */
const longer =
  (work: (items: Items, value: unknown) => Items): ScalarFactory =>
  ({ arguments: [array, value], result, session: { timeZone } }) => {
    assert(result.kind === "array" && array !== undefined && value !== undefined, "an array and an element");
    const [ofItems, ofValue] = [toCommonType(array, result, timeZone), toCommonType(value, result.element, timeZone)];
    return {
      takesNulls: true,
      call: (items: Items | null, added: unknown) =>
        items === null ? null : work(ofItems(items) as Items, asElement(result.element, ofValue(added))),
    };
  };

type OfBoth = (
  left: Items,
  right: Items,
  unique: (items: Items) => Items,
  isIn: (items: Items, item: unknown) => boolean,
) => Items;

/** Two arrays, as the result has them. */
const ofBoth = (work: OfBoth): ScalarFactory =>
  typed(({ arguments: [first, second], result, session: { timeZone } }) => {
    assert(result.kind === "array" && first !== undefined && second !== undefined, "two arrays");
    const [left, right] = [toCommonType(first, result, timeZone), toCommonType(second, result, timeZone)];
    const [unique, isSame] = [distinctBy(result.element), equalityOf(result.element)];
    const isIn = (items: Items, item: unknown): boolean => items.some((other) => isSame(other, item));
    return (a: Items, b: Items) => work(left(a) as Items, right(b) as Items, unique, isIn);
  });

const removed: ScalarFactory = (site) => {
  const isThat = matcher(site);
  return {
    takesNulls: true,
    call: (items: Items | null, value: unknown) => {
      if (items === null) return null;
      const matches = isThat(value);
      return items.filter((item) => !matches(item));
    },
  };
};

/** Places from 1, both included; 0 and what is beyond an end is that end, negative ones count from the end. */
function sliceOf(items: Items, from: Integer, to?: Integer): Items {
  const place = (value: Integer): number => {
    const number = numberOf(value);
    return number < 0 ? items.length + number + 1 : number;
  };
  const start = Math.max(1, place(from));
  return items.slice(start - 1, to === undefined ? items.length : Math.max(0, place(to)));
}

/** Ascending with NULLs first, or descending with NULLs last, unless it is said otherwise. */
function sorted(site: CallSite): (items: Items, ascends?: boolean, nullsFirst?: boolean) => Items {
  const order = orderOf(elementOf(site));
  return (items, ascends = true, nullsFirst = ascends) => {
    const present = items.filter((item) => item !== null).toSorted((a, b) => (ascends ? order(a, b) : order(b, a)));
    const nulls = items.filter((item) => item === null);
    return nullsFirst ? [...nulls, ...present] : [...present, ...nulls];
  };
}

const extreme = (sign: 1 | -1): ScalarFactory =>
  typed((site) => {
    const order = orderOf(elementOf(site));
    return (items: Items) => {
      let best: unknown = null;
      for (const item of items) if (item !== null && (best === null || order(item, best) * sign > 0)) best = item;
      return dateless(best);
    };
  });

function joined(items: readonly (string | null)[], separator: string, forNull?: string): string {
  const texts = forNull === undefined ? items.filter((item) => item !== null) : items.map((item) => item ?? forNull);
  return texts.join(separator);
}

function mapFromArrays(keys: Items, values: Items): ReadonlyMap<unknown, unknown> {
  if (keys.length !== values.length)
    failExpression(
      `MAP_FROM_ARRAYS of ${keys.length} keys and ${values.length} values`,
      "Give each key a value: both arrays have the same length.",
    );
  if (keys.includes(null))
    failExpression(
      "MAP_FROM_ARRAYS with a NULL among its keys",
      "A map has no such key: remove it, or give it a value.",
    );
  return new Map(keys.map((key, index) => [key, values[index]]));
}

function cardinality({ arguments: [type] }: CallSite): (value: never) => number {
  if (type?.kind === "array") return (items: Items) => items.length;
  if (type?.kind === "map") return (map: ReadonlyMap<unknown, unknown>) => map.size;
  return (counts: ReadonlyMap<unknown, number>) => {
    let sum = 0;
    for (const count of counts.values()) sum += count;
    return sum;
  };
}

function onlyElement(items: Items): unknown {
  if (items.length > 1)
    failExpression(
      `ELEMENT of an array of ${items.length} elements`,
      "It is for arrays of one: choose one by its place, array[1].",
    );
  return dateless(items[0] ?? null);
}

export const collectionFunctions: Readonly<Record<string, ScalarFactory>> = {
  CARDINALITY: typed(cardinality),
  ELEMENT: plain(onlyElement),
  ARRAY_CONTAINS: contains,
  ARRAY_POSITION: typed((site) => {
    const find = finder(site);
    return (items: Items, value: unknown) => find(items, value) + 1;
  }),
  ARRAY_APPEND: longer((items, value) => [...items, value]),
  ARRAY_PREPEND: longer((items, value) => [value, ...items]),
  ARRAY_CONCAT: ofBoth((left, right) => [...left, ...right]),
  ARRAY_REMOVE: removed,
  ARRAY_SLICE: plain(sliceOf),
  ARRAY_UNION: ofBoth((left, right, unique) => unique([...left, ...right])),
  ARRAY_INTERSECT: ofBoth((left, right, unique, isIn) => unique(left.filter((item) => isIn(right, item)))),
  ARRAY_EXCEPT: ofBoth((left, right, unique, isIn) => unique(left.filter((item) => !isIn(right, item)))),
  ARRAY_DISTINCT: typed((site) => distinctBy(elementOf(site))),
  ARRAY_REVERSE: plain((items: Items) => items.toReversed()),
  ARRAY_SORT: typed(sorted),
  ARRAY_JOIN: plain(joined),
  ARRAY_MAX: extreme(1),
  ARRAY_MIN: extreme(-1),
  MAP_KEYS: plain((map: ReadonlyMap<unknown, unknown>) => [...map.keys()]),
  MAP_ENTRIES: plain((map: ReadonlyMap<unknown, unknown>) => Array.from(map, ([key, value]) => ({ key, value }))),
  MAP_FROM_ARRAYS: plain(mapFromArrays),
  MAP_UNION: typed(({ arguments: [first, second], result, session: { timeZone } }) => {
    assert(first !== undefined && second !== undefined, "two maps");
    const [left, right] = [toCommonType(first, result, timeZone), toCommonType(second, result, timeZone)];
    return (a: unknown, b: unknown) =>
      new Map([...(left(a) as Map<unknown, unknown>), ...(right(b) as Map<unknown, unknown>)]);
  }),
  MAP_VALUES: plain((map: ReadonlyMap<unknown, unknown>) => [...map.values()]),
};
