/**
 * Owns: an aggregate function of the user as an accumulator: its state is of the type that it declares.
 *
 * SQZG1 A row with NULL for a parameter that is not nullable is left out (SQZA1), when it comes and when it is taken back.
 * SQZG2 What a function answers for the state counts; nothing answered says that it has changed the state that it was given. `merge` gets a copy of its second
 *     state, which belongs to windows to come as well: it may answer it, or take parts of it over.
 * SQZG3 The plan asks for `retract` and `merge` only of functions that have them (plan/user-functions.ts).
 */
import { assert, isPromiseLike } from "../../../../base/index.ts";
import { copyOf } from "../../../record/index.ts";
import type { AggregateUserFunction } from "../../user-functions/bound-function.ts";
import type { Call } from "../../user-functions/definition.ts";
import { valueReader } from "../../user-functions/function-values.ts";
import { callFailure, promised, resultTaker } from "../../user-functions/running-functions.ts";
import type { Accumulator, AggregateInput } from "./accumulator.ts";

export function userAccumulator(bound: AggregateUserFunction): Accumulator<never> {
  const { accumulator: type, create, add, retract, merge, result, parameters } = bound.definition;
  const readers = parameters.map(valueReader);
  const take = resultTaker(bound, bound.definition.returns, true);
  const isSkipped = (values: readonly unknown[]): boolean =>
    values.some((value, index) => value === null && parameters[index]?.nullable !== true);
  /** SQZG2. */
  const called = (call: Call, state: unknown, values: readonly unknown[]): unknown => {
    try {
      const answered = call(state, ...values);
      if (isPromiseLike(answered)) throw promised(answered);
      return answered === undefined ? state : answered;
    } catch (error) {
      throw callFailure(bound, values, error);
    }
  };
  const changed = (call: Call | null, state: unknown, { values = [] }: AggregateInput): unknown => {
    assert(call !== null, `the aggregate ${bound.name} is asked for what it has`);
    if (isSkipped(values)) return state;
    return called(
      call,
      state,
      values.map((value, index) => readers[index]?.(value) ?? value),
    );
  };
  const accumulator: Accumulator = {
    type,
    create,
    add: (state, input) => changed(add, state, input),
    retract: (state, input) => changed(retract, state, input),
    merge: (left, right) => {
      assert(merge !== null, `the aggregate ${bound.name} is asked for what it has`);
      return called(merge, left, [copyOf(right)]);
    },
    // SQOA3: a part of the state is no value of its own.
    result: (state) => {
      let value: unknown;
      try {
        value = result(state);
      } catch (error) {
        throw callFailure(bound, [state], error);
      }
      const taken = take(value, state);
      return typeof taken === "object" && taken !== null ? copyOf(taken) : taken;
    },
  };
  return accumulator as unknown as Accumulator<never>;
}
