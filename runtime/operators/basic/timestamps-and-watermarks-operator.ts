/**
 * Owns: `assignTimestampsAndWatermarks`: gives records their event time and makes the watermarks and idleness from here on.
 * Not here: how they are computed (room `time`); MAX_WATERMARK at the end of the data (the task's chain).
 *
 * TW1 Watermarks that come in end here, except MAX_WATERMARK, after which this operator emits none (ownsWatermarks).
 * TW3 Behind a source whose reader tells its splits, each split has a generator (WM-8). A record costs the same as with one: the reader's word
 *     changes which generator is asked.
 * TW4 Watermarks are aligned only right behind a source, in its chain: elsewhere there is nothing to pause.
 * TW2 A watermark is made every interval, between records; a record that ends idleness is announced before it goes on.
 */
import { isPromiseLike, StreamError } from "../../../base/index.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../record/index.ts";
import {
  SplitWatermarks,
  type TimestampOf,
  type WatermarkAlignmentSettings,
  type WatermarkGenerator,
  type WatermarkStrategy,
} from "../../time/index.ts";
import type { OperatorContext, OperatorFactory, Output, SplitStep, StreamOperator } from "../../ports/index.ts";
import { assertSynchronous } from "../synchronous-function.ts";
import { UserCall } from "../user-call.ts";
import { AlignedSource } from "./aligned-source.ts";

/** `watermarkIntervalMs`: above 0; the job's `watermarkIntervalMs` (default there: 200). */
export function timestampsAndWatermarksOperator<T>(
  strategy: WatermarkStrategy<T>,
  watermarkIntervalMs: number,
): OperatorFactory<T, T> {
  if (strategy.timestampOf !== null) assertSynchronous("assignTimestampsAndWatermarks", strategy.timestampOf);
  if (!(watermarkIntervalMs > 0)) {
    throw new StreamError("OPTION_INVALID", `watermarkIntervalMs is ${watermarkIntervalMs}; give more than 0`, {
      destiny: "terminal",
    });
  }
  return {
    kind: "operator",
    name: "timestampsAndWatermarks",
    create: () => new TimestampsAndWatermarksOperator(strategy, watermarkIntervalMs),
  };
}

export class TimestampsAndWatermarksOperator<T> implements StreamOperator<T, T> {
  readonly ownsWatermarks = true;
  readonly emits = "input";
  readonly #timestampOf: TimestampOf<T> | null;
  /** Of records that are of no split. */
  readonly #ofAll: WatermarkGenerator;
  readonly #splits: SplitWatermarks;
  /** That of the present split, or `#ofAll`. */
  #generator: WatermarkGenerator;
  #split: string | null = null;
  readonly #intervalMs: number;
  readonly #alignment: WatermarkAlignmentSettings | null;
  /** null: it waits for no other source. */
  #aligned: AlignedSource | null = null;
  #context!: OperatorContext;
  protected output!: Output<T>;
  #ended = false;
  /** What went out last. */
  #watermark = MIN_WATERMARK;
  #isIdle = false;

  constructor(strategy: WatermarkStrategy<T>, intervalMs: number) {
    this.#timestampOf = strategy.timestampOf;
    this.#ofAll = strategy.createGenerator();
    this.#generator = this.#ofAll;
    this.#splits = new SplitWatermarks(() => strategy.createGenerator());
    this.#intervalMs = intervalMs;
    this.#alignment = strategy.alignment ?? null;
  }

  open(context: OperatorContext, output: Output<T>): void {
    this.#context = context;
    this.output = output;
    if (this.#alignment !== null) {
      if (context.alignment === undefined) throw this.#notAtSource();
      this.#aligned = new AlignedSource(this.#alignment, context.alignment, context.metrics);
    }
    this.#schedule();
  }

  process(value: T, timestamp: number): void {
    const timestampOf = this.#timestampOf;
    const eventTime = timestampOf === null ? timestamp : timestampOf(value, timestamp);
    // Catches NaN and +Infinity too.
    if (typeof eventTime !== "number" || !(eventTime < Number.POSITIVE_INFINITY)) throw this.#badTimestamp(eventTime);
    this.observe(eventTime);
    this.output.collect(value, eventTime);
  }

  /** A record of this event time goes on next. */
  protected observe(eventTime: number): void {
    if (this.#generator.onEvent(eventTime)) this.#activate();
  }

  onSplit(what: SplitStep, id: string): void {
    if (what !== "finish") {
      if (this.#isIdle && !this.#splits.has(id)) this.#become(false);
      const generator = this.#splits.open(id);
      if (what === "open") return;
      this.#generator = generator;
      this.#split = id;
      return;
    }
    this.#splits.finish(id);
    this.#aligned?.finished(id);
    if (this.#split !== id) return;
    this.#generator = this.#ofAll;
    this.#split = null;
  }

  onWatermark(timestamp: number): void {
    if (timestamp >= MAX_WATERMARK) this.#ended = true;
  }

  endInput(): void {
    this.#ended = true;
  }

  close(): void {
    this.#ended = true;
  }

  #schedule(): void {
    this.#context.schedule(this.#intervalMs, () => {
      if (this.#ended) return;
      this.#makeWatermark();
      this.#schedule();
    });
  }

  #makeWatermark(): void {
    const stalledMs = this.#context.stalledMs?.() ?? 0;
    const nowMs = this.#context.clock.monotonicMs();
    this.#aligned?.account(nowMs);
    const { watermark, idle } = this.#splits.isEmpty
      ? this.#ofAll.onPeriodic(nowMs, stalledMs)
      : this.#splits.onPeriodic(nowMs, stalledMs, this.#aligned?.pausedMsOf);
    if (idle === false) this.#become(false);
    if (watermark !== null && watermark > this.#watermark) {
      this.#watermark = watermark;
      this.output.emitWatermark(watermark);
    }
    if (idle === true) this.#become(true);
    this.#aligned?.apply(nowMs, { watermark: this.#watermark, isIdle: this.#isIdle }, this.#splits);
  }

  /** A record ends the idleness of its split, or of all. */
  #activate(): void {
    if (this.#split === null || this.#splits.activate(this.#split)) this.#become(false);
  }

  #become(isIdle: boolean): void {
    if (isIdle === this.#isIdle) return;
    this.#isIdle = isIdle;
    this.output.emitStatus(isIdle);
  }

  #notAtSource(): StreamError {
    return new StreamError(
      "JOB_GRAPH_INVALID",
      `${this.#context.name} (uid ${this.#context.uid}): withWatermarkAlignment has to be right at the source, and chained to it: ` +
        "give the strategy to fromSource(source, { watermarks })",
      { destiny: "terminal" },
    );
  }

  #badTimestamp(eventTime: unknown): StreamError {
    if (isPromiseLike(eventTime)) return new UserCall(this.#context).promised("what the timestamp function returned");
    return new StreamError(
      "USER_FUNCTION_FAILED",
      `${this.#context.name} (uid ${this.#context.uid}): the timestamp function returned ${String(eventTime)}; ` +
        "return epoch milliseconds, or NO_TIMESTAMP",
    );
  }
}
