/**
 * Owns: `map`: one record out for each in, with the same timestamp.
 */
import { isPromiseLike } from "../../../base/index.ts";
import type { MapFunction, OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { assertSynchronous } from "../synchronous-function.ts";
import { UserCall } from "../user-call.ts";

/** Emits `fn(value)` for each record. */
export function mapOperator<I, O>(fn: MapFunction<I, O>): OperatorFactory<I, O> {
  assertSynchronous("map", fn);
  return { kind: "operator", name: "map", create: () => new MapOperator(fn) };
}

class MapOperator<I, O> implements StreamOperator<I, O> {
  readonly #fn: MapFunction<I, O>;
  #output!: Output<O>;
  #call!: UserCall;

  constructor(fn: MapFunction<I, O>) {
    this.#fn = fn;
  }

  open(context: OperatorContext, output: Output<O>): void {
    this.#output = output;
    this.#call = new UserCall(context);
  }

  process(value: I, timestamp: number): void {
    const fn = this.#fn;
    const mapped = fn(value);
    if (isPromiseLike(mapped)) throw this.#call.promised("what the function returned");
    this.#output.collect(mapped, timestamp);
  }
}
