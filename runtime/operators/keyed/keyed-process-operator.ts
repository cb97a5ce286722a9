/**
 * Owns: `process` on a keyed stream: a user's KeyedProcessFunction, its context, and its timers.
 * Not here: keeping and firing the timers (room `state`); setting the current key (the task's chain).
 *
 * KP1 In `onTimer` the watermark is the one that fired the timer, already risen: a timer that is registered at or below it
 *     comes due in the same advance. (When the chain does not announce it, it is at least the timer's time.)
 * KP2 A record emitted in an event-time timer has the timer's time; in a processing-time timer it has no timestamp, because
 *     that time is none of the event's.
 */
import { assert } from "../../../base/index.ts";
import { type Key, keyHash, NO_TIMESTAMP } from "../../record/index.ts";
import type {
  Emitter,
  KeyedOperatorState,
  KeyedProcessFunction,
  KeyedStates,
  NoStates,
  OperatorContext,
  OperatorFactory,
  OrFactory,
  Output,
  StreamOperator,
  TimerContext,
  TimerService,
} from "../../ports/index.ts";
import { declarationsOf } from "../declared-state.ts";
import { FunctionMaker, OperatorProcessContext, ProcessCalls } from "../process-context.ts";
import { WatchedTimers } from "./watched-timers.ts";
import type { UserCall } from "../user-call.ts";

/** Names the timers in checkpoints. */
const TIMERS = "user-timers";

/** Calls a KeyedProcessFunction for each record and timer. */
export function keyedProcessOperator<K extends Key, I, O, S extends KeyedStates = NoStates>(
  fn: OrFactory<KeyedProcessFunction<K, I, O, S>>,
): OperatorFactory<I, O> {
  const maker = new FunctionMaker<KeyedProcessFunction<K, I, O, S>, S>("process", fn);
  const { states } = maker;
  const declares = [...declarationsOf(states, true), { name: TIMERS, kind: "timers", type: "timestamp" }];
  return { kind: "operator", name: "process", declares, create: () => new KeyedProcessOperator(maker.make(), states) };
}

class KeyedContext<K extends Key, O, S extends KeyedStates>
  extends OperatorProcessContext<O, S>
  implements TimerContext<K, O, S>
{
  timeDomain: "event" | "processing" = "event";
  timers!: TimerService;
  readonly #keyed: KeyedOperatorState;

  constructor(
    context: OperatorContext,
    calls: { readonly call: UserCall; readonly out: Emitter<O> },
    states: S,
    keyed: KeyedOperatorState,
  ) {
    super(context, calls, states, keyed);
    this.#keyed = keyed;
  }

  get currentKey(): K {
    if (!this.call.isOpen) throw this.call.late("context.currentKey");
    return this.#keyed.currentKey() as K;
  }
}

class KeyedProcessOperator<K extends Key, I, O, S extends KeyedStates> implements StreamOperator<I, O> {
  readonly emits = "state";
  readonly #fn: KeyedProcessFunction<K, I, O, S>;
  readonly #states: S;
  #keyed!: KeyedOperatorState;
  #context!: KeyedContext<K, O, S>;
  #calls!: ProcessCalls<I, O>;
  /** Of the record whose generator is being emitted: its key is set again each time that it goes on (FN4). */
  #steppedKey: { readonly key: Key; readonly hash: number } | null = null;

  constructor(fn: KeyedProcessFunction<K, I, O, S>, states: S) {
    this.#fn = fn;
    this.#states = states;
  }

  open(context: OperatorContext, output: Output<O>): void | Promise<void> {
    const { keyed } = context;
    assert(keyed !== null, `process with keys, uid ${context.uid}, was opened without keyed state`);
    this.#keyed = keyed;
    const calls = new ProcessCalls<I, O>(context, output, {
      begin: () => {
        if (this.#steppedKey !== null) keyed.setCurrentKey(this.#steppedKey.key, this.#steppedKey.hash);
      },
      handle: () => assert(false, "an operator with keys is the first of its task and keeps no records"),
    });
    this.#calls = calls;
    this.#context = new KeyedContext(context, calls, this.#states, keyed);
    const timers = keyed.timers(TIMERS, {
      onEventTime: (timestamp) => this.#onEventTime(timestamp),
      onProcessingTime: (timestamp) => this.#onProcessingTime(timestamp),
    });
    this.#context.timers = new WatchedTimers(timers, context, () => this.#context.risen);
    calls.begin();
    return calls.opening(this.#fn.open?.(this.#context));
  }

  process(value: I, timestamp: number): void {
    const calls = this.#calls;
    this.#context.now = timestamp;
    calls.emitTimestamp = timestamp;
    calls.begin();
    const returned: unknown = this.#fn.process(value, this.#context);
    calls.call.isOpen = false;
    if (returned !== undefined) this.#finish(returned, timestamp);
  }

  beforeWatermark(timestamp: number): void {
    this.#context.risen = timestamp;
  }

  onWatermark(timestamp: number): void {
    this.#context.risen = timestamp;
  }

  close(): void | Promise<void> {
    this.#calls?.close();
    return this.#fn.close?.();
  }

  #finish(returned: unknown, timestamp: number): void {
    const key = this.#keyed.currentKey();
    this.#steppedKey = { key, hash: keyHash(key) };
    this.#calls.finish(returned, timestamp);
  }

  #onEventTime(timestamp: number): void {
    const context = this.#context;
    if (timestamp > context.risen) context.risen = timestamp;
    context.timeDomain = "event";
    this.#calls.emitTimestamp = timestamp;
    this.#onTimer(timestamp);
  }

  #onProcessingTime(timestamp: number): void {
    this.#context.timeDomain = "processing";
    this.#calls.emitTimestamp = NO_TIMESTAMP;
    this.#onTimer(timestamp);
  }

  #onTimer(timestamp: number): void {
    const calls = this.#calls;
    this.#context.now = timestamp;
    calls.begin();
    const returned: unknown = this.#fn.onTimer?.(timestamp, this.#context);
    calls.call.isOpen = false;
    if (returned !== undefined) calls.finishTimer(returned);
  }
}
