/**
 * Owns: the order of writes that may have to wait. One call of an operator upstream may emit many records before the task gets
 * to hold anything back, so those that come while a write is waiting are kept here.
 * Called by: the two sink operators.
 *
 * OW1 Writes start in the order of their records, each after the one before it has resolved; none is lost.
 * OW2 While a write is waiting the task is blocked (`blockUntil`), so no more is kept than one call upstream emitted.
 * OW3 After a failed write nothing more is written: the rejection goes to the task, which fails.
 * OW4 A write that does not wait costs no allocation.
 */
import type { OperatorContext } from "../../ports/index.ts";

/** Calls `write` for each record added, one at a time. */
export class OrderedWrites<T> {
  readonly #write: (value: T, timestamp: number) => void | Promise<void>;
  readonly #context: Pick<OperatorContext, "blockUntil">;
  #values: T[] = [];
  #timestamps: number[] = [];
  #waiting: Promise<void> | null = null;

  constructor(
    context: Pick<OperatorContext, "blockUntil">,
    write: (value: T, timestamp: number) => void | Promise<void>,
  ) {
    this.#context = context;
    this.#write = write;
  }

  /** True while a write is waiting, and for ever after one has failed. */
  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  add(value: T, timestamp: number): void {
    if (this.#waiting !== null) {
      this.#values.push(value);
      this.#timestamps.push(timestamp);
      return;
    }
    const write = this.#write;
    this.wait(write(value, timestamp));
  }

  /** What was written just now, while nothing waited, may have to be waited for. */
  wait(written: void | Promise<void>): void {
    if (typeof written?.then !== "function") return;
    this.#waiting = this.#finish(written);
    this.#context.blockUntil(this.#waiting);
  }

  /** Resolves when everything added so far is written; rejects with what made a write fail. */
  async written(): Promise<void> {
    while (this.#waiting !== null) await this.#waiting;
  }

  async #finish(first: Promise<void>): Promise<void> {
    const write = this.#write;
    await first;
    for (let index = 0; index < this.#values.length; index++) {
      const written = write(this.#values[index] as T, this.#timestamps[index] as number);
      if (typeof written?.then === "function") await written;
    }
    this.#values = [];
    this.#timestamps = [];
    this.#waiting = null;
  }
}
