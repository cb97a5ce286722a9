/**
 * Owns: COUNT, and what makes any aggregate one of DISTINCT values.
 */
import { t, type ValueType } from "../../../record/index.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { Accumulator, AccumulatorSite, AggregateInput } from "./accumulator.ts";
import { type Identities, type Identity, identitiesOf } from "./identity.ts";

/** Of rows whose arguments are all there; of COUNT(*) every row brings a value. */
export const count: Accumulator<number> = {
  type: t.int64 as ValueType<unknown>,
  create: () => 0,
  add: (state, { value }) => (value === null ? state : state + 1),
  retract: (state, { value }) => (value === null ? state : state - 1),
  merge: (left, right) => left + right,
  result: (state) => BigInt(state),
};

type DistinctState = { readonly counts: Map<Identity, number>; inner: unknown };

/** Each value once, as long as a row with it is there. NULL is no value. */
export function distinct(inner: Accumulator, identities: Identities): Accumulator<DistinctState> {
  const change = (state: DistinctState, identity: Identity, by: number): "first" | "last" | "other" => {
    const before = state.counts.get(identity) ?? 0;
    const after = before + by;
    if (after === 0) state.counts.delete(identity);
    else state.counts.set(identity, after);
    if (before === 0) return "first";
    return after === 0 ? "last" : "other";
  };
  const withInner = (state: DistinctState, next: unknown): DistinctState => {
    state.inner = next;
    return state;
  };
  return {
    type: t.record({ counts: t.map(identities.type, t.int64), inner: inner.type }) as ValueType<unknown>,
    create: () => ({ counts: new Map(), inner: inner.create() }),
    add: (state, input) =>
      input.value !== null && change(state, identities.of(input.value), 1) === "first"
        ? withInner(state, inner.add(state.inner, input))
        : state,
    retract: (state, input) =>
      input.value !== null && change(state, identities.of(input.value), -1) === "last"
        ? withInner(state, inner.retract(state.inner, input))
        : state,
    merge: (left, right) => {
      for (const [identity, rows] of right.counts) {
        if (change(left, identity, rows) !== "first") continue;
        const input: AggregateInput = { value: identities.value?.(identity) ?? identity, second: null, order: null };
        left.inner = inner.add(left.inner, input);
      }
      return left;
    },
    result: (state) => inner.result(state.inner),
  };
}

/** APPROX_COUNT_DISTINCT. It counts exactly: a sketch could not take values back. */
export function approximateCount({ argument }: AccumulatorSite): Accumulator<never> {
  return distinct(count as Accumulator, identitiesOf(argument as SqlType)) as unknown as Accumulator<never>;
}
