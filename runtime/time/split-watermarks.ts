/**
 * Owns: one watermark and one idleness out of those of a reader's splits, which come and go. Pure.
 * Not here: a fixed number of inputs (watermark-merger.ts); which split a record is of (the operator behind the source).
 *
 * WM-8 Each split that a reader has opened has a generator of its own: the reader's watermark is the lowest of its splits that are not idle, and never goes
 *     back. A split without a record yet holds it back, unless it is idle; one that is finished does not.
 * SPW1 When all splits are idle the reader is, at the highest watermark of them (WM-4). Without any split it is what it was.
 */
import { MAX_WATERMARK, MIN_WATERMARK } from "../record/index.ts";
import type { TimeChange } from "./watermark-merger.ts";
import type { WatermarkGenerator } from "./watermark-strategy.ts";

type Split = { readonly generator: WatermarkGenerator; watermark: number; isIdle: boolean };

const UNCHANGED: TimeChange = { watermark: null, idle: null };

export class SplitWatermarks {
  readonly #createGenerator: () => WatermarkGenerator;
  readonly #splits = new Map<string, Split>();
  #emitted = MIN_WATERMARK;
  #isIdle = false;

  constructor(createGenerator: () => WatermarkGenerator) {
    this.#createGenerator = createGenerator;
  }

  get isEmpty(): boolean {
    return this.#splits.size === 0;
  }

  /** All splits are. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  has(id: string): boolean {
    return this.#splits.has(id);
  }

  /** The generator of a split, which is opened if it is not. */
  open(id: string): WatermarkGenerator {
    let split = this.#splits.get(id);
    if (split === undefined) {
      split = { generator: this.#createGenerator(), watermark: MIN_WATERMARK, isIdle: false };
      this.#splits.set(id, split);
      this.#isIdle = false;
    }
    return split.generator;
  }

  finish(id: string): void {
    this.#splits.delete(id);
  }

  /** A record ends the idleness of a split. True: and that of the reader. */
  activate(id: string): boolean {
    const split = this.#splits.get(id);
    if (split !== undefined) split.isIdle = false;
    const ends = this.#isIdle;
    this.#isIdle = false;
    return ends;
  }

  /** As WatermarkGenerator's. `pausedMsOf`: how much of the time a split was not read although it might have had records (WM-3). */
  onPeriodic(nowMs: number, stalledMs: number, pausedMsOf: (id: string) => number = () => 0): TimeChange {
    let lowestActive = MAX_WATERMARK;
    let highestIdle = MIN_WATERMARK;
    let actives = 0;
    for (const [id, split] of this.#splits) {
      const { watermark, idle } = split.generator.onPeriodic(nowMs, stalledMs + pausedMsOf(id));
      if (watermark !== null) split.watermark = Math.max(split.watermark, watermark);
      if (idle !== null) split.isIdle = idle;
      if (split.isIdle) highestIdle = Math.max(highestIdle, split.watermark);
      else {
        actives++;
        lowestActive = Math.min(lowestActive, split.watermark);
      }
    }
    if (this.#splits.size === 0) return UNCHANGED;
    const isIdle = actives === 0;
    const target = isIdle ? highestIdle : lowestActive;
    const change = {
      watermark: target > this.#emitted ? target : null,
      idle: isIdle === this.#isIdle ? null : isIdle,
    };
    this.#emitted = Math.max(this.#emitted, target);
    this.#isIdle = isIdle;
    return change;
  }

  /** What each split has reached; MIN_WATERMARK before its first. */
  watermarks(): ReadonlyMap<string, number> {
    return new Map([...this.#splits].map(([id, { watermark }]) => [id, watermark]));
  }
}
