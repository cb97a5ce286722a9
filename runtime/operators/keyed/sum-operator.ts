/**
 * Owns: the running sum of one field per key, record by record.
 * Not here: that of batches of columns (column-sum-operator.ts), which emits the same.
 *
 * SUO1 The state is the bare number: half the memory of the record, and nothing to collect when it changes.
 * SUO2 What is emitted is the record that came, with the sum in the field's place: a new object each time.
 */
import { assert, StreamError } from "../../../base/index.ts";
import { describeType } from "../../record/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator, ValueState } from "../../ports/index.ts";
import { SUM_STATE, takeOverTable } from "./sum-state.ts";

/** `field` holds numbers. */
export function sumOperator<T extends object>(field: keyof T & string): OperatorFactory<T, T> {
  const declares = [{ name: SUM_STATE.name, kind: "value", type: describeType(SUM_STATE.type) }];
  return { kind: "operator", name: `sum(${field})`, declares, create: () => new SumOperator(field) };
}

class SumOperator<T extends object> implements StreamOperator<T, T> {
  readonly emits = "input";
  readonly #field: keyof T & string;
  #output!: Output<T>;
  #state!: ValueState<number>;

  constructor(field: keyof T & string) {
    this.#field = field;
  }

  open(context: OperatorContext, output: Output<T>): Promise<void> {
    assert(context.keyed !== null, `sum, uid ${context.uid}, was opened without keyed state`);
    this.#output = output;
    this.#state = context.keyed.value<number>(SUM_STATE);
    return takeOverTable(context.keyed);
  }

  process(value: T, timestamp: number): void {
    const field = this.#field;
    const addend: unknown = value[field];
    if (typeof addend !== "number") throw this.#notANumber(addend);
    const sum = (this.#state.value() ?? 0) + addend;
    this.#state.update(sum);
    const summed = { ...value };
    summed[field] = sum as T[keyof T & string];
    this.#output.collect(summed, timestamp);
  }

  #notANumber(addend: unknown): StreamError {
    return new StreamError(
      "USER_FUNCTION_FAILED",
      `sum("${this.#field}"): the field is ${String(addend)} (${typeof addend}) in a record; sum takes numbers`,
    );
  }
}
