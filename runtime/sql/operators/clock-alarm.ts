/**
 * Owns: the one call of the clock that an operator waits for: at the earliest of the instants that it has named.
 *
 * SQKA1 A call cannot be taken back. When another one came to be sooner, the later one finds that it is not awaited any more, and does nothing: each would arrange its own next one
 *     otherwise, and their number would grow.
 */
import type { Clock } from "../../../base/index.ts";
import type { OperatorContext } from "../../ports/index.ts";

export class ClockAlarm {
  readonly #schedule: OperatorContext["schedule"];
  readonly #clock: Clock;
  readonly #onCall: (nowMs: number) => void;
  /** The instant at which the clock calls next. */
  #instant = Number.POSITIVE_INFINITY;

  /** `onCall` names the next instant itself. */
  constructor(context: Pick<OperatorContext, "schedule">, clock: Clock, onCall: (nowMs: number) => void) {
    this.#schedule = (delay, callback) => context.schedule(delay, callback);
    this.#clock = clock;
    this.#onCall = onCall;
  }

  /** Nothing changes when the clock calls before. `patienceMs`: it does not call sooner than that from now. Default 0. */
  setFor(instant: number, patienceMs = 0): void {
    if (instant >= this.#instant) return;
    this.#instant = instant;
    this.#schedule(Math.max(patienceMs, instant - this.#clock.nowMs()), () => {
      // SQKA1
      if (this.#instant !== instant) return;
      this.#instant = Number.POSITIVE_INFINITY;
      this.#onCall(this.#clock.nowMs());
    });
  }
}
