/**
 * Owns: `filter`: the records that a predicate keeps, unchanged.
 */
import type { FilterFunction, OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { assertSynchronous } from "../synchronous-function.ts";
import { UserCall } from "../user-call.ts";

/** Emits the records for which `keeps` returns true. */
export function filterOperator<T>(keeps: FilterFunction<T>): OperatorFactory<T, T> {
  assertSynchronous("filter", keeps);
  return { kind: "operator", name: "filter", create: () => new FilterOperator(keeps) };
}

class FilterOperator<T> implements StreamOperator<T, T> {
  readonly emits = "input";
  readonly #keeps: FilterFunction<T>;
  #output!: Output<T>;
  #call!: UserCall;

  constructor(keeps: FilterFunction<T>) {
    this.#keeps = keeps;
  }

  open(context: OperatorContext, output: Output<T>): void {
    this.#output = output;
    this.#call = new UserCall(context);
  }

  process(value: T, timestamp: number): void {
    const keeps = this.#keeps;
    const kept: unknown = keeps(value);
    // Nearly always a boolean, which is decided without a look inside.
    if (kept === false) return;
    if (kept !== true) {
      this.#call.refusePromise("what the function returned", kept);
      if (!kept) return;
    }
    this.#output.collect(value, timestamp);
  }
}
