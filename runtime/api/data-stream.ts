/**
 * Owns: the stream of records as a job module sees it, and the operations on it.
 * Not here: keyed operations (keyed-stream.ts), what the operations do (runtime/operators).
 *
 * DS1 A stream is a description: each operation adds a node and returns a new stream; nothing runs while the graph is built.
 * DS2 `rebalance`, `broadcast`, `union`, `keyBy`, `connect` and `sideOutput` add no node: they say how records reach the next operation.
 */
import { printSink } from "../connectors/basic/index.ts";
import type { Partitioning, StreamOrigin } from "../graph/index.ts";
import {
  assertSynchronous,
  filterOperator,
  flatMapOperator,
  mapOperator,
  processOperator,
  recordList,
  singleRecord,
  timestampsAndWatermarksOperator,
} from "../operators/index.ts";
import type {
  AsyncCallback,
  AsyncFunction,
  AsyncOptions,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  NoSideOutputs,
  NoStates,
  OperatorFactory,
  OperatorStates,
  OrFactory,
  ProcessFunction,
  SideOutputTypes,
  Sink,
  Synchronous,
} from "../ports/index.ts";
import { describeType, type Key, sameType, type TypeKind, type ValueOf, type ValueType } from "../record/index.ts";
import type { WatermarkStrategy } from "../time/index.ts";
import { addAsync } from "./add-async.ts";
import { addOperator, type AnyOptions, edgesOf, invalidGraph, type OperatorPlace } from "./add-operator.ts";
import type { BroadcastConnectedStream } from "./broadcast-connected-stream.ts";
import type { BroadcastStream } from "./broadcast-stream.ts";
import type { ConnectedStreams } from "./connected-streams.ts";
import type { KeyField, KeyedStream } from "./keyed-stream.ts";
import {
  checkOperatorOptions,
  type Inferred,
  type OperatorOptions,
  type TypedOptions,
  type UntypedOptions,
} from "./operator-options.ts";
import type { StreamMaker, StreamParts } from "./stream-maker.ts";

type SideOutputsOf<X> = { readonly node: number; readonly types: X };

/** `X`: the side outputs that its operator declares, by name. */
export class DataStream<T, X extends SideOutputTypes = NoSideOutputs> {
  readonly #sideOutputs: SideOutputsOf<X> | null;
  /** @internal For the API itself. */
  readonly parts: StreamParts<T>;

  /** @internal For the API itself; job modules get streams from the environment. */
  constructor(parts: StreamParts<T>, sideOutputs: SideOutputsOf<X> | null = null) {
    this.parts = parts;
    this.#sideOutputs = sideOutputs;
  }

  /** The declared type of the records; `t.any` when none was declared. */
  get type(): ValueType<T> {
    return this.parts.type;
  }

  /** One record out for each record in. */
  map<O>(fn: MapFunction<T, NoInfer<O>>, options: TypedOptions<O>): DataStream<O>;
  map<O>(fn: MapFunction<T, O> & Synchronous<O>, options?: UntypedOptions): DataStream<O>;
  map<O>(fn: MapFunction<T, O>, options: AnyOptions<O> = {}): DataStream<O> {
    return this.#operator("map", mapOperator(fn), options);
  }

  /** Keeps the records for which `predicate` is true; a type guard makes a stream of the narrower type. */
  filter<S extends T>(predicate: (value: T) => value is S, options?: OperatorOptions): DataStream<S>;
  filter(predicate: FilterFunction<T>, options?: OperatorOptions): DataStream<T>;
  filter(predicate: FilterFunction<T>, options: OperatorOptions = {}): DataStream<T> {
    checkOperatorOptions("filter", options);
    return this.#operator("filter", filterOperator(predicate), { ...options, type: this.type });
  }

  /**
   * Any number of records out for each record in: `(line, out) => out.collect(…)`, or a function that returns an array, or a generator, which
   * is paused while what follows has no room.
   */
  flatMap<O>(fn: FlatMapFunction<T, NoInfer<O>>, options: TypedOptions<O>): DataStream<O>;
  flatMap<O>(fn: FlatMapFunction<T, O> & Synchronous<O>, options?: UntypedOptions): Inferred<O, DataStream<O>>;
  flatMap<O>(fn: FlatMapFunction<T, O>, options: AnyOptions<O> = {}): DataStream<O> {
    return this.#operator("flatMap", flatMapOperator(fn), options);
  }

  /** Any number of records out, with timestamps, watermark, operator state and side outputs at hand. */
  process<O, S extends OperatorStates = NoStates, Y extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<ProcessFunction<T, NoInfer<O>, S, Y>>,
    options: TypedOptions<O>,
  ): DataStream<O, Y>;
  process<O, S extends OperatorStates = NoStates, Y extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<ProcessFunction<T, O, S, Y>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O, Y>>;
  process<O, S extends OperatorStates = NoStates, Y extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<ProcessFunction<T, O, S, Y>>,
    options: AnyOptions<O> = {},
  ): DataStream<O, Y> {
    return this.#operator("process", processOperator(fn), options);
  }

  /**
   * Asks something outside for each record, up to `capacity` of them at a time, and emits the answers: `(id, { signal }) => fetch(…)`, or an
   * object with `open`, `call` and `close` for a client of its own. After a failure what was under way is asked for again.
   */
  mapAsync<O, C = undefined>(
    fn: AsyncCallback<T, NoInfer<O>, C> | AsyncFunction<T, NoInfer<O>, C>,
    options: TypedOptions<O> & AsyncOptions<T, NoInfer<O>, C>,
  ): DataStream<O>;
  mapAsync<O, C = undefined>(
    fn: AsyncCallback<T, O, C> | AsyncFunction<T, O, C>,
    options?: UntypedOptions & AsyncOptions<T, NoInfer<O>, C>,
  ): DataStream<O>;
  mapAsync<O, C>(
    fn: AsyncCallback<T, O, C> | AsyncFunction<T, O, C>,
    options: AnyOptions<O> & AsyncOptions<T, O, C> = {},
  ): DataStream<O> {
    return addAsync(this, { operation: "mapAsync", recordsOf: singleRecord<O>("mapAsync") }, fn, options);
  }

  /** As mapAsync; each answer is an array of records, which may be empty. */
  flatMapAsync<O, C = undefined>(
    fn: AsyncCallback<T, readonly NoInfer<O>[], C> | AsyncFunction<T, readonly NoInfer<O>[], C>,
    options: TypedOptions<O> & AsyncOptions<T, readonly NoInfer<O>[], C>,
  ): DataStream<O>;
  flatMapAsync<O, C = undefined>(
    fn: AsyncCallback<T, readonly O[], C> | AsyncFunction<T, readonly O[], C>,
    options?: UntypedOptions & AsyncOptions<T, readonly NoInfer<O>[], C>,
  ): DataStream<O>;
  flatMapAsync<O, C>(
    fn: AsyncCallback<T, readonly O[], C> | AsyncFunction<T, readonly O[], C>,
    options: AnyOptions<O> & AsyncOptions<T, readonly O[], C> = {},
  ): DataStream<O> {
    return addAsync(this, { operation: "flatMapAsync", recordsOf: recordList<O>("flatMapAsync") }, fn, options);
  }

  /** A stream operator of one's own; the lowest level there is. */
  transform<O>(
    operator: OperatorFactory<T, O>,
    options: OperatorOptions & { readonly type?: ValueType<O> } = {},
  ): DataStream<O, SideOutputTypes> {
    return addOperator(this.place(), "transform", operator, options);
  }

  /** The records that the operator emits into the side output of that name. */
  sideOutput<N extends keyof X & string>(name: N): DataStream<ValueOf<X[N]>> {
    const { maker } = this.parts;
    const declared = this.#sideOutputs;
    if (declared === null || !Object.hasOwn(declared.types, name)) {
      const names = Object.keys(declared?.types ?? {});
      throw invalidGraph(
        `sideOutput("${name}"): the operator declares ${names.length === 0 ? "no side outputs" : `the side outputs ${names.join(", ")}`}; ` +
          `declare it in the function of process, as in sideOutputs: { ${name}: t.string }`,
      );
    }
    const type = declared.types[name] as ValueType<unknown> as ValueType<ValueOf<X[N]>>;
    return maker.stream([{ from: declared.node, sideOutput: name, partitioning: { kind: "forward" } }], type);
  }

  /**
   * Connects a second stream, which may have another type, for operations with two inputs. With a broadcast stream,
   * `connect(rules.broadcast())`, for broadcast state.
   */
  connect<B>(other: BroadcastStream<B>): BroadcastConnectedStream<T, B>;
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
  connect<B>(other: DataStream<B> | BroadcastStream<B>): ConnectedStreams<T, B> | BroadcastConnectedStream<T, B> {
    const { maker } = this.parts;
    this.checkSameJob("connect", other);
    const isBroadcast = "isBroadcast" in other;
    return isBroadcast ? maker.connectBroadcast(this.parts, other.parts) : maker.connect(this.parts, other.parts);
  }

  /**
   * Gives records their event time, and the stream its watermarks; after the source is the best place
   * (`fromSource(…, { watermarks })`).
   */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>, options: OperatorOptions = {}): DataStream<T> {
    checkOperatorOptions("assignTimestampsAndWatermarks", options);
    if (typeof strategy?.createGenerator !== "function") {
      throw invalidGraph(
        "assignTimestampsAndWatermarks takes a strategy, such as forBoundedOutOfOrderness(2000, (row) => row.time)",
      );
    }
    const { maker, origins } = this.parts;
    const id = maker.builder.add({
      role: "operator",
      defaultName: "watermarks",
      logic: (configuration) => timestampsAndWatermarksOperator(strategy, configuration.watermarkIntervalMs),
      isKeyed: false,
      outputType: this.type,
      sideOutputs: [],
      inputs: edgesOf([origins]),
      options,
    });
    return maker.output(id, this.type, {});
  }

  /**
   * Partitions by key: records with equal keys meet in one subtask, which has state for each key. The key is what the function
   * returns (it must depend on the record only), or the field of that name.
   */
  keyBy<K extends Key>(selector: (value: T) => K): KeyedStream<K, T>;
  keyBy<F extends KeyField<T>>(field: F): KeyedStream<Extract<T[F], Key>, T>;
  keyBy(keyOf: ((value: T) => Key) | string): KeyedStream<Key, T> {
    const selector = typeof keyOf === "string" ? fieldSelector(this.type, keyOf) : keyOf;
    if (typeof selector !== "function")
      throw invalidGraph("keyBy takes a function that returns the key, or the name of a field");
    assertSynchronous("keyBy", selector);
    const { maker } = this.parts;
    const columns = typeof keyOf === "string" ? { keyColumns: [keyOf] } : {};
    return maker.keyed(this.#origins({ kind: "hash", keySelector: selector, ...columns }), this.type);
  }

  /** One stream with the records of this and the others, in no particular order; all have the same type. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    for (const other of others) {
      this.checkSameJob("union", other);
      if (!sameType(other.type, this.type)) {
        throw invalidGraph(
          `union: one stream has records of type ${describeType(this.type)}, another of ${describeType(other.type)}; ` +
            "map them to one declared type first, or connect them",
        );
      }
    }
    const { maker, origins } = this.parts;
    return maker.stream([...origins, ...others.flatMap((other) => other.parts.origins)], this.type);
  }

  /** Spreads the records evenly over the subtasks of the next operation. */
  rebalance(): DataStream<T> {
    return this.parts.maker.stream(this.#origins({ kind: "rebalance" }), this.type);
  }

  /** Every subtask of the next operation gets every record. */
  broadcast(): BroadcastStream<T> {
    return this.parts.maker.broadcast(this.#origins({ kind: "broadcast" }), this.type);
  }

  /** Ends the stream in a sink; a stream may have several. */
  sinkTo(sink: Sink<T>, options: OperatorOptions = {}): void {
    checkOperatorOptions("sinkTo", options);
    if (sink?.kind !== "sink")
      throw invalidGraph("sinkTo takes a sink, such as printSink() of streamjob/connectors/basic");
    const { maker, origins } = this.parts;
    maker.builder.add({
      role: "sink",
      defaultName: sink.name,
      logic: () => sink,
      isKeyed: false,
      outputType: this.type,
      sideOutputs: [],
      inputs: edgesOf([origins]),
      options,
    });
  }

  /** Prints each record as a line on the TaskManager's standard output. */
  print(options: OperatorOptions = {}): void {
    this.sinkTo(printSink<T>(), options);
  }

  /** @internal Throws JOB_GRAPH_INVALID when the other stream is of another job. */
  checkSameJob(operation: string, other: { readonly parts: { readonly maker: StreamMaker } }): void {
    if (!(other instanceof DataStream))
      throw invalidGraph(`${operation} takes streams, such as what env.fromSource(…) returns`);
    if (other.parts.maker !== this.parts.maker)
      throw invalidGraph(`${operation}: the streams belong to two environments; use streams of one job`);
  }

  /** @internal Where an operator on this stream alone stands. */
  place(): OperatorPlace {
    const { maker, origins } = this.parts;
    return { maker, inputs: [origins], isKeyed: false };
  }

  #origins(partitioning: Partitioning): readonly StreamOrigin[] {
    return this.parts.origins.map((origin) => ({ ...origin, partitioning }));
  }

  /** Without keys, also on a keyed stream: its records still come by key. */
  #operator<O, Y extends SideOutputTypes = NoSideOutputs>(
    operation: string,
    logic: OperatorFactory<T, O>,
    options: AnyOptions<O>,
  ): DataStream<O, Y> {
    return addOperator({ ...this.place(), isKeyed: false }, operation, logic, options);
  }
}

/** Of these no value is a key (KE0), except null where it may be. */
const KINDS_WITHOUT_KEYS: readonly TypeKind[] = ["bytes", "date", "map"];

function fieldSelector<T>(type: ValueType<T>, field: string): (value: T) => Key {
  if (type.kind !== "any" && !type.fields?.some(({ name }) => name === field)) {
    throw invalidGraph(`keyBy("${field}"): the records are of type ${describeType(type)}, which has no such field`);
  }
  const declared = type.fields?.find(({ name }) => name === field);
  if (declared !== undefined && (declared.optional === true || KINDS_WITHOUT_KEYS.includes(declared.type.kind))) {
    const kind = declared.optional === true ? "optional" : declared.type.kind;
    throw invalidGraph(
      `keyBy("${field}"): the field is ${kind}, and such values are no keys; take the part that tells records apart, as in keyBy((order) => order.at.getTime())`,
    );
  }
  return (value) => (value as { readonly [name: string]: Key })[field] as Key;
}
