/**
 * Owns: what `mapAsync` and `flatMapAsync` do: their options checked, their operator added.
 * Called by: data-stream.ts.
 */
import { asyncOperator, asyncPlan } from "../operators/index.ts";
import type { AsyncCallback, AsyncFunction, AsyncOptions } from "../ports/index.ts";
import type { ValueType } from "../record/index.ts";
import { addOperator, type AnyOptions, invalidGraph, type OperatorPlace } from "./add-operator.ts";
import type { DataStream } from "./data-stream.ts";
import { checkOperatorOptions } from "./operator-options.ts";

const ASYNC_NAMES = ["order", "capacity", "timeout", "onTimeout", "retry"];

/** The stream whose records are asked for. */
type Asking<T> = { readonly type: ValueType<T>; place(): OperatorPlace };

/** What the user called, and what an answer of it is. */
type AsyncKind<R, O> = { readonly operation: string; readonly recordsOf: (result: R) => readonly O[] };

export function addAsync<T, O, R, C>(
  stream: Asking<T>,
  { operation, recordsOf }: AsyncKind<R, O>,
  fn: AsyncCallback<T, R, C> | AsyncFunction<T, R, C>,
  options: AnyOptions<O> & AsyncOptions<T, R, C>,
): DataStream<O> {
  checkOperatorOptions(operation, options, ["type", ...ASYNC_NAMES]);
  const { order, capacity, timeout, onTimeout, retry, ...others } = options;
  const plan = asyncPlan(operation, options);
  const place = stream.place();
  if (plan.order === "keyed" && !place.isKeyed) {
    throw invalidGraph(
      `${operation}: order "keyed" keeps the order of each key, and the stream has no keys; use keyBy before it, or the order "ordered"`,
    );
  }
  const logic = asyncOperator<T, O, R, C>({
    name: operation,
    fn: typeof fn === "function" ? { invoke: fn } : fn,
    plan,
    recordsOf,
    inputType: stream.type,
  });
  return addOperator({ ...place, isKeyed: plan.order === "keyed" }, operation, logic, others);
}
