/**
 * Owns: `filter`: the records that a predicate keeps, unchanged.
 */
import type { FilterFunction } from "./functions.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "./operator.ts";
import { assertSynchronous } from "./synchronous-function.ts";

/** Emits the records for which `keeps` returns true. */
export function filterOperator<T>(keeps: FilterFunction<T>): OperatorFactory<T, T> {
  assertSynchronous("filter", keeps);
  return { kind: "operator", name: "filter", create: () => new FilterOperator(keeps) };
}

class FilterOperator<T> implements StreamOperator<T, T> {
  readonly emits = "input";
  readonly #keeps: FilterFunction<T>;
  #output!: Output<T>;

  constructor(keeps: FilterFunction<T>) {
    this.#keeps = keeps;
  }

  open(_context: OperatorContext, output: Output<T>): void {
    this.#output = output;
  }

  process(value: T, timestamp: number): void {
    const keeps = this.#keeps;
    if (keeps(value)) this.#output.collect(value, timestamp);
  }
}
