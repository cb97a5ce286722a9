/**
 * Owns: `assignTimestampsAndWatermarks`: gives records their event time and makes the watermarks and idleness from here on.
 * Not here: how they are computed (room `time`); MAX_WATERMARK at the end of the data (the task's chain).
 *
 * TW1 Watermarks that come in end here, except MAX_WATERMARK, after which this operator emits none (ownsWatermarks).
 * TW2 A watermark is made every interval, between records; a record that ends idleness is announced before it goes on.
 */
import { isPromiseLike, StreamError } from "../../../base/index.ts";
import { MAX_WATERMARK } from "../../record/index.ts";
import type { TimestampOf, WatermarkGenerator, WatermarkStrategy } from "../../time/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { assertSynchronous } from "../synchronous-function.ts";
import { UserCall } from "../user-call.ts";

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

class TimestampsAndWatermarksOperator<T> implements StreamOperator<T, T> {
  readonly ownsWatermarks = true;
  readonly emits = "input";
  readonly #timestampOf: TimestampOf<T> | null;
  readonly #generator: WatermarkGenerator;
  readonly #intervalMs: number;
  #context!: OperatorContext;
  #output!: Output<T>;
  #ended = false;

  constructor(strategy: WatermarkStrategy<T>, intervalMs: number) {
    this.#timestampOf = strategy.timestampOf;
    this.#generator = strategy.createGenerator();
    this.#intervalMs = intervalMs;
  }

  open(context: OperatorContext, output: Output<T>): void {
    this.#context = context;
    this.#output = output;
    this.#schedule();
  }

  process(value: T, timestamp: number): void {
    const timestampOf = this.#timestampOf;
    const eventTime = timestampOf === null ? timestamp : timestampOf(value, timestamp);
    // Catches NaN and +Infinity too.
    if (typeof eventTime !== "number" || !(eventTime < Number.POSITIVE_INFINITY)) throw this.#badTimestamp(eventTime);
    if (this.#generator.onEvent(eventTime)) this.#output.emitStatus(false);
    this.#output.collect(value, eventTime);
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
    const { watermark, idle } = this.#generator.onPeriodic(this.#context.clock.monotonicMs(), stalledMs);
    if (idle === false) this.#output.emitStatus(false);
    if (watermark !== null) this.#output.emitWatermark(watermark);
    if (idle === true) this.#output.emitStatus(true);
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
