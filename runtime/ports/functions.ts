/**
 * Owns: the shapes of the functions that users write for operators.
 * Not here: the operators that call them (one file each); what states and timers can do (room `state`).
 *
 * FN1 Functions are synchronous: nothing is awaited per record. `open` and `close` may be asynchronous.
 * FN2 The context belongs to the operator and is the same object in every call: read from it during the call, do not keep what
 *     it says for later.
 * FN3 A record is never changed after it was emitted: other operators may hold the same object. It is frozen, so that who tries
 *     meets a TypeError there (record/value-guard.ts, VG2); with `pipeline.object-reuse` the functions' word is taken for it.
 * FN4 A generator that flatMap or process returns is paused between its values while what follows has no room, so it may yield any
 *     number of records; its record's key and context hold until it ends.
 * FN5 The states of a process function are those that it declares (`state`), no others: they are in the graph, so that a changed type
 *     is refused before the job that wrote them is stopped.
 */
import type { Clock, Log } from "../../base/index.ts";
import type { Key } from "../record/index.ts";
import type { KeyedStates, NoStates, OperatorStates, StateHandles } from "./declared-state.ts";
import type { MetricGroup } from "./metrics.ts";
import type { NoSideOutputs, SideOutputEmitters, SideOutputTypes } from "./side-outputs.ts";
import type { TimerService } from "./state.ts";

/**
 * Nothing more is asked of a result that is no promise; of one that is or may be, what nothing fulfils. For parameters, beside the
 * function's own type: a promise is inferred as a result like any other.
 */
export type Synchronous<O> = 0 extends 1 & O // any
  ? unknown
  : [Extract<O, PromiseLike<unknown>>] extends [never]
    ? unknown
    : "the function returns a promise, but nothing is awaited per record";

export type MapFunction<I, O> = (value: I) => O;
export type FilterFunction<T> = (value: T) => boolean;
/**
 * Emits by `out.collect`, by returning an array or another iterable, or both (collected ones first). A generator (`function*`) is paused
 * while what follows has no room (FN4); what is collected has to wait in memory then.
 */
export type FlatMapFunction<I, O> = (value: I, out: Emitter<O>) => Iterable<O> | void;
/** Must return a value: a new one, or one of the two unchanged; both may already be on their way elsewhere (FN3). */
export type ReduceFunction<T> = (current: T, value: T) => T;

/** Where the records of a function go. It ends with the call; both may be used without it: `values.forEach(out.collect)`. */
export interface Emitter<O> {
  /**
   * Emits a record with the timestamp of the record or event-time timer being processed; with none (NO_TIMESTAMP) in a
   * processing-time timer.
   */
  readonly collect: (value: O) => void;
  /** Emits a record with another timestamp, in epoch milliseconds. */
  readonly collectAt: (value: O, timestamp: number) => void;
}

/** What a process function can see (FN2). `O`: what it emits; a context without it emits nothing. */
export interface ProcessContext<O = never, S = NoStates, X = NoSideOutputs> {
  /** The declared states; of a keyed stream those of the current key. */
  readonly state: StateHandles<S>;
  readonly out: Emitter<O>;
  /** The declared side outputs: `sideOutputs.rejected.collect(value)`. */
  readonly sideOutputs: SideOutputEmitters<X>;
  /** Of the record or timer being processed, epoch milliseconds; NO_TIMESTAMP when the record has none. */
  readonly timestamp: number;
  /** No record with a timestamp at or below it is expected; MIN_WATERMARK before the first watermark. */
  readonly watermark: number;
  readonly uid: string;
  readonly name: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Counters, gauges, histograms and meters, by name; may be used outside of a call, too. */
  readonly metrics: MetricGroup;
}

/** What a keyed process function can see; states and timers are those of the current key. */
export interface KeyedProcessContext<K extends Key = Key, O = never, S = NoStates, X = NoSideOutputs>
  extends ProcessContext<O, S, X> {
  /** The key of the record or timer; not to be read in `open`. */
  readonly currentKey: K;
  readonly timers: TimerService;
}

/** What `onTimer` can see. */
export interface TimerContext<K extends Key = Key, O = never, S = NoStates, X = NoSideOutputs>
  extends KeyedProcessContext<K, O, S, X> {
  readonly timeDomain: "event" | "processing";
}

/** Nothing: a promise in particular is none, as it would be where the type is `void` alone. */
export type Nothing = undefined | void;

/** What a process function declares, so that it is in the graph, and does around its records. `C`: its context. */
export interface DeclaredFunction<C, S, X extends SideOutputTypes> {
  /** The states by name (FN5): `{ total: value(t.float64) }`; without keys `{ seen: operatorList(t.string) }`. Default: none. */
  readonly state?: S;
  /** Outputs beside the main one, by name: `{ rejected: t.string }`; taken with `stream.sideOutput("rejected")`. Default: none. */
  readonly sideOutputs?: X;
  /** Prepares; awaited before the first record. There is no key yet, so keyed state is not to be read. */
  open?(context: C): void | Promise<void>;
  close?(): void | Promise<void>;
}

export interface ProcessFunction<I, O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>
  extends DeclaredFunction<ProcessContext<O, S, X>, S, X> {
  /** Emits by `context.out`, or as a generator (`*process`), which is paused while there is no room (FN4). */
  process(value: I, context: ProcessContext<O, S, X>): IterableIterator<O> | Nothing;
}

/** What a process function with keys does when a timer of the context's current key has come due. */
export interface TimerFunction<K extends Key, O, S, X> {
  onTimer?(timestamp: number, context: TimerContext<K, O, S, X>): Nothing;
}

export interface KeyedProcessFunction<
  K extends Key,
  I,
  O,
  S extends KeyedStates = NoStates,
  X extends SideOutputTypes = NoSideOutputs,
> extends DeclaredFunction<KeyedProcessContext<K, O, S, X>, S, X>,
    TimerFunction<K, O, S, X> {
  /** Emits by `context.out`, or as a generator (`*process`), which is paused while there is no room (FN4). */
  process(value: I, context: KeyedProcessContext<K, O, S, X>): IterableIterator<O> | Nothing;
}

/**
 * The function itself, or what makes one for each subtask. Subtasks and attempts that run in one thread share the object itself:
 * a function that keeps fields of its own is given as `() => new MyFunction()`. It is called when the graph is built, too.
 */
export type OrFactory<F extends object> = F | (() => F);
