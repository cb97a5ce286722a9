/**
 * Owns: how a stream gets event time: a timestamp from each record, watermarks from the timestamps, idleness from silence.
 * Not here: when `onPeriodic` is called, and where the result goes (operators/timestamps-and-watermarks-operator.ts).
 *
 * WS1 A generator's watermarks only rise, and stay below MAX_WATERMARK: that one is for the end of the data (WM-1).
 * WS2 A stream is idle when no record came for `idleAfter` in which records could have come: stalled time does not count (WM-3).
 *     It is seen at a call of `onPeriodic`, never early, and at most one period late.
 * WS3 The first record after idleness ends it: `onEvent` says so before the record goes on.
 */
import { type Duration, readDuration, StreamError } from "../../base/index.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../record/index.ts";
import type { TimeChange } from "./watermark-merger.ts";

/** A record's event time in epoch milliseconds. `timestamp`: what the record has so far, or NO_TIMESTAMP. */
export type TimestampOf<T> = (value: T, timestamp: number) => number;

/** Makes the watermarks of one subtask; holds its state. */
export interface WatermarkGenerator {
  /** A record with this event time is about to go on. True: it ends idleness, and `idle: false` has to go out before it. */
  onEvent(timestamp: number): boolean;
  /**
   * Called every watermark interval. `nowMs`: any clock that does not go back; `stalledMs` (default 0): how much of the time
   * up to now records could not have come, counted on the same clock, never falling.
   */
  onPeriodic(nowMs: number, stalledMs?: number): TimeChange;
}

export type WatermarkAlignmentSettings = {
  readonly group: string;
  readonly maxDriftMs: number;
  readonly updateMs: number;
};

/** What `assignTimestampsAndWatermarks` takes: one for all subtasks; makes a generator for each. */
export interface WatermarkStrategy<T> {
  /** null: records keep the timestamps they have. */
  readonly timestampOf: TimestampOf<T> | null;
  createGenerator(): WatermarkGenerator;
  /** null or absent: the source does not wait for others. */
  readonly alignment?: WatermarkAlignmentSettings | null;
  /** The same with idleness: see the function withIdleness. */
  withIdleness(idleAfter: Duration): WatermarkStrategy<T>;
  /**
   * Sources of the same `group` wait for each other (Flink's name): what is more than `maxDrift` ahead of the lowest watermark of the group is paused. Single
   * splits are, where the source can do that. Only right behind a source (`fromSource(…, { watermarks })`). `update` (default 1 s): how often they
   * compare. Errors: OPTION_INVALID.
   */
  withWatermarkAlignment(group: string, maxDrift: Duration, update?: Duration): WatermarkStrategy<T>;
}

/** For timestamps that never fall: watermark = highest timestamp - 1. */
export function forMonotonousTimestamps<T>(timestampOf: TimestampOf<T> | null = null): WatermarkStrategy<T> {
  return forBoundedOutOfOrderness(0, timestampOf);
}

/** For timestamps that are at most `delay` behind the highest: watermark = highest - delay - 1 ms (WM-1). Errors: OPTION_INVALID. */
export function forBoundedOutOfOrderness<T>(
  delay: Duration,
  timestampOf: TimestampOf<T> | null = null,
): WatermarkStrategy<T> {
  const delayMs = readDuration(delay, "forBoundedOutOfOrderness");
  return strategy(timestampOf, () => new BoundedGenerator(delayMs));
}

/** Records that bring watermarks of their own: what the generator is told of each is no timestamp, but the time that may still be late; watermark = the highest. */
export function forOwnWatermarks<T>(): WatermarkStrategy<T> {
  return strategy<T>(null, () => new BoundedGenerator(-1));
}

/** No watermarks at all: event-time timers fire only at the end of the data. */
export function noWatermarks<T>(timestampOf: TimestampOf<T> | null = null): WatermarkStrategy<T> {
  return strategy(timestampOf, () => silentGenerator);
}

/** Declares the stream idle after `idleAfter` (above 0) without a record, so that it does not hold back others (WM-3). */
export function withIdleness<T>(base: WatermarkStrategy<T>, idleAfter: Duration): WatermarkStrategy<T> {
  const idleAfterMs = readDuration(idleAfter, "withIdleness");
  if (idleAfterMs === 0) {
    throw invalid("withIdleness: the duration is 0; give a longer one");
  }
  const createGenerator = (): WatermarkGenerator => new IdlenessGenerator(base.createGenerator(), idleAfterMs);
  return strategy(base.timestampOf, createGenerator, base.alignment ?? null);
}

const UPDATE_MS = 1000;

function aligned<T>(
  base: WatermarkStrategy<T>,
  group: string,
  maxDrift: Duration,
  update: Duration = UPDATE_MS,
): WatermarkStrategy<T> {
  const what = "withWatermarkAlignment";
  if (typeof group !== "string" || group === "") throw invalid(`${what}: the group is empty; give it a name`);
  const updateMs = readDuration(update, `${what}: update`);
  if (updateMs === 0) throw invalid(`${what}: update is 0; give a longer duration`);
  const maxDriftMs = readDuration(maxDrift, `${what}: maxDrift`);
  return strategy(base.timestampOf, () => base.createGenerator(), { group, maxDriftMs, updateMs });
}

function invalid(message: string): StreamError {
  return new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
}

function strategy<T>(
  timestampOf: TimestampOf<T> | null,
  createGenerator: () => WatermarkGenerator,
  alignment: WatermarkAlignmentSettings | null = null,
): WatermarkStrategy<T> {
  const made: WatermarkStrategy<T> = {
    timestampOf,
    createGenerator,
    alignment,
    withIdleness: (idleAfter) => withIdleness(made, idleAfter),
    withWatermarkAlignment: (group, maxDrift, update) => aligned(made, group, maxDrift, update),
  };
  return made;
}

const UNCHANGED: TimeChange = { watermark: null, idle: null };
const silentGenerator: WatermarkGenerator = { onEvent: () => false, onPeriodic: () => UNCHANGED };

class BoundedGenerator implements WatermarkGenerator {
  readonly #behindMs: number;
  #highest = Number.NEGATIVE_INFINITY;
  #emitted = MIN_WATERMARK;

  /** One millisecond more than the delay lies between the highest timestamp and the watermark: others of that time may come. */
  constructor(delayMs: number) {
    this.#behindMs = delayMs + 1;
  }

  onEvent(timestamp: number): boolean {
    if (timestamp > this.#highest) this.#highest = timestamp;
    return false;
  }

  onPeriodic(): TimeChange {
    const watermark = Math.min(this.#highest - this.#behindMs, MAX_WATERMARK - 1);
    if (watermark <= this.#emitted) return UNCHANGED;
    this.#emitted = watermark;
    return { watermark, idle: null };
  }
}

class IdlenessGenerator implements WatermarkGenerator {
  readonly #base: WatermarkGenerator;
  readonly #idleAfterMs: number;
  #sawRecord = true;
  #idle = false;
  /** On the clock without stalled time; undefined before the first call. */
  #silentSinceMs: number | undefined;

  constructor(base: WatermarkGenerator, idleAfterMs: number) {
    this.#base = base;
    this.#idleAfterMs = idleAfterMs;
  }

  onEvent(timestamp: number): boolean {
    const ends = this.#idle;
    this.#sawRecord = true;
    this.#idle = false;
    return this.#base.onEvent(timestamp) || ends;
  }

  onPeriodic(nowMs: number, stalledMs = 0): TimeChange {
    const change = this.#base.onPeriodic(nowMs, stalledMs);
    const activeMs = nowMs - stalledMs;
    if (this.#sawRecord || this.#silentSinceMs === undefined) {
      // When in the past period the record came is not known: counting from now is never early (WS2).
      this.#sawRecord = false;
      this.#silentSinceMs = activeMs;
      return change;
    }
    if (this.#idle || activeMs - this.#silentSinceMs < this.#idleAfterMs) return change;
    this.#idle = true;
    return { watermark: change.watermark, idle: true };
  }
}
