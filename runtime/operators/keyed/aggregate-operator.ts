/**
 * Owns: `aggregate`: each key's running aggregate; its result is emitted after each record.
 *
 * AG1 The accumulator may be changed in place by `add`, also when `getResult` returns it: state then hands out a copy (STA2). A part of
 *     it that is emitted inside a new object is frozen, and `add` must replace it instead of changing it (FN3).
 */
import { assert, isPromiseLike } from "../../../base/index.ts";
import { describeType, t, type ValueType } from "../../record/index.ts";
import type {
  Aggregate,
  OperatorContext,
  OperatorFactory,
  Output,
  StreamOperator,
  ValueState,
} from "../../ports/index.ts";
import { assertSynchronous } from "../synchronous-function.ts";
import { UserCall } from "../user-call.ts";

const STATE = "accumulator";

/** Aggregates each key's records. `accumulatorType`: for the state; default `t.any`. */
export function aggregateOperator<I, A, O>(
  aggregate: Aggregate<I, A, O>,
  accumulatorType?: ValueType<A>,
): OperatorFactory<I, O> {
  for (const name of ["createAccumulator", "add", "getResult"] as const) {
    assertSynchronous(`aggregate: ${name}`, aggregate[name]);
  }
  const declares = [{ name: STATE, kind: "value", type: describeType(accumulatorType ?? t.any) }];
  const create = (): AggregateOperator<I, A, O> => new AggregateOperator(aggregate, accumulatorType);
  return { kind: "operator", name: "aggregate", declares, create };
}

class AggregateOperator<I, A, O> implements StreamOperator<I, O> {
  readonly emits = "state";
  readonly #aggregate: Aggregate<I, A, O>;
  readonly #type: ValueType<A> | undefined;
  #output!: Output<O>;
  #state!: ValueState<A>;
  #call!: UserCall;

  constructor(aggregate: Aggregate<I, A, O>, type: ValueType<A> | undefined) {
    this.#aggregate = aggregate;
    this.#type = type;
  }

  open(context: OperatorContext, output: Output<O>): void {
    assert(context.keyed !== null, `aggregate, uid ${context.uid}, was opened without keyed state`);
    this.#output = output;
    this.#call = new UserCall(context);
    this.#state = context.keyed.value<A>({
      name: STATE,
      ...(this.#type === undefined ? {} : { type: this.#type }),
    });
  }

  process(value: I, timestamp: number): void {
    const aggregate = this.#aggregate;
    const state = this.#state;
    const current = state.value();
    const accumulator = aggregate.add(value, current === undefined ? this.#created() : current);
    if (isPromiseLike(accumulator)) throw this.#call.promised("what add returned");
    state.update(accumulator);
    const result = aggregate.getResult(accumulator);
    if (isPromiseLike(result)) throw this.#call.promised("what getResult returned");
    this.#output.collect(result, timestamp);
  }

  #created(): A {
    const created = this.#aggregate.createAccumulator();
    this.#call.refusePromise("what createAccumulator returned", created);
    return created;
  }
}
