/**
 * Owns: that everything in a JobManager happens one turn at a time.
 * Not here: what happens in a turn.
 *
 * TU1 A turn runs to its end, synchronously, before the next begins; a turn asked for during a turn waits.
 * TU2 Storage and other waiting is done by effects outside of turns; their outcome comes back as a turn.
 * TU3 After every turn `settle` looks at all facts and does what has become due, so no turn has to know who waits for it.
 * TU4 After `close` no turn runs: timers are taken back, outcomes of effects are dropped.
 */
import { type Clock, nextTurn, type Timer } from "../../base/index.ts";

export type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown };

export class Turns {
  readonly #clock: Clock;
  readonly #settle: () => void;
  readonly #waiting: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  #isInTurn = false;
  #isClosed = false;

  constructor(clock: Clock, settle: () => void) {
    this.#clock = clock;
    this.#settle = settle;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Runs `turn` now, or after the present one. What it throws is a mistake of this program and is thrown to the caller. */
  run(turn: () => void): void {
    if (this.#isClosed) return;
    this.#waiting.push(turn);
    if (this.#isInTurn) return;
    this.#isInTurn = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        next();
        if (!this.#isClosed) this.#settle();
        if (this.#isClosed) this.#waiting.length = 0;
      }
    } finally {
      this.#isInTurn = false;
    }
  }

  /** A turn after `delayMs`. */
  after(delayMs: number, turn: () => void): Timer {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      this.run(turn);
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  /** Starts `work` outside of any turn; `done` is a turn. */
  effect<T>(work: () => Promise<T>, done: (outcome: Outcome<T>) => void): void {
    const perform = async (): Promise<Outcome<T>> => {
      try {
        await nextTurn();
        return { kind: "ok", value: await work() };
      } catch (error) {
        return { kind: "failed", error };
      }
    };
    void perform().then((outcome) => this.run(() => done(outcome)));
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
