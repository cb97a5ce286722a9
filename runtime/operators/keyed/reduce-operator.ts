/**
 * Owns: `reduce`: the running reduction of each key's records, emitted after each record.
 *
 * ROP1 The first record of a key is emitted as it is; after that `fn(current, value)`, which becomes the current one.
 * ROP2 What was emitted is also what the state holds; `fn` gets a copy of it to work on (STA2).
 */
import { assert, isPromiseLike } from "../../../base/index.ts";
import { describeType, t, type ValueType } from "../../record/index.ts";
import type {
  OperatorContext,
  OperatorFactory,
  Output,
  ReduceFunction,
  StreamOperator,
  ValueState,
} from "../../ports/index.ts";
import { assertSynchronous } from "../synchronous-function.ts";
import { UserCall } from "../user-call.ts";

const STATE = "reduced";

/** Reduces each key's records. `type`: of the records, for the state; default `t.any`. */
export function reduceOperator<T>(fn: ReduceFunction<T>, type?: ValueType<T>): OperatorFactory<T, T> {
  assertSynchronous("reduce", fn);
  const declares = [{ name: STATE, kind: "value", type: describeType(type ?? t.any) }];
  return { kind: "operator", name: "reduce", declares, create: () => new ReduceOperator(fn, type) };
}

class ReduceOperator<T> implements StreamOperator<T, T> {
  readonly emits = "state";
  readonly #fn: ReduceFunction<T>;
  readonly #type: ValueType<T> | undefined;
  #output!: Output<T>;
  #state!: ValueState<T>;
  #call!: UserCall;

  constructor(fn: ReduceFunction<T>, type: ValueType<T> | undefined) {
    this.#fn = fn;
    this.#type = type;
  }

  open(context: OperatorContext, output: Output<T>): void {
    assert(context.keyed !== null, `reduce, uid ${context.uid}, was opened without keyed state`);
    this.#output = output;
    this.#call = new UserCall(context);
    this.#state = context.keyed.value<T>({
      name: STATE,
      ...(this.#type === undefined ? {} : { type: this.#type }),
    });
  }

  process(value: T, timestamp: number): void {
    const fn = this.#fn;
    const state = this.#state;
    const current = state.value();
    const reduced = current === undefined ? value : fn(current, value);
    if (isPromiseLike(reduced)) throw this.#call.promised("what the function returned");
    state.update(reduced);
    this.#output.collect(reduced, timestamp);
  }
}
