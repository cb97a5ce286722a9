/**
 * Owns: `process` on a keyed stream: a user's KeyedProcessFunction, its context, and its timers.
 * Not here: keeping and firing the timers (room `state`); setting the current key (the task's chain).
 *
 * KP1 In `onTimer` the watermark is the one that fired the timer, already risen: a timer that is registered at or below it
 *     comes due in the same advance. (When the chain does not announce it, it is at least the timer's time.)
 * KP2 A record emitted in an event-time timer has the timer's time; in a processing-time timer it has no timestamp, because
 *     that time is none of the event's.
 */
import { assert } from "../base/index.ts";
import { type Key, NO_TIMESTAMP } from "../record/index.ts";
import type { KeyedStateBackend, KeyedStateStore, TimerService } from "../state/index.ts";
import type { Emit, KeyedProcessFunction, OrFactory, TimerContext } from "./functions.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "./operator.ts";
import { instanceOf, OperatorProcessContext } from "./process-operator.ts";

/** Names the timers in checkpoints. */
const TIMERS = "user-timers";

/** Calls a KeyedProcessFunction for each record and timer. */
export function keyedProcessOperator<K extends Key, I, O>(
  fn: OrFactory<KeyedProcessFunction<K, I, O>>,
): OperatorFactory<I, O> {
  return { kind: "operator", name: "process", create: () => new KeyedProcessOperator(instanceOf("process", fn)) };
}

class KeyedContext<K extends Key> extends OperatorProcessContext implements TimerContext<K> {
  timeDomain: "event" | "processing" = "event";
  readonly state: KeyedStateStore;
  timers!: TimerService;
  readonly #keyed: KeyedStateBackend;

  constructor(context: OperatorContext, keyed: KeyedStateBackend) {
    super(context);
    this.#keyed = keyed;
    this.state = keyed;
  }

  get currentKey(): K {
    return this.#keyed.currentKey() as K;
  }
}

class KeyedProcessOperator<K extends Key, I, O> implements StreamOperator<I, O> {
  readonly emits = "state";
  readonly #fn: KeyedProcessFunction<K, I, O>;
  #context!: KeyedContext<K>;
  #emit!: Emit<O>;
  /** What a record is emitted with when the function names no timestamp (KP2). */
  #emitTimestamp = NO_TIMESTAMP;

  constructor(fn: KeyedProcessFunction<K, I, O>) {
    this.#fn = fn;
  }

  open(context: OperatorContext, output: Output<O>): void | Promise<void> {
    assert(context.keyed !== null, `process with keys, uid ${context.uid}, was opened without keyed state`);
    this.#context = new KeyedContext(context, context.keyed);
    this.#emit = (value, timestamp = this.#emitTimestamp) => output.collect(value, timestamp);
    this.#context.timers = context.keyed.timers(TIMERS, {
      onEventTime: (timestamp) => this.#onEventTime(timestamp),
      onProcessingTime: (timestamp) => this.#onProcessingTime(timestamp),
    });
    return this.#fn.open?.(this.#context);
  }

  process(value: I, timestamp: number): void {
    this.#context.timestamp = timestamp;
    this.#emitTimestamp = timestamp;
    this.#fn.process(value, this.#context, this.#emit);
  }

  beforeWatermark(timestamp: number): void {
    this.#context.watermark = timestamp;
  }

  onWatermark(timestamp: number): void {
    this.#context.watermark = timestamp;
  }

  close(): void | Promise<void> {
    return this.#fn.close?.();
  }

  #onEventTime(timestamp: number): void {
    const context = this.#context;
    if (timestamp > context.watermark) context.watermark = timestamp;
    context.timestamp = timestamp;
    context.timeDomain = "event";
    this.#emitTimestamp = timestamp;
    this.#fn.onTimer?.(timestamp, context, this.#emit);
  }

  #onProcessingTime(timestamp: number): void {
    const context = this.#context;
    context.timestamp = timestamp;
    context.timeDomain = "processing";
    this.#emitTimestamp = NO_TIMESTAMP;
    this.#fn.onTimer?.(timestamp, context, this.#emit);
  }
}
