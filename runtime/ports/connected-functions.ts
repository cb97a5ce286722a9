/**
 * Owns: the shapes of the functions that users write for two connected streams.
 * Not here: functions of one stream, and the rules for all of them (functions.ts, FN1 to FN5).
 *
 * CNF1 Records of both streams are processed one at a time, in no particular order between the streams. The watermark is the lower of the two.
 * CNF2 With keys both streams are partitioned by key, so that state and timers of a key are shared by both.
 * CNF3 Broadcast state is written for records of the broadcast stream only: every subtask gets all of those, so all subtasks hold the
 *     same, provided that a function writes by the record and the broadcast state alone. Records of one subtask of the broadcast
 *     stream come in their order; between its subtasks the order may differ from one receiver to the next.
 */
import type { Key } from "../record/index.ts";
import type { BroadcastHandles, KeyedStates, NoStates, OperatorStates, StateHandles } from "./declared-state.ts";
import type { DeclaredFunction, KeyedProcessContext, Nothing, ProcessContext, TimerFunction } from "./functions.ts";
import type { NoSideOutputs, SideOutputTypes } from "./side-outputs.ts";

/** Of two connected streams. */
export interface CoProcessFunction<
  I1,
  I2,
  O,
  S extends OperatorStates = NoStates,
  X extends SideOutputTypes = NoSideOutputs,
> extends DeclaredFunction<ProcessContext<O, S, X>, S, X> {
  /** A record of the first stream. Emits as `process` does. */
  process1(value: I1, context: ProcessContext<O, S, X>): IterableIterator<O> | Nothing;
  /** A record of the stream that was connected to it. */
  process2(value: I2, context: ProcessContext<O, S, X>): IterableIterator<O> | Nothing;
}

/** Of two connected keyed streams; both see the state and the timers of their record's key (CNF2). */
export interface KeyedCoProcessFunction<
  K extends Key,
  I1,
  I2,
  O,
  S extends KeyedStates = NoStates,
  X extends SideOutputTypes = NoSideOutputs,
> extends DeclaredFunction<KeyedProcessContext<K, O, S, X>, S, X>,
    TimerFunction<K, O, S, X> {
  /** A record of the first stream. Emits as `process` does. */
  process1(value: I1, context: KeyedProcessContext<K, O, S, X>): IterableIterator<O> | Nothing;
  /** A record of the stream that was connected to it. */
  process2(value: I2, context: KeyedProcessContext<K, O, S, X>): IterableIterator<O> | Nothing;
}

/** What `processBroadcast` can see: state that does not belong to a key; broadcast state may be written (CNF3). */
export interface BroadcastContext<O = never, S = NoStates, X = NoSideOutputs>
  extends Omit<ProcessContext<O, S, X>, "state"> {
  readonly state: BroadcastHandles<S>;
}

/** With keys. */
export interface KeyedBroadcastContext<K extends Key = Key, O = never, S = NoStates, X = NoSideOutputs>
  extends BroadcastContext<O, S, X> {
  /**
   * Calls `apply` for each key that the keyed state of that name holds in this subtask, in no particular order. It may change the
   * state. Takes time for each key: the task does nothing else meanwhile.
   */
  readonly applyToKeys: <N extends keyof S & string>(
    name: N,
    apply: (state: StateHandles<S>[N], key: K) => void,
  ) => void;
}

/** Of a stream that is connected to a broadcast one. */
export interface BroadcastProcessFunction<
  I,
  B,
  O,
  S extends OperatorStates = NoStates,
  X extends SideOutputTypes = NoSideOutputs,
> extends DeclaredFunction<ProcessContext<O, S, X>, S, X> {
  /** A record of the stream itself. Broadcast state can be read. Emits as `process` does. */
  process(value: I, context: ProcessContext<O, S, X>): IterableIterator<O> | Nothing;
  /** A record of the broadcast stream, in every subtask (CNF3). What it emits comes out of every subtask. */
  processBroadcast(value: B, context: BroadcastContext<O, S, X>): IterableIterator<O> | Nothing;
}

/** Of a keyed stream that is connected to a broadcast one. */
export interface KeyedBroadcastProcessFunction<
  K extends Key,
  I,
  B,
  O,
  S extends KeyedStates = NoStates,
  X extends SideOutputTypes = NoSideOutputs,
> extends DeclaredFunction<KeyedProcessContext<K, O, S, X>, S, X>,
    TimerFunction<K, O, S, X> {
  /** A record of the keyed stream. Broadcast state can be read. Emits as `process` does. */
  process(value: I, context: KeyedProcessContext<K, O, S, X>): IterableIterator<O> | Nothing;
  /** A record of the broadcast stream, in every subtask (CNF3). There is no key. What it emits comes out of every subtask. */
  processBroadcast(value: B, context: KeyedBroadcastContext<K, O, S, X>): IterableIterator<O> | Nothing;
}
