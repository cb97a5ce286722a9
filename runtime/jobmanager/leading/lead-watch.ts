/**
 * Owns: asking the store whether this JobManager still leads, where nothing that it writes would tell: before it restarts tasks, and
 * after it has stood still (SIGSTOP, a suspended machine) for so long that another one may have been started.
 * Not here: writes that lose (checkpoint-log.ts), what being fenced means (job-master.ts).
 *
 * LEW1 While a question is open nothing is deployed (`isSure`): the state that a zombie remembers may have been deleted by its
 *     successor, and its tasks would do work that counts for nothing.
 * LEW2 A store that does not answer is asked again without end: nothing can be restored without it anyway.
 * LEW3 There is one call at a time, however often it is asked for: all that was asked for before a call began is answered by that call. A
 *     busy machine stands still again and again; while the store is away the questions would add up, and writes wait behind them.
 */
import type { Clock, Log } from "../../../base/index.ts";
import type { CheckpointLog, FencedBy } from "../../checkpoint/index.ts";
import type { Turns } from "../turns.ts";

const LOOK_EVERY_MS = 250;
/** No other JobManager starts, reads the store and leads in less. A busy machine may stand still as long: then a listing is asked in vain. */
const STILL_MS = 750;
const RETRY_DELAY_MIN_MS = 100;
const RETRY_DELAY_MAX_MS = 5000;

export type LeadWatchOptions = {
  readonly log: Pick<CheckpointLog, "confirmLead" | "fencedBy">;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Log;
  readonly onFenced: (by: FencedBy) => void;
};

export class LeadWatch {
  readonly #options: LeadWatchOptions;
  /** A call is under way, or waits to be tried again. */
  #isAsking = false;
  /** Asked for since the last call began. */
  #isWanted = false;
  #lookedMs: number;

  /** Looks from now on, until the turns are closed. */
  constructor(options: LeadWatchOptions) {
    this.#options = options;
    this.#lookedMs = options.clock.monotonicMs();
    this.#look();
  }

  get isSure(): boolean {
    return !this.#isAsking;
  }

  /** To be called in a turn; until the answer is there `isSure` is false. */
  ask(): void {
    this.#isWanted = true;
    if (!this.#isAsking) this.#call(RETRY_DELAY_MIN_MS);
  }

  /** LEW3 */
  #call(delayMs: number): void {
    const { log, turns, logger, onFenced } = this.#options;
    this.#isAsking = true;
    this.#isWanted = false;
    turns.effect(
      () => log.confirmLead(),
      (outcome) => {
        if (log.fencedBy !== null) return onFenced(log.fencedBy);
        if (outcome.kind === "ok") {
          this.#isAsking = false;
          if (this.#isWanted) this.#call(RETRY_DELAY_MIN_MS);
          return;
        }
        logger.warn(
          { delayMs, err: outcome.error },
          "the store cannot be asked whether this JobManager still leads; retrying",
        );
        turns.after(delayMs, () => this.#call(Math.min(RETRY_DELAY_MAX_MS, delayMs * 2)));
      },
    );
  }

  #look(): void {
    const { clock, turns, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    const stillMs = Math.round(nowMs - this.#lookedMs);
    this.#lookedMs = nowMs;
    if (stillMs > STILL_MS) {
      logger.warn({ stillMs }, "this JobManager stood still; asking the store whether it still leads");
      this.ask();
    }
    turns.after(LOOK_EVERY_MS, () => this.#look());
  }
}
