/**
 * Owns: a stream connected to a broadcast one: every subtask gets every record of the second, and keeps broadcast state of them.
 */
import { broadcastProcessOperator, keyedBroadcastProcessOperator } from "../operators/index.ts";
import type {
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedStates,
  NoSideOutputs,
  NoStates,
  OperatorStates,
  OrFactory,
  SideOutputTypes,
} from "../ports/index.ts";
import type { Key } from "../record/index.ts";
import { addOperator, type AnyOptions, type OperatorPlace } from "./add-operator.ts";
import type { DataStream } from "./data-stream.ts";
import type { Inferred, TypedOptions, UntypedOptions } from "./operator-options.ts";
import type { StreamParts } from "./stream-maker.ts";

/** `T`: the records of the stream; `B`: of the broadcast one. */
export class BroadcastConnectedStream<T, B> {
  readonly #first: StreamParts<T>;
  readonly #second: StreamParts<B>;

  /** @internal Made by `connect`. */
  constructor(first: StreamParts<T>, second: StreamParts<B>) {
    this.#first = first;
    this.#second = second;
  }

  /** Any number of records out. Broadcast state (`broadcastMap`) is written in `processBroadcast` and read in `process`. */
  process<O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<BroadcastProcessFunction<T, B, NoInfer<O>, S, X>>,
    options: TypedOptions<O>,
  ): DataStream<O, X>;
  process<O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<BroadcastProcessFunction<T, B, O, S, X>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O, X>>;
  process<O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<BroadcastProcessFunction<T, B, O, S, X>>,
    options: AnyOptions<O> = {},
  ): DataStream<O, X> {
    return addOperator(this.place(), "process", broadcastProcessOperator(fn), options);
  }

  /** @internal Where an operator on both streams stands. */
  place(): OperatorPlace {
    const { maker, origins } = this.#first;
    return { maker, inputs: [origins, this.#second.origins], isKeyed: false };
  }
}

/** With state and timers for each key of the first stream. */
export class KeyedBroadcastConnectedStream<K extends Key, T, B> extends BroadcastConnectedStream<T, B> {
  /** Any number of records out. Broadcast state (`broadcastMap`) is written in `processBroadcast` and read in `process`. */
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedBroadcastProcessFunction<K, T, B, NoInfer<O>, S, X>>,
    options: TypedOptions<O>,
  ): DataStream<O, X>;
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedBroadcastProcessFunction<K, T, B, O, S, X>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O, X>>;
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedBroadcastProcessFunction<K, T, B, O, S, X>>,
    options: AnyOptions<O> = {},
  ): DataStream<O, X> {
    return addOperator(this.place(), "process", keyedBroadcastProcessOperator(fn), options);
  }
  /** @internal */
  override place(): OperatorPlace {
    return { ...super.place(), isKeyed: true };
  }
}
