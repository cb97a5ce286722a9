/**
 * Owns: COUNT, and what makes any aggregate one of DISTINCT values.
 */
import { t, type ValueType } from "../../../record/index.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { Accumulator, AccumulatorSite, AggregateInput } from "./accumulator.ts";
import { type Identities, type Identity, identitiesOf } from "./identity.ts";
import { type Counts, countsPlace, type StateCounts } from "./value-counts.ts";

/** Of rows whose arguments are all there; of COUNT(*) every row brings a value. */
export const count: Accumulator<number> = {
  type: t.int64 as ValueType<unknown>,
  create: () => 0,
  add: (state, { value }) => (value === null ? state : state + 1),
  retract: (state, { value }) => (value === null ? state : state - 1),
  merge: (left, right) => left + right,
  result: (state) => BigInt(state),
};

type DistinctState = { inner: unknown };

/** Each value once, as long as a row with it is there. NULL is no value. `outside`: where the counts are; null: in its state. */
export function distinct(
  inner: Accumulator,
  identities: Identities,
  outside: StateCounts | null,
): Accumulator<DistinctState> {
  const place = countsPlace<DistinctState>(identities, outside);
  const change = (counts: Counts, identity: Identity, by: number): "first" | "last" | "other" => {
    const before = counts.get(identity) ?? 0;
    const after = before + by;
    if (after === 0) counts.delete(identity);
    else counts.set(identity, after);
    if (before === 0) return "first";
    return after === 0 ? "last" : "other";
  };
  const withInner = (state: DistinctState, next: unknown): DistinctState => {
    state.inner = next;
    return state;
  };
  return {
    type: t.record({ ...place.fields, inner: inner.type }) as ValueType<unknown>,
    create: () => ({ ...place.create(), inner: inner.create() }),
    add: (state, input) =>
      input.value !== null && change(place.of(state), identities.of(input.value), 1) === "first"
        ? withInner(state, inner.add(state.inner, input))
        : state,
    retract: (state, input) =>
      input.value !== null && change(place.of(state), identities.of(input.value), -1) === "last"
        ? withInner(state, inner.retract(state.inner, input))
        : state,
    merge: (left, right) => {
      for (const [identity, rows] of place.of(right).entries()) {
        if (change(place.of(left), identity, rows) !== "first") continue;
        const value = identities.value?.(identity) ?? identity;
        const input: AggregateInput = { value, second: null, order: null, values: [value] };
        left.inner = inner.add(left.inner, input);
      }
      return left;
    },
    result: (state) => inner.result(state.inner),
  };
}

/** APPROX_COUNT_DISTINCT. It counts exactly: a sketch could not take values back. */
export function approximateCount({ argument, counts }: AccumulatorSite): Accumulator<never> {
  const identities = identitiesOf(argument as SqlType);
  return distinct(count as Accumulator, identities, counts("values", identities)) as unknown as Accumulator<never>;
}
