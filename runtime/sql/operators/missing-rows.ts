/**
 * Owns: rows that are taken back from an operator that does not have them: its input's changelog is not whole, as where a source begins in the middle of one.
 *
 * SQJM1 They change nothing. They are counted, and the first is told in the log.
 */
import type { Counter, OperatorContext } from "../../ports/index.ts";

export class MissingRows {
  readonly #context: OperatorContext;
  readonly #count: Counter;

  constructor(context: OperatorContext) {
    this.#context = context;
    this.#count = context.metrics.counter("unknownRetractions");
  }

  tell(): void {
    const { log, name, uid } = this.#context;
    if (this.#count.count === 0)
      log.warn(
        { operator: name, uid },
        "a row was taken back that the operator does not have: the changelog of its input is not whole, or its state has expired",
      );
    this.#count.inc();
  }
}
