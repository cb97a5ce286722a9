/**
 * Owns: when a long encoding or decoding gives way to records (SB1).
 *
 * TB1 Work goes on for at most TURN_MS and the piece it is in (chunks take about a millisecond), then a turn is awaited.
 */
import type { Clock } from "../../../base/index.ts";
import type { Turn } from "../backend.ts";

const TURN_MS = 4;

export class TurnBudget {
  readonly #clock: Clock | undefined;
  readonly #turn: Turn;
  #startedMs: number;

  /** Without a clock every piece is a turn. */
  constructor(clock: Clock | undefined, turn: Turn) {
    this.#clock = clock;
    this.#turn = turn;
    this.#startedMs = clock?.monotonicMs() ?? 0;
  }

  /** Asked after each piece of work; when true, `giveWay` is awaited. */
  isSpent(): boolean {
    return this.#clock === undefined || this.#clock.monotonicMs() - this.#startedMs >= TURN_MS;
  }

  async giveWay(): Promise<void> {
    await this.#turn();
    this.#startedMs = this.#clock?.monotonicMs() ?? 0;
  }
}
