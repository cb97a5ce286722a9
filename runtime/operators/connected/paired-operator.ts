/**
 * Owns: two operators without state as one with two inputs: `map` and `flatMap` of connected streams.
 *
 * PAO1 Each record goes to the operator of its input; both emit into the one output.
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";

/** `first` takes the records of input 0, `second` those of input 1. Neither may have state, timers or anything to end. */
export function pairedOperator<I1, I2, O>(
  name: string,
  first: OperatorFactory<I1, O>,
  second: OperatorFactory<I2, O>,
): OperatorFactory<I1, O> {
  return { kind: "operator", name, create: () => new PairedOperator(first.create(), second.create()) };
}

class PairedOperator<I1, I2, O> implements StreamOperator<I1, O> {
  readonly #first: StreamOperator<I1, O>;
  readonly #second: StreamOperator<I2, O>;

  constructor(first: StreamOperator<I1, O>, second: StreamOperator<I2, O>) {
    for (const { prepareSnapshot, endInput, onWatermark } of [first, second])
      assert(
        prepareSnapshot === undefined && endInput === undefined && onWatermark === undefined,
        "paired operators have no state of their own",
      );
    this.#first = first;
    this.#second = second;
  }

  async open(context: OperatorContext, output: Output<O>): Promise<void> {
    await this.#first.open?.(context, output);
    await this.#second.open?.(context, output);
  }

  process(value: I1, timestamp: number): void {
    this.#first.process(value, timestamp);
  }

  processInput(_input: number, value: unknown, timestamp: number): void {
    this.#second.process(value as I2, timestamp);
  }

  async close(): Promise<void> {
    await this.#first.close?.();
    await this.#second.close?.();
  }
}
