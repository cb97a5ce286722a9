/**
 * Owns: work of an operator that takes long, done in steps between which its task looks whether to turn to something else (OP5).
 * Called by: operators that spill, that merge, that emit much at the end.
 *
 * SWK2 A step is a batch or a page, which takes some milliseconds: the clock is looked at after each.
 * SWK1 Until it is done the task takes nothing else; work that begins before is done first, room or not.
 */
import type { EmissionDesk } from "../ports/index.ts";

export class SteppedWork {
  readonly #desk: EmissionDesk | null;
  #work: Iterator<void> | null = null;

  /** Null: there is always room. */
  constructor(desk: EmissionDesk | null) {
    this.#desk = desk;
  }

  start(work: Iterator<void>): void {
    this.finish();
    this.#work = work;
    if (!this.#goOn()) this.#desk?.defer(this.#goOn);
  }

  /** What was started is done when this returns (SWK1). */
  finish(): void {
    const work = this.#work;
    this.#work = null;
    if (work !== null) while (work.next().done !== true);
  }

  /** What was started is given up. */
  close(): void {
    const work = this.#work;
    this.#work = null;
    work?.return?.();
  }

  /** True when all is done. */
  readonly #goOn = (): boolean => {
    for (let work = this.#work; work !== null; work = this.#work) {
      if (work.next().done === true) this.#work = null;
      else if (isFull(this.#desk)) return false;
    }
    return true;
  };
}

/** SWK2 */
function isFull(desk: EmissionDesk | null): boolean {
  return desk?.isFullAfterStep?.() ?? desk?.isFull() ?? false;
}
