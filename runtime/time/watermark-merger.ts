/**
 * Owns: one watermark and one idleness out of several inputs'.
 * Not here: making watermarks (watermark-strategy.ts); forwarding them in order with records (the task's chain).
 * Called by: a task for its input channels, and by an operator chain where streams meet.
 *
 * WM-2 While an input is active, the merged watermark is the minimum over the active inputs. It never goes back.
 * WM-3 An idle input does not hold it back. One that becomes active again does, until it has caught up.
 * WM-4 The output is idle when all inputs that have not ended are idle. Then nothing holds the watermark back: it goes to the
 *      highest that an idle input had, so that it does not depend on the order in which they became idle (as Flink's does).
 * WM-7 An ended input counts as MAX_WATERMARK and is never idle, and one whose watermark is MAX_WATERMARK has ended in event
 *      time: neither holds back, and neither carries the output over an idle input that may still have records to come:
 *      MAX_WATERMARK is reached only when every input has.
 */
import { assert } from "../base/index.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../record/index.ts";

/** What a change of an input did to the output; null: unchanged. Forward the watermark before `idle: true`, after `idle: false`. */
export type TimeChange = { readonly watermark: number | null; readonly idle: boolean | null };

const UNCHANGED: TimeChange = { watermark: null, idle: null };

/** Merges the watermarks and idleness of a fixed number of inputs, numbered from 0; all start active at MIN_WATERMARK. */
export class WatermarkMerger {
  readonly #watermarks: Float64Array;
  readonly #idle: Uint8Array;
  #merged = MIN_WATERMARK;
  #mergedIdle = false;

  /** `inputs`: 1 or more. */
  constructor(inputs: number) {
    assert(Number.isInteger(inputs) && inputs >= 1, `a WatermarkMerger of ${inputs} inputs`);
    this.#watermarks = new Float64Array(inputs).fill(MIN_WATERMARK);
    this.#idle = new Uint8Array(inputs);
  }

  /** The last merged watermark; MIN_WATERMARK before the first. */
  get current(): number {
    return this.#merged;
  }

  /** True while no input that may still have records is active. */
  get isIdle(): boolean {
    return this.#mergedIdle;
  }

  /**
   * The new merged watermark, or null when it did not rise. An idle input's watermark is kept for when it is active again;
   * MAX_WATERMARK also makes the input active, because it ends it. See `isIdle` after MAX_WATERMARK: with the last active input
   * gone the output may be idle; `onEnd` tells both at once.
   */
  onWatermark(input: number, timestamp: number): number | null {
    this.#assertInput(input);
    if (timestamp <= (this.#watermarks[input] as number)) return null;
    if (timestamp >= MAX_WATERMARK) return this.#end(input).watermark;
    this.#watermarks[input] = timestamp;
    return this.#idle[input] === 1 ? null : this.#advance();
  }

  /** An input became idle or active. */
  onStatus(input: number, idle: boolean): TimeChange {
    this.#assertInput(input);
    if ((this.#watermarks[input] as number) >= MAX_WATERMARK || (this.#idle[input] === 1) === idle) return UNCHANGED;
    this.#idle[input] = idle ? 1 : 0;
    return this.#settle();
  }

  /** An input has no more records. */
  onEnd(input: number): TimeChange {
    this.#assertInput(input);
    return (this.#watermarks[input] as number) >= MAX_WATERMARK ? UNCHANGED : this.#end(input);
  }
}
