/**
 * Owns: `flatMap`: any number of records out for each in, with its timestamp.
 */
import type { FlatMapFunction } from "./functions.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "./operator.ts";
import { assertSynchronous } from "./synchronous-function.ts";

/** Emits what `fn` collects and returns for each record. */
export function flatMapOperator<I, O>(fn: FlatMapFunction<I, O>): OperatorFactory<I, O> {
  assertSynchronous("flatMap", fn);
  return { kind: "operator", name: "flatMap", create: () => new FlatMapOperator(fn) };
}

class FlatMapOperator<I, O> implements StreamOperator<I, O> {
  readonly #fn: FlatMapFunction<I, O>;
  #output!: Output<O>;
  // Begins as what is no number, so that V8 keeps a reference here: a field of type double would be boxed anew for each record.
  #timestamp: number = undefined as never;
  /** One closure for all records. Takes one argument only, so that `forEach(collect)` does what it looks like. */
  readonly #collect = (value: O): void => this.#output.collect(value, this.#timestamp);

  constructor(fn: FlatMapFunction<I, O>) {
    this.#fn = fn;
  }

  open(_context: OperatorContext, output: Output<O>): void {
    this.#output = output;
  }

  process(value: I, timestamp: number): void {
    const fn = this.#fn;
    this.#timestamp = timestamp;
    const returned = fn(value, this.#collect);
    if (returned === undefined || returned === null) return;
    const output = this.#output;
    if (Array.isArray(returned)) {
      for (let index = 0; index < returned.length; index++) output.collect(returned[index] as O, timestamp);
      return;
    }
    for (const each of returned) output.collect(each, timestamp);
  }
}
