/**
 * Owns: the timers of a process function, and the word that is said when event-time timers wait for watermarks that do not come (T29).
 *
 * WAT1 Timers of event time fire when a watermark passes them. Without any, an endless job would keep them for ever and look well.
 *     Whether some will come cannot be read off the graph: a source may be idle, a strategy may make none. So it is looked at a minute
 *     after the first timer.
 */
import { MIN_WATERMARK } from "../../record/index.ts";
import type { OperatorContext, TimerService } from "../../ports/index.ts";

const LOOK_AFTER_MS = 60_000;

export class WatchedTimers implements TimerService {
  readonly #timers: TimerService;
  readonly #context: OperatorContext;
  readonly #watermark: () => number;
  #isWatching = false;

  constructor(timers: TimerService, context: OperatorContext, watermark: () => number) {
    this.#timers = timers;
    this.#context = context;
    this.#watermark = watermark;
  }

  registerEventTime(timestamp: number): void {
    if (!this.#isWatching) this.#watch();
    this.#timers.registerEventTime(timestamp);
  }

  registerProcessingTime(timestamp: number): void {
    this.#timers.registerProcessingTime(timestamp);
  }

  deleteEventTime(timestamp: number): void {
    this.#timers.deleteEventTime(timestamp);
  }

  deleteProcessingTime(timestamp: number): void {
    this.#timers.deleteProcessingTime(timestamp);
  }

  #watch(): void {
    this.#isWatching = true;
    if (this.#watermark() > MIN_WATERMARK) return;
    this.#context.schedule(LOOK_AFTER_MS, () => {
      if (this.#watermark() > MIN_WATERMARK) return;
      const { name, uid, log } = this.#context;
      log.warn(
        { operator: name, uid },
        "event-time timers wait, but no watermark has come in a minute: none of them can fire; give the source watermarks " +
          "(fromSource(…, { watermarks: forBoundedOutOfOrderness(…) }) or assignTimestampsAndWatermarks), look whether one input is " +
          "idle (withIdleness), or use processing time",
      );
    });
  }
}
