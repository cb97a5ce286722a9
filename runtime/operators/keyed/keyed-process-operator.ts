/**
 * Owns: `process` on a keyed stream: a user's KeyedProcessFunction, or a function of two streams that was adapted to it; its context
 *       and its timers.
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
  KeyedBroadcastContext,
  KeyedOperatorState,
  KeyedProcessFunction,
  KeyedStates,
  NoSideOutputs,
  NoStates,
  OperatorContext,
  OperatorFactory,
  OrFactory,
  Output,
  SideOutputTypes,
  StateHandles,
  StreamOperator,
  TimerContext,
  TimerService,
} from "../../ports/index.ts";
import {
  type ContextParts,
  FunctionMaker,
  OF_ONE_STREAM,
  OperatorProcessContext,
  ProcessCalls,
  type ProcessHooks,
  type SecondHook,
} from "../process-context.ts";
import { WatchedTimers } from "./watched-timers.ts";

/** Names the timers in checkpoints. */
const TIMERS = "user-timers";

/** Calls a KeyedProcessFunction for each record and timer. */
export function keyedProcessOperator<
  K extends Key,
  I,
  O,
  S extends KeyedStates = NoStates,
  X extends SideOutputTypes = NoSideOutputs,
>(fn: OrFactory<KeyedProcessFunction<K, I, O, S, X>>): OperatorFactory<I, O> {
  const maker = new FunctionMaker<KeyedProcessFunction<K, I, O, S, X>, S, X>({ ...OF_ONE_STREAM, isKeyed: true }, fn);
  return keyedFactory(maker, () => new KeyedProcessOperator(maker.make(), maker, null));
}

/** With the timers that every keyed process function may register. */
export function keyedFactory<I, O>(
  { declared }: Pick<FunctionMaker<object, KeyedStates, SideOutputTypes>, "declared">,
  create: () => StreamOperator<I, O>,
): OperatorFactory<I, O> {
  const timers = { name: TIMERS, kind: "timers", type: "timestamp" };
  return { ...declared, declares: [...(declared.declares ?? []), timers], create };
}

/** The contexts of all hooks in one; what a hook may use of it is in its type. */
export type AnyKeyedContext<K extends Key, O, S, X> = TimerContext<K, O, S, X> &
  Pick<KeyedBroadcastContext<K, O, S, X>, "applyToKeys">;

class KeyedContext<K extends Key, O, S extends KeyedStates, X extends SideOutputTypes>
  extends OperatorProcessContext<O, S, X>
  implements AnyKeyedContext<K, O, S, X>
{
  timeDomain: "event" | "processing" = "event";
  timers!: TimerService;
  readonly #keyed: KeyedOperatorState;
  readonly #states: S;

  constructor(context: OperatorContext, calls: ContextParts<O, X>, states: S, keyed: KeyedOperatorState) {
    super(context, calls, states, keyed);
    this.#keyed = keyed;
    this.#states = states;
  }

  get currentKey(): K {
    if (!this.call.isOpen) throw this.call.late("context.currentKey");
    return this.#keyed.currentKey() as K;
  }

  readonly applyToKeys = <N extends keyof S & string>(
    name: N,
    apply: (state: StateHandles<S>[N], key: K) => void,
  ): void => {
    if (!this.call.isOpen) throw this.call.late("context.applyToKeys");
    if (!this.call.isOfBroadcast) throw this.call.refused("context.applyToKeys", "it is for processBroadcast only");
    if (this.#states[name]?.scope !== "keyed") {
      throw this.call.refused(`context.applyToKeys("${name}")`, "the function declares no keyed state of that name");
    }
    this.#keyed.forEachKey(name, (key) => {
      this.call.refusePromise("what the function of applyToKeys returned", apply(this.state[name], key as K));
    });
  };
}

export class KeyedProcessOperator<K extends Key, I, O, S extends KeyedStates, X extends SideOutputTypes>
  implements StreamOperator<I, O>
{
  readonly emits = "state";
  readonly #fn: ProcessHooks<I, O, AnyKeyedContext<K, O, S, X>>;
  readonly #declared: { readonly states: S; readonly sideOutputs: X };
  readonly #second: SecondHook<AnyKeyedContext<K, O, S, X>> | null;
  #keyed!: KeyedOperatorState;
  #context!: KeyedContext<K, O, S, X>;
  #calls!: ProcessCalls<I, O, X>;
  /** Of the record whose generator is being emitted: its key is set again each time that it goes on (FN4). */
  #steppedKey: { readonly key: Key; readonly hash: number } | null = null;

  /** `second`: null for a function of one stream. */
  constructor(
    fn: ProcessHooks<I, O, AnyKeyedContext<K, O, S, X>>,
    declared: { readonly states: S; readonly sideOutputs: X },
    second: SecondHook<AnyKeyedContext<K, O, S, X>> | null,
  ) {
    this.#fn = fn;
    this.#declared = declared;
    this.#second = second;
  }

  open(context: OperatorContext, output: Output<O>): void | Promise<void> {
    const { keyed } = context;
    assert(keyed !== null, `process with keys, uid ${context.uid}, was opened without keyed state`);
    this.#keyed = keyed;
    const { states, sideOutputs } = this.#declared;
    const calls = new ProcessCalls<I, O, X>(context, output, {
      sideOutputs,
      begin: () => {
        if (this.#steppedKey !== null) keyed.setCurrentKey(this.#steppedKey.key, this.#steppedKey.hash);
      },
      handle: () => assert(false, "an operator with keys is the first of its task and keeps no records"),
    });
    this.#calls = calls;
    this.#context = new KeyedContext(context, calls, states, keyed);
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

  processInput(_input: number, value: unknown, timestamp: number): void {
    const second = this.#second;
    assert(second !== null, "a function of one stream has one input");
    const returned = this.#calls.callSecond(second, value, this.#context, timestamp);
    if (returned === undefined) return;
    if (!second.isBroadcast) {
      this.#finish(returned, timestamp, second.name);
      return;
    }
    this.#steppedKey = null;
    this.#calls.finish(returned, timestamp, second.name);
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

  #finish(returned: unknown, timestamp: number, hook?: string): void {
    const key = this.#keyed.currentKey();
    this.#steppedKey = { key, hash: keyHash(key) };
    this.#calls.finish(returned, timestamp, hook);
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
