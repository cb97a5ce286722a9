/**
 * Owns: the aggregates that keep values and not a number of them: FIRST_VALUE, LAST_VALUE, LISTAGG, ARRAY_AGG, COLLECT.
 *
 * SQOV1 As in Flink NULL counts for ARRAY_AGG alone, and not even there with IGNORE NULLS.
 * SQOV2 Where rows may be taken back, or are to be ordered, all values are kept, in the order in which they came; a value that is taken back is the first of its
 *     equals.
 */
import { t, type ValueType } from "../../../record/index.ts";
import { columnTypeOf } from "../../rows/row-type.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { Accumulator, AccumulatorSite, AggregateInput } from "./accumulator.ts";
import { type Identities, identitiesOf, type Identity } from "./identity.ts";

/** `order`: the columns that it is ordered by. */
type Item = {
  readonly value: unknown;
  readonly second: unknown;
  readonly order: Readonly<Record<string, unknown>> | null;
};

const nullable = (type: SqlType): ValueType<unknown> => columnTypeOf({ ...type, isNullable: true });
const argumentOf = ({ argument }: AccumulatorSite): SqlType => argument as SqlType;

/** Keeps all; `result`: of the items in their order, at least one. */
function keeping(
  site: AccumulatorSite,
  {
    takes,
    result,
  }: {
    readonly takes: (input: AggregateInput) => boolean;
    readonly result: (items: readonly Item[]) => unknown;
  },
): Accumulator<never> {
  const { compare } = site;
  const identities = identitiesOf(argumentOf(site));
  const seconds = site.second === null ? null : identitiesOf(site.second);
  const same = (left: unknown, right: unknown, by: Identities): boolean =>
    left === null || right === null ? left === right : by.of(left) === by.of(right);
  const accumulator: Accumulator<Item[]> = {
    type: t.list(t.record({ value: nullable(argumentOf(site)), second: t.any, order: t.any })) as ValueType<unknown>,
    create: () => [],
    add: (state, input) => {
      const { value, second, order } = input;
      if (takes(input)) state.push({ value, second, order });
      return state;
    },
    retract: (state, { value, second }) => {
      const at = state.findIndex(
        (item) => same(item.value, value, identities) && (seconds === null || same(item.second, second, seconds)),
      );
      if (at >= 0) state.splice(at, 1);
      return state;
    },
    merge: (left, right) => {
      for (const item of right) left.push(item);
      return left;
    },
    result: (state) => {
      if (state.length === 0) return null;
      if (compare === null) return result(state);
      const order = (left: Item, right: Item): number => compare(left.order ?? {}, right.order ?? {});
      return result(state.toSorted(order));
    },
  };
  return accumulator as unknown as Accumulator<never>;
}

const isThere = ({ value }: AggregateInput): boolean => value !== null;
const keepsAll = ({ retracts, compare }: AccumulatorSite): boolean => retracts || compare !== null;

/** FIRST_VALUE and LAST_VALUE; with a second argument the one where that is least or greatest. */
export function edgeValue(site: AccumulatorSite, which: "first" | "last"): Accumulator<never> {
  if (keepsAll(site)) {
    return keeping(site, {
      takes: isThere,
      result: (items) => {
        let found = items[0] as Item;
        for (const item of items) if (replaces(which, found.second, item.second)) found = item;
        return found.value;
      },
    });
  }
  const type = nullable(argumentOf(site));
  if (site.second !== null) return orderedEdge(site, which);
  const accumulator: Accumulator = {
    type,
    create: () => null,
    add: (state, { value }) => (value === null || (which === "first" && state !== null) ? state : value),
    retract: (state) => state,
    merge: (left, right) => (which === "first" ? (left ?? right) : (right ?? left)),
    result: (state) => state,
  };
  return accumulator as unknown as Accumulator<never>;
}

/** Whether a later item counts instead of the one found so far; of those without an order the last one, or never. */
function replaces(which: "first" | "last", found: unknown, next: unknown): boolean {
  if (typeof found !== "number" && typeof found !== "bigint") return which === "last";
  if (next === null) return false;
  return which === "first" ? (next as number) < (found as number) : (next as number) > (found as number);
}

type Edge = { readonly value: unknown; readonly by: unknown };

function orderedEdge(site: AccumulatorSite, which: "first" | "last"): Accumulator<never> {
  const better = (state: Edge, next: Edge): Edge => {
    if (next.value === null) return state;
    return state.value === null || replaces(which, state.by, next.by) ? next : state;
  };
  const accumulator: Accumulator<Edge> = {
    type: t.record({
      value: nullable(argumentOf(site)),
      by: nullable(site.second as SqlType),
    }) as ValueType<unknown>,
    create: () => ({ value: null, by: null }),
    add: (state, { value, second }) => better(state, { value, by: second }),
    retract: (state) => state,
    merge: better,
    result: (state) => state.value,
  };
  return accumulator as unknown as Accumulator<never>;
}

const SEPARATOR = ",";

/** LISTAGG. */
export function joinedText(site: AccumulatorSite): Accumulator<never> {
  if (keepsAll(site)) {
    return keeping(site, {
      takes: isThere,
      result: (items) => {
        const separator = (items.at(-1)?.second as string | null | undefined) ?? SEPARATOR;
        return items.map(({ value }) => value as string).join(separator);
      },
    });
  }
  type Joined = { text: string | null; separator: string | null };
  const append = (state: Joined, text: string, separator: string): Joined => {
    state.text = state.text === null ? text : state.text + separator + text;
    state.separator = separator;
    return state;
  };
  const accumulator: Accumulator<Joined> = {
    type: t.record({ text: t.nullable(t.string), separator: t.nullable(t.string) }) as ValueType<unknown>,
    create: () => ({ text: null, separator: null }),
    add: (state, { value, second }) =>
      value === null ? state : append(state, value as string, (second as string | null | undefined) ?? SEPARATOR),
    retract: (state) => state,
    merge: (left, right) => (right.text === null ? left : append(left, right.text, right.separator ?? SEPARATOR)),
    result: (state) => state.text,
  };
  return accumulator as unknown as Accumulator<never>;
}

/** ARRAY_AGG. */
export function arrayOfValues(site: AccumulatorSite): Accumulator<never> {
  return keeping(site, {
    takes: (input) => isThere(input) || !site.ignoresNulls,
    result: (items) => items.map(({ value }) => value),
  });
}

/** COLLECT: a MULTISET, of no value an empty one. */
export function multisetOfValues(site: AccumulatorSite): Accumulator<never> {
  const change = (state: Map<Identity, number>, value: Identity, by: number): Map<Identity, number> => {
    const rows = (state.get(value) ?? 0) + by;
    if (rows === 0) state.delete(value);
    else state.set(value, rows);
    return state;
  };
  const accumulator: Accumulator<Map<Identity, number>> = {
    type: columnTypeOf({ kind: "multiset", isNullable: false, element: { ...argumentOf(site), isNullable: false } }),
    create: () => new Map(),
    add: (state, { value }) => (value === null ? state : change(state, value as Identity, 1)),
    retract: (state, { value }) => (value === null ? state : change(state, value as Identity, -1)),
    merge: (left, right) => {
      for (const [value, rows] of right) change(left, value, rows);
      return left;
    },
    result: (state) => new Map(state),
  };
  return accumulator as unknown as Accumulator<never>;
}
