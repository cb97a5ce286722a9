/**
 * Owns: MIN and MAX.
 *
 * SQOX1 Where rows may be taken back the state counts all values; the next extreme is looked for when the last row of the present one goes.
 */
import { t, type ValueType } from "../../../record/index.ts";
import { columnTypeOf } from "../../rows/row-type.ts";
import { type Compare, valueOrder } from "../../rows/value-order.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { Accumulator, AccumulatorSite } from "./accumulator.ts";
import { identitiesOf } from "./identity.ts";
import { type Counts, countsPlace } from "./value-counts.ts";

export function extreme(
  { argument, retracts, counts }: AccumulatorSite,
  which: "least" | "greatest",
): Accumulator<never> {
  const type = argument as SqlType;
  const order = valueOrder(type);
  const compare: Compare = which === "least" ? order : (left, right) => order(right, left);
  return (retracts
    ? countedExtreme(type, compare, counts)
    : plainExtreme(type, compare)) as unknown as Accumulator<never>;
}

function plainExtreme(type: SqlType, compare: Compare): Accumulator {
  const better = (state: unknown, value: unknown): unknown => {
    if (value === null) return state;
    return state === null || compare(value, state) < 0 ? value : state;
  };
  return {
    type: columnTypeOf({ ...type, isNullable: true }),
    create: () => null,
    add: (state, { value }) => better(state, value),
    retract: (state) => state,
    merge: better,
    result: (state) => state,
  };
}

type Counted = { best: unknown };

function countedExtreme(type: SqlType, compare: Compare, counts: AccumulatorSite["counts"]): Accumulator<Counted> {
  const identities = identitiesOf(type);
  const place = countsPlace<Counted>(identities, counts("values", identities));
  const add = (state: Counted, value: unknown, rows: number): Counted => {
    const values = place.of(state);
    const identity = identities.of(value);
    const count = (values.get(identity) ?? 0) + rows;
    if (count !== 0) values.set(identity, count);
    else values.delete(identity);
    if (rows > 0) {
      if (count > 0 && (state.best === null || compare(value, state.best) < 0)) state.best = value;
    } else if (count === 0 && state.best !== null && compare(value, state.best) === 0) {
      state.best = bestOf(values);
    }
    return state;
  };
  const bestOf = (values: Counts): unknown => {
    let best: unknown = null;
    for (const [identity, count] of values.entries()) {
      const value = identities.value?.(identity);
      if (count > 0 && (best === null || compare(value, best) < 0)) best = value;
    }
    return best;
  };
  return {
    type: t.record({ ...place.fields, best: columnTypeOf({ ...type, isNullable: true }) }) as ValueType<unknown>,
    create: () => ({ ...place.create(), best: null }),
    add: (state, { value }) => (value === null ? state : add(state, value, 1)),
    retract: (state, { value }) => (value === null ? state : add(state, value, -1)),
    merge: (left, right) => {
      for (const [identity, rows] of place.of(right).entries()) add(left, identities.value?.(identity), rows);
      return left;
    },
    result: (state) => state.best,
  };
}
