/** An operator of one's own that holds values back in operator list state: gives them out in packs, and the rest at the end. */
import {
  job,
  type OperatorContext,
  type OperatorFactory,
  type OperatorListState,
  type Output,
  type StreamOperator,
  NO_TIMESTAMP,
  t,
} from "streamjob";
import { COUNT, lines, numbers, range } from "./numbers.ts";

const PACK = 100;

export default job((env) => {
  env
    .fromSource(numbers(), { uid: "numbers" })
    .rebalance()
    .transform(packing, { uid: "packs", type: t.string })
    .sinkTo(lines(env.args), { uid: "out" });
});

const packing: OperatorFactory<number, string> = { kind: "operator", name: "pack", create: () => new Pack() };

class Pack implements StreamOperator<number, string> {
  #held!: OperatorListState<number>;
  #output!: Output<string>;
  #values: number[] = [];

  open(context: OperatorContext, output: Output<string>): void {
    this.#output = output;
    this.#held = context.operatorState.list({ name: "held", type: t.int32 });
    this.#values = [...this.#held.get()];
  }

  process(value: number): void {
    this.#values.push(value);
    if (this.#values.length >= PACK) this.#giveOut();
  }

  prepareSnapshot(): void {
    this.#held.update(this.#values);
  }

  endInput(): void {
    this.#giveOut();
  }

  #giveOut(): void {
    for (const value of this.#values) this.#output.collect(`value ${value}`, NO_TIMESTAMP);
    this.#values = [];
  }
}

export function expected(): string[] {
  return range(COUNT).map((value) => `value ${value}`);
}
