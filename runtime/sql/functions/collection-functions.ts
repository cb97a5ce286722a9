/**
 * Owns: functions of ARRAY, MAP and MULTISET.
 *
 * SQUL1 An array that is given is never changed; a function that changes nothing may give it back.
 */
import { assert } from "../../../base/index.ts";
import { commonType } from "../types/common-type.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { OperandType } from "../types/type-families.ts";
import { failExpression, plain, typed } from "./implementations.ts";
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
  const element = elementOf(site);
  const value: OperandType = site.arguments[1] ?? { kind: "null", isNullable: true };
  const common = commonType([element, value]);
  // No value of the other type is among them.
  if (common.kind === "refused") return () => -1;
  const { timeZone } = site.session;
  const [ofItem, ofValue] = [toCommonType(element, common, timeZone), toCommonType(value, common, timeZone)];
  const isSame = equalityOf(common);
  return (items, searched) => {
    const wanted = ofValue(dateless(searched));
    return items.findIndex((item) => isSame(ofItem(dateless(item)), wanted));
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

function distinct(site: CallSite): (items: Items) => Items {
  const isSame = equalityOf(elementOf(site));
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
  ARRAY_DISTINCT: typed(distinct),
  ARRAY_REVERSE: plain((items: Items) => items.toReversed()),
  ARRAY_SORT: typed(sorted),
  ARRAY_JOIN: plain(joined),
  ARRAY_MAX: extreme(1),
  ARRAY_MIN: extreme(-1),
  MAP_KEYS: plain((map: ReadonlyMap<unknown, unknown>) => [...map.keys()]),
  MAP_VALUES: plain((map: ReadonlyMap<unknown, unknown>) => [...map.values()]),
};
