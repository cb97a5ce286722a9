/**
 * Owns: `map`: one record out for each in, with the same timestamp.
 */
import type { MapFunction } from "./functions.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "./operator.ts";
import { assertSynchronous } from "./synchronous-function.ts";

/** Emits `fn(value)` for each record. */
export function mapOperator<I, O>(fn: MapFunction<I, O>): OperatorFactory<I, O> {
  assertSynchronous("map", fn);
  return { kind: "operator", name: "map", create: () => new MapOperator(fn) };
}

class MapOperator<I, O> implements StreamOperator<I, O> {
  readonly #fn: MapFunction<I, O>;
  #output!: Output<O>;

  constructor(fn: MapFunction<I, O>) {
    this.#fn = fn;
  }

  open(_context: OperatorContext, output: Output<O>): void {
    this.#output = output;
  }

  process(value: I, timestamp: number): void {
    const fn = this.#fn;
    this.#output.collect(fn(value), timestamp);
  }
}
