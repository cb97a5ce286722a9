/**
 * Owns: the windows of a fixed length of a key, as sums of their slices: which a row counts in, and when they are over.
 *
 * SQSL1 A row is added once, to its slice. A window is over when the watermark, or the clock, reaches its end; then its slices are summed up and handed out, once, and those that no
 *     later window needs are dropped.
 * SQSL2 Each slice that is kept has a timer for the first of its windows that is not over.
 * SQSL3 A row all of whose windows are over is late: it is left out and counted.
 */
import { MIN_WATERMARK, t, type ValueType } from "../../record/index.ts";
import type { KeyedOperatorState, MapState, TimerService } from "../../ports/index.ts";
import type { Aggregation, AggregationState } from "./aggregation.ts";
import { SLICES } from "./state-names.ts";
import type { WatermarkMemory } from "./watermark-memory.ts";
import type { WindowTime } from "./window-time.ts";
import { firstOpenEnd, type WindowSlices } from "./windows.ts";

/** The window of the current key that ends then (local times) is over, and has rows. */
type Emit = (start: number, end: number, state: AggregationState) => void;

export class SlicedWindows {
  readonly #slices: WindowSlices;
  readonly #time: WindowTime;
  readonly #aggregation: Aggregation;
  readonly #watermark: WatermarkMemory;
  readonly #keyed: KeyedOperatorState;
  readonly #states: MapState<number, AggregationState>;
  readonly #timers: TimerService;
  readonly #emit: Emit;

  constructor(
    parts: { readonly slices: WindowSlices; readonly time: WindowTime; readonly aggregation: Aggregation },
    keyed: KeyedOperatorState,
    watermark: WatermarkMemory,
    emit: Emit,
  ) {
    this.#slices = parts.slices;
    this.#time = parts.time;
    this.#aggregation = parts.aggregation;
    this.#watermark = watermark;
    this.#keyed = keyed;
    this.#emit = emit;
    this.#states = keyed.map({
      name: SLICES,
      keyType: t.timestamp as ValueType<number>,
      type: parts.aggregation.type,
    });
    this.#timers = keyed.timers("windows", {
      onEventTime: (timestamp) => this.#close(timestamp + 1),
      onProcessingTime: (timestamp) => this.#close(timestamp),
    });
  }

  /** Lets `change` have the state of the current key's slice at that time. False: the row is late (SQSL3). */
  add(time: number, change: (state: AggregationState) => void): boolean {
    const slice = this.#slices.sliceOf(time);
    const end = this.#firstEnd(slice);
    if (end === null) return !this.#slices.isInWindow(slice);
    const found = this.#states.get(slice);
    if (found === undefined) this.#setTimer(end);
    const state = found ?? this.#aggregation.create();
    change(state);
    this.#states.put(slice, state);
    return true;
  }

  /** All input has come: every window is over. */
  closeAll(): void {
    this.#keyed.forEachKey(SLICES, () => {
      let end = this.#earliest((slice) => this.#firstEnd(slice));
      while (end !== null) {
        const last = end;
        this.#closeWindow(last);
        end = this.#earliest((slice) => this.#slices.nextEnd(slice, last));
      }
    });
  }

  /** The end of the first window of a slice that is not over. */
  #firstEnd(slice: number): number | null {
    // Of processing time a row is never late.
    const over = this.#time.isProctime ? MIN_WATERMARK : this.#watermark.current;
    return firstOpenEnd(this.#slices, this.#time, over, slice);
  }

  /** Of the current key: its windows that end at that instant. */
  #close(instant: number): void {
    const local = this.#time.localOf(instant);
    // Where the clock is put forward several local times are one instant.
    const ends = this.#time.isPlain ? [local] : this.#endsAt(instant);
    for (const end of ends) this.#closeWindow(end);
  }

  #closeWindow(end: number): void {
    const start = this.#slices.startOf(end);
    const slices: number[] = [];
    for (const slice of this.#states.keys()) if (slice > start && slice <= end) slices.push(slice);
    if (slices.length === 0) return;
    slices.sort((left, right) => left - right);
    const state = this.#sum(slices);
    for (const slice of slices) {
      const next = this.#slices.nextEnd(slice, end);
      if (next === null) this.#states.remove(slice);
      else this.#setTimer(next);
    }
    if (state.rows > 0) this.#emit(start, end, state);
  }

  #sum(slices: readonly number[]): AggregationState {
    const [only, second] = slices;
    if (second === undefined) return this.#states.get(only as number) as AggregationState;
    const sum = this.#aggregation.create();
    for (const slice of slices) this.#aggregation.merge(sum, this.#states.get(slice) as AggregationState);
    return sum;
  }

  /** The ends of all windows of the current key's slices that end at that instant, the first one first. */
  #endsAt(instant: number): readonly number[] {
    const ends = new Set<number>();
    for (const slice of this.#states.keys()) {
      let end = this.#slices.nextEnd(slice, -Infinity);
      while (end !== null && this.#time.instantOf(end) < instant) end = this.#slices.nextEnd(slice, end);
      for (; end !== null && this.#time.instantOf(end) === instant; end = this.#slices.nextEnd(slice, end))
        ends.add(end);
    }
    return [...ends].sort((left, right) => left - right);
  }

  /** Of the slices of the current key. */
  #earliest(endOf: (slice: number) => number | null): number | null {
    let earliest: number | null = null;
    for (const slice of this.#states.keys()) {
      const end = endOf(slice);
      if (end !== null && (earliest === null || end < earliest)) earliest = end;
    }
    return earliest;
  }

  #setTimer(end: number): void {
    if (this.#time.isProctime) this.#timers.registerProcessingTime(this.#time.instantOf(end));
    else this.#timers.registerEventTime(this.#time.lastInstantOf(end));
  }
}
