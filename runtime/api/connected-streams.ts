/**
 * Owns: two streams connected: operations with two inputs, which may have different types.
 * Not here: what the operations do (runtime/operators/connected), connecting to a broadcast stream (broadcast-connected-stream.ts).
 */
import {
  coProcessOperator,
  flatMapOperator,
  keyedCoProcessOperator,
  mapOperator,
  pairedOperator,
} from "../operators/index.ts";
import type {
  CoProcessFunction,
  FlatMapFunction,
  KeyedCoProcessFunction,
  KeyedStates,
  MapFunction,
  NoSideOutputs,
  NoStates,
  OperatorFactory,
  OperatorStates,
  OrFactory,
  SideOutputTypes,
  Synchronous,
} from "../ports/index.ts";
import type { Key, ValueType } from "../record/index.ts";
import { addOperator, type AnyOptions, type OperatorPlace } from "./add-operator.ts";
import type { DataStream } from "./data-stream.ts";
import type { KeyField } from "./keyed-stream.ts";
import type { Inferred, OperatorOptions, TypedOptions, UntypedOptions } from "./operator-options.ts";
import type { StreamParts } from "./stream-maker.ts";

/** `A`: the records of the first stream; `B`: of the one that was connected to it. */
export class ConnectedStreams<A, B> {
  readonly #first: StreamParts<A>;
  readonly #second: StreamParts<B>;

  /** @internal Made by `connect`. */
  constructor(first: StreamParts<A>, second: StreamParts<B>) {
    this.#first = first;
    this.#second = second;
  }

  /** One record out for each record in: `first` for records of the first stream, `second` for those of the other. */
  map<O>(
    first: MapFunction<A, NoInfer<O>>,
    second: MapFunction<B, NoInfer<O>>,
    options: TypedOptions<O>,
  ): DataStream<O>;
  map<O>(
    first: MapFunction<A, O> & Synchronous<O>,
    second: MapFunction<B, O> & Synchronous<O>,
    options?: UntypedOptions,
  ): DataStream<O>;
  map<O>(first: MapFunction<A, O>, second: MapFunction<B, O>, options: AnyOptions<O> = {}): DataStream<O> {
    return addOperator(
      { ...this.place(), isKeyed: false },
      "map",
      pairedOperator("map", mapOperator(first), mapOperator(second)),
      options,
    );
  }

  /** Any number of records out for each record in. */
  flatMap<O>(
    first: FlatMapFunction<A, NoInfer<O>>,
    second: FlatMapFunction<B, NoInfer<O>>,
    options: TypedOptions<O>,
  ): DataStream<O>;
  flatMap<O>(
    first: FlatMapFunction<A, O> & Synchronous<O>,
    second: FlatMapFunction<B, O> & Synchronous<O>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O>>;
  flatMap<O>(first: FlatMapFunction<A, O>, second: FlatMapFunction<B, O>, options: AnyOptions<O> = {}): DataStream<O> {
    const logic = pairedOperator("flatMap", flatMapOperator(first), flatMapOperator(second));
    return addOperator({ ...this.place(), isKeyed: false }, "flatMap", logic, options);
  }

  /** Any number of records out, with timestamps, watermark, operator state and side outputs at hand. */
  process<O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<CoProcessFunction<A, B, NoInfer<O>, S, X>>,
    options: TypedOptions<O>,
  ): DataStream<O, X>;
  process<O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<CoProcessFunction<A, B, O, S, X>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O, X>>;
  process<O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<CoProcessFunction<A, B, O, S, X>>,
    options: AnyOptions<O> = {},
  ): DataStream<O, X> {
    return addOperator(this.place(), "process", coProcessOperator(fn), options);
  }

  /** A stream operator of one's own: `process` for the first stream, `processInput(1, …)` for the other. */
  transform<O>(
    operator: OperatorFactory<A, O>,
    options: OperatorOptions & { readonly type?: ValueType<O> } = {},
  ): DataStream<O, SideOutputTypes> {
    return addOperator(this.place(), "transform", operator, options);
  }

  /**
   * Partitions both streams by key: records of either stream with equal keys meet in one subtask, and share state and timers. A key
   * is what the function returns, or the field of that name.
   */
  keyBy<K extends Key>(first: (value: A) => K, second: ((value: B) => K) | KeyField<B>): KeyedConnectedStreams<K, A, B>;
  keyBy<F extends KeyField<A>>(
    first: F,
    second: ((value: B) => Extract<A[F], Key>) | KeyField<B>,
  ): KeyedConnectedStreams<Extract<A[F], Key>, A, B>;
  keyBy(first: never, second: never): KeyedConnectedStreams<Key, A, B> {
    const { maker, origins, type } = this.#first;
    const left = maker.stream(origins, type).keyBy<Key>(first);
    const right = maker.stream(this.#second.origins, this.#second.type).keyBy<Key>(second);
    return maker.connectKeyed(left.parts, right.parts);
  }

  /** @internal Where an operator on both streams stands. */
  place(): OperatorPlace {
    const { maker, origins } = this.#first;
    return { maker, inputs: [origins, this.#second.origins], isKeyed: false };
  }
}

/** Two streams partitioned by the same key: operations of connected streams, and `process` with state for each key. */
export class KeyedConnectedStreams<K extends Key, A, B> extends ConnectedStreams<A, B> {
  /** Any number of records out; records of both streams share the state and the timers of their key. */
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedCoProcessFunction<K, A, B, NoInfer<O>, S, X>>,
    options: TypedOptions<O>,
  ): DataStream<O, X>;
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedCoProcessFunction<K, A, B, O, S, X>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O, X>>;
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedCoProcessFunction<K, A, B, O, S, X>>,
    options: AnyOptions<O> = {},
  ): DataStream<O, X> {
    return addOperator(this.place(), "process", keyedCoProcessOperator(fn), options);
  }

  /** @internal */
  override place(): OperatorPlace {
    return { ...super.place(), isKeyed: true };
  }
}
