/**
 * Owns: timer services and the order in which timers fire, over all services of a back end.
 * Not here: the tables and heaps (timer-table.ts), what operators do when one fires.
 *
 * TM1 Timers fire in order of time over all services; of equal times, the service declared first goes first. A handler may
 *     register further timers up to the time being fired: they fire in the same call.
 * TM2 A timer is gone before its handler is called, and the current key is the timer's.
 * TM4 Between two timers it may be stopped, and goes on when it is called again: a handler that registers a due timer each time
 *     would otherwise keep the thread for ever, deaf to its task's cancellation.
 * TM3 The listener hears of the earliest processing time whenever that becomes earlier, but not while timers fire:
 *     `fireProcessingTime` returns the next time itself.
 */
import { StreamError } from "../../../base/index.ts";
import type { KeyContext } from "./key-context.ts";
import type { TimerHandler, TimerService } from "../../ports/index.ts";
import type { Timer, TimerTable } from "./timer-table.ts";

const always = (): boolean => true;

export class HeapTimerService implements TimerService {
  readonly name: string;
  readonly handler: TimerHandler;
  readonly eventTimers: TimerTable;
  readonly processingTimers: TimerTable;
  readonly #registry: TimerRegistry;

  constructor(name: string, handler: TimerHandler, tables: readonly [TimerTable, TimerTable], registry: TimerRegistry) {
    this.name = name;
    this.handler = handler;
    [this.eventTimers, this.processingTimers] = tables;
    this.#registry = registry;
  }

  registerEventTime(timestamp: number): void {
    this.#checkTime(timestamp);
    this.eventTimers.register(timestamp);
  }

  registerProcessingTime(timestamp: number): void {
    this.#checkTime(timestamp);
    if (this.processingTimers.register(timestamp)) this.#registry.noticeProcessingTime();
  }

  deleteEventTime(timestamp: number): void {
    this.eventTimers.delete(timestamp);
  }

  deleteProcessingTime(timestamp: number): void {
    this.processingTimers.delete(timestamp);
  }

  #checkTime(timestamp: number): void {
    if (Number.isFinite(timestamp)) return;
    // What a record without a timestamp gives, also with a number added.
    const advice =
      timestamp === Number.NEGATIVE_INFINITY
        ? "the record has no timestamp: assign one at the source (watermarks) or by assignTimestampsAndWatermarks"
        : "use epoch milliseconds";
    throw new StreamError(
      "OPTION_INVALID",
      `operator "${this.eventTimers.context.uid}" registered a timer of "${this.name}" at ${String(timestamp)}; ${advice}`,
      { destiny: "terminal" },
    );
  }
}

export class TimerRegistry {
  readonly #context: KeyContext;
  readonly #services: HeapTimerService[] = [];
  #listener: ((timestamp: number) => void) | null = null;
  /** The earliest processing time that the listener was told or `fireProcessingTime` returned. */
  #announced = Number.POSITIVE_INFINITY;
  #isFiring = false;

  constructor(context: KeyContext) {
    this.#context = context;
  }

  find(name: string): HeapTimerService | undefined {
    return this.#services.find((service) => service.name === name);
  }

  add(service: HeapTimerService): void {
    this.#services.push(service);
    this.noticeProcessingTime();
  }

  /** One listener; it is told at once when there are timers already (restored ones). */
  listen(listener: (timestamp: number) => void): void {
    this.#listener = listener;
    this.#announced = Number.POSITIVE_INFINITY;
    this.noticeProcessingTime();
  }

  noticeProcessingTime(): void {
    if (this.#isFiring || this.#listener === null) return;
    const next = this.#earliest((service) => service.processingTimers)?.timer.time ?? Number.POSITIVE_INFINITY;
    if (next >= this.#announced) return;
    this.#announced = next;
    this.#listener(next);
  }

  /** False when `mayGoOn` stopped it before all due ones had fired (TM4). */
  fireEventTime(timestamp: number, mayGoOn: () => boolean = always): boolean {
    for (let fired = 0; ; fired++) {
      const due = this.#earliest((service) => service.eventTimers);
      if (due === null || due.timer.time > timestamp) return true;
      if (fired > 0 && !mayGoOn()) return false;
      due.service.eventTimers.remove(due.timer);
      this.#context.set(due.timer.key, due.timer.hash);
      due.service.handler.onEventTime(due.timer.time);
    }
  }

  /** Returns the next timer's time, or null. */
  fireProcessingTime(nowMs: number, mayGoOn: () => boolean = always): number | null {
    this.#isFiring = true;
    try {
      for (let fired = 0; ; fired++) {
        const due = this.#earliest((service) => service.processingTimers);
        if (due === null || due.timer.time > nowMs || (fired > 0 && !mayGoOn())) {
          this.#announced = due?.timer.time ?? Number.POSITIVE_INFINITY;
          return due?.timer.time ?? null;
        }
        due.service.processingTimers.remove(due.timer);
        this.#context.set(due.timer.key, due.timer.hash);
        due.service.handler.onProcessingTime(due.timer.time);
      }
    } finally {
      this.#isFiring = false;
    }
  }

  #earliest(tableOf: (service: HeapTimerService) => TimerTable): { service: HeapTimerService; timer: Timer } | null {
    let found: { service: HeapTimerService; timer: Timer } | null = null;
    for (const service of this.#services) {
      const timer = tableOf(service).first();
      if (timer !== undefined && (found === null || timer.time < found.timer.time)) found = { service, timer };
    }
    return found;
  }
}
