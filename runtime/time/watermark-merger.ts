/**
 * Owns: one watermark and one idleness out of several inputs'.
 * Not here: making watermarks (watermark-strategy.ts); forwarding them in order with records (the task).
 * Called by: a task for its input channels, and wherever streams meet.
 *
 * WM-2 While an input is active, the merged watermark is the minimum over the active inputs. It never goes back.
 * WM-3 An idle input does not hold it back. One that becomes active again does, until it has caught up.
 * WM-4 The output is idle when all inputs that have not ended are idle. Then nothing holds the watermark back, and it goes to
 *      the highest of the idle inputs', so that it does not depend on the order in which they became idle (as Flink's does).
 * WM-7 An ended input does not carry the output over an idle one (docs/semantics.md).
 */
import { assert } from "../../base/index.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../record/index.ts";

/**
 * What a change of an input did to the output; null: unchanged. When both changed, forward the watermark while active: before
 * `idle: true`, after `idle: false`.
 */
export type TimeChange = { readonly watermark: number | null; readonly idle: boolean | null };

const UNCHANGED: TimeChange = { watermark: null, idle: null };
const ACTIVE = 0;
const IDLE = 1;
const ENDED = 2;

/** Merges the watermarks and the idleness of a fixed number of inputs, numbered from 0; all start active at MIN_WATERMARK. */
export class WatermarkMerger {
  readonly #watermarks: Float64Array;
  readonly #states: Uint8Array;
  #current = MIN_WATERMARK;
  #isIdle = false;

  /** `inputs`: 1 or more. */
  constructor(inputs: number) {
    assert(Number.isInteger(inputs) && inputs >= 1, `a WatermarkMerger of ${inputs} inputs`);
    this.#watermarks = new Float64Array(inputs).fill(MIN_WATERMARK);
    this.#states = new Uint8Array(inputs).fill(ACTIVE);
  }

  /** The last merged watermark; MIN_WATERMARK before the first. */
  get current(): number {
    return this.#current;
  }

  /** False when all inputs have ended. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /**
   * The new merged watermark, or null when it did not rise. A lower one than the input's last is ignored; an idle input's counts
   * once it is active again, or when the whole output is idle.
   */
  onWatermark(input: number, timestamp: number): number | null {
    const previous = this.#watermarkOf(input);
    assert(!Number.isNaN(timestamp), `a watermark from input ${input} is not a number`);
    if (timestamp <= previous) return null;
    this.#watermarks[input] = Math.min(timestamp, MAX_WATERMARK);
    // An active input that was ahead of the merged watermark is not what holds it back.
    if (this.#states[input] === ACTIVE && timestamp < MAX_WATERMARK && previous > this.#current) return null;
    return this.#settle().watermark;
  }

  /** An input became idle or active. Telling it again, or for an input that has ended, changes nothing. */
  onStatus(input: number, idle: boolean): TimeChange {
    this.#watermarkOf(input);
    const state = idle ? IDLE : ACTIVE;
    if (this.#states[input] === ENDED || this.#states[input] === state) return UNCHANGED;
    this.#states[input] = state;
    return this.#settle();
  }

  /** An input has no more records. */
  onEnd(input: number): TimeChange {
    this.#watermarkOf(input);
    if (this.#states[input] === ENDED) return UNCHANGED;
    this.#states[input] = ENDED;
    this.#watermarks[input] = MAX_WATERMARK;
    return this.#settle();
  }

  #watermarkOf(input: number): number {
    const watermark = this.#watermarks[input];
    assert(watermark !== undefined, `input ${input} of a WatermarkMerger of ${this.#watermarks.length}`);
    return watermark;
  }

  #allFinal(): boolean {
    return this.#watermarks.every((watermark) => watermark === MAX_WATERMARK);
  }

  #settle(): TimeChange {
    let lowestActive = MAX_WATERMARK;
    let highestIdle = MIN_WATERMARK;
    let actives = 0;
    let idles = 0;
    for (let input = 0; input < this.#states.length; input++) {
      const state = this.#states[input];
      const watermark = this.#watermarks[input] as number;
      if (state === ACTIVE) {
        actives++;
        if (watermark < lowestActive) lowestActive = watermark;
      } else if (state === IDLE) {
        idles++;
        if (watermark < MAX_WATERMARK && watermark > highestIdle) highestIdle = watermark;
      }
    }
    let target = actives > 0 ? lowestActive : highestIdle;
    // Every active input is through: the end, unless an idle one may still have records (WM-7).
    if (target === MAX_WATERMARK) target = this.#current;
    if (this.#allFinal()) target = MAX_WATERMARK;
    const isIdle = actives === 0 && idles > 0;
    const change = {
      watermark: target > this.#current ? target : null,
      idle: isIdle === this.#isIdle ? null : isIdle,
    };
    if (target > this.#current) this.#current = target;
    this.#isIdle = isIdle;
    return change;
  }
}
