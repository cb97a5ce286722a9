/**
 * Owns: how many rows may be under way to a task, so that it works them off in about a fixed time (buffer debloating, as in
 * Flink, which sizes its buffers in bytes by the same rule). A barrier waits behind what is under way: without a bound in time an
 * aligned checkpoint behind a slow sink takes as long as the sink needs for all the buffers.
 * Not here: keeping to it (the channels). Called by: taskmanager/task. Pure: the caller tells the time.
 *
 * BD1 What counts is the rate of the task while it had input: waiting for input says nothing about it. Waiting for its own
 *     promises, for its thread and for those behind it does.
 * BD2 It begins with few rows, and doubles them while they are worked off within a period: nobody waits for a fast task, and a
 *     slow one never gets what it cannot work off.
 * BD3 After that the rate is smoothed over some periods, and the rows follow it when they are off by a threshold.
 */

export type DebloatSettings = {
  /** What is under way is to take so long. */
  readonly targetMs: number;
  /** A sample is taken after so much time in which the task had input. */
  readonly periodMs: number;
  /** Samples that the rate is smoothed over. */
  readonly samples: number;
  /** A smaller change of the rows, in percent, is not worth telling. */
  readonly thresholdPercent: number;
};

/** At the start, for all channels together. */
const FIRST_ROWS = 40;
/** As much as the channels can hold (link.ts): with more they are not bounded. */
const CHANNEL_ROWS_MAX = 65_536;

export class BufferDebloater {
  readonly #settings: DebloatSettings;
  readonly #allow: (rows: number) => void;
  readonly #rowsMin: number;
  readonly #rowsMax: number;
  #allowed: number;
  /** Rows a millisecond; null: no sample yet. */
  #rate: number | null = null;
  #rows = 0;
  #activeMs = 0;
  #lastMs: number;
  #isStarved = true;

  /** `allow` is called at once, and with every change; `channels`: of the task's input, at least one row for each. */
  constructor(settings: DebloatSettings, channels: number, nowMs: number, allow: (rows: number) => void) {
    this.#settings = settings;
    this.#allow = allow;
    this.#rowsMin = channels;
    this.#rowsMax = channels * CHANNEL_ROWS_MAX;
    this.#lastMs = nowMs;
    this.#allowed = Math.max(FIRST_ROWS, channels);
    allow(this.#allowed);
  }

  /** The task has its turn. */
  begin(nowMs: number): void {
    if (!this.#isStarved) this.#activeMs += nowMs - this.#lastMs;
    this.#lastMs = nowMs;
  }

  /** Its turn is over after `rows` rows; `isStarved`: because there is no input that it might take. */
  end(nowMs: number, rows: number, isStarved: boolean): void {
    this.#activeMs += nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    this.#isStarved = isStarved;
    this.#rows += rows;
    if (this.#activeMs >= this.#settings.periodMs) this.#follow();
    else if (this.#rows >= this.#allowed) this.#grow();
  }

  /** BD2 */
  #grow(): void {
    this.#rate = this.#rows / this.#activeMs;
    this.#sampled();
    this.#set(Math.min(2 * this.#allowed, this.#rate * this.#settings.targetMs), 0);
  }

  /** BD3 */
  #follow(): void {
    // One row may take longer than a period: the sample waits for it.
    if (this.#rows === 0) return;
    const { samples, targetMs, thresholdPercent } = this.#settings;
    const sample = this.#rows / this.#activeMs;
    this.#rate = this.#rate === null ? sample : this.#rate + (sample - this.#rate) * (2 / (samples + 1));
    this.#sampled();
    this.#set(this.#rate * targetMs, thresholdPercent);
  }

  #sampled(): void {
    this.#rows = 0;
    this.#activeMs = 0;
  }

  #set(wanted: number, thresholdPercent: number): void {
    const rows = Math.round(Math.min(this.#rowsMax, Math.max(this.#rowsMin, wanted)));
    if (Math.abs(rows - this.#allowed) * 100 < thresholdPercent * this.#allowed || rows === this.#allowed) return;
    this.#allowed = rows;
    this.#allow(rows);
  }
}
