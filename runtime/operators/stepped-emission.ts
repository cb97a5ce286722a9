/**
 * Owns: emitting what a function returned, value by value, giving way whenever what follows has no room for more.
 * Not here: when it is called again (taskmanager/emission-desk.ts).
 * Called by: flatMap and process, for iterables and long arrays.
 *
 * SEM1 Values leave in their order, and before anything of a later record: records that come while an earlier one is not
 *     complete are kept, and there are only as many as one call upstream emitted.
 * SEM2 A record is complete before the task takes the next one, a watermark, a timer or a barrier (OP5).
 * SEM3 What a function emits by calling instead of returning cannot be held back: beyond `PUSHED_MAX` values that nobody has
 *     room for the task fails, before the process runs out of memory.
 */
import { StreamError } from "../../base/index.ts";
import type { EmissionDesk, OperatorContext } from "../ports/index.ts";

/** Values that one call may push while what follows has no room: some 200 MB of small records. */
export const PUSHED_MAX = 1_000_000;

/** Arrays up to this length are emitted at once. */
export const SHORT_ARRAY = 256;

/** For operators that run without a task: what follows always has room. */
const ROOMY: EmissionDesk = { isPaused: false, isFull: () => false, defer: () => undefined };

export function deskOf(context: OperatorContext): EmissionDesk {
  return context.emission ?? ROOMY;
}

export type SteppedParts<I, O> = {
  readonly desk: EmissionDesk;
  /** Called whenever it goes on: what is current for the record (its key) may have ended with the turn. */
  begin?(): void;
  /** Handles a record that was kept (SEM1). */
  handle(value: I, timestamp: number): void;
  /** The next value; user code runs in it. */
  next(iterator: Iterator<O>): IteratorResult<O>;
  emit(value: O, timestamp: number): void;
};

export class SteppedEmission<I, O> {
  readonly #parts: SteppedParts<I, O>;
  #iterator: Iterator<O> | null = null;
  #timestamp = 0;
  #kept: { readonly value: I; readonly timestamp: number }[] = [];
  #isHandlingKept = false;
  readonly #resume = (): boolean => this.#goOn();

  constructor(parts: SteppedParts<I, O>) {
    this.#parts = parts;
  }

  /** True when a record has to wait for an earlier one's values: then it is kept and handled later (SEM1). */
  keeps(value: I, timestamp: number): boolean {
    if (this.#iterator === null && this.#kept.length === 0) return false;
    this.#kept.push({ value, timestamp });
    return true;
  }

  /** Emits the iterable's values, now as far as there is room. */
  start(iterable: Iterable<O>, timestamp: number): void {
    this.#iterator = iterable[Symbol.iterator]();
    this.#timestamp = timestamp;
    if (!this.#isHandlingKept && !this.#goOn()) this.#parts.desk.defer(this.#resume);
  }

  /** The task ends: what is left is given up, and a generator's `finally` runs. */
  close(): void {
    const iterator = this.#iterator;
    this.#iterator = null;
    this.#kept = [];
    iterator?.return?.();
  }

  /** True when everything is emitted. */
  #goOn(): boolean {
    for (;;) {
      if (!this.#emitValues()) return false;
      if (this.#kept.length === 0) return true;
      if (this.#parts.desk.isFull()) return false;
      this.#handleKept();
    }
  }

  #emitValues(): boolean {
    const { desk } = this.#parts;
    const timestamp = this.#timestamp;
    if (this.#iterator !== null) this.#parts.begin?.();
    for (let iterator = this.#iterator; iterator !== null; ) {
      if (desk.isFull()) return false;
      const { done, value } = this.#parts.next(iterator);
      if (done === true) this.#iterator = iterator = null;
      else this.#parts.emit(value, timestamp);
    }
    return true;
  }

  #handleKept(): void {
    const kept = this.#kept;
    this.#isHandlingKept = true;
    let handled = 0;
    while (handled < kept.length && this.#iterator === null && !this.#parts.desk.isFull()) {
      const next = kept[handled++] as (typeof kept)[number];
      this.#parts.handle(next.value, next.timestamp);
    }
    this.#isHandlingKept = false;
    kept.splice(0, handled);
  }
}

/** What is wrong when a call has pushed more than PUSHED_MAX values (SEM3). */
export function pushedTooMuch(context: Pick<OperatorContext, "name" | "uid">): StreamError {
  return new StreamError(
    "EMISSION_TOO_LARGE",
    `${context.name} (uid ${context.uid}): one call emitted more than ${PUSHED_MAX} records that nobody had room for; ` +
      "they would all have to wait in memory. Return them instead of emitting them, from a generator (function*): it is paused until there is room again",
    { destiny: "terminal" },
  );
}
