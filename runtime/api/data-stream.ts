/**
 * Owns: the stream of records as a job module sees it, and the operations on it.
 * Not here: keyed operations (keyed-stream.ts), what the operations do (runtime/operators).
 *
 * DS1 A stream is a description: each operation adds a node and returns a new stream; nothing runs while the graph is built.
 * DS2 `rebalance`, `broadcast`, `union` and `keyBy` add no node: they say how records reach the next operation.
 */
import { StreamError } from "../../base/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import type { Partitioning, StreamEdge } from "../graph/index.ts";
import {
  assertSynchronous,
  filterOperator,
  flatMapOperator,
  mapOperator,
  processOperator,
  timestampsAndWatermarksOperator,
} from "../operators/index.ts";
import {
  type FilterFunction,
  type FlatMapFunction,
  type MapFunction,
  type NoStates,
  type OperatorFactory,
  type OperatorStates,
  type OrFactory,
  type ProcessFunction,
  type Sink,
  type Synchronous,
} from "../ports/index.ts";
import { describeType, type Key, sameType, t, type TypeKind, type ValueType } from "../record/index.ts";
import type { WatermarkStrategy } from "../time/index.ts";
import type { GraphBuilder, NodeDraft } from "./graph-builder.ts";
import { type KeyField, KeyedStream } from "./keyed-stream.ts";
import {
  checkOperatorOptions,
  checkType,
  type Inferred,
  type OperatorOptions,
  type TypedOptions,
  type UntypedOptions,
} from "./operator-options.ts";

type AnyOptions<O> = OperatorOptions & { readonly type?: ValueType<O> | undefined };

export class DataStream<T> {
  readonly #builder: GraphBuilder;
  readonly #inputs: readonly StreamEdge[];
  /** The declared type of the records; `t.any` when none was declared. */
  readonly type: ValueType<T>;

  /** @internal For the API itself; job modules get streams from the environment. */
  constructor(builder: GraphBuilder, inputs: readonly StreamEdge[], type: ValueType<T>) {
    this.#builder = builder;
    this.#inputs = inputs;
    this.type = type;
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

  /** Any number of records out, with timestamps, watermark and operator state at hand. */
  process<O, S extends OperatorStates = NoStates>(
    fn: OrFactory<ProcessFunction<T, NoInfer<O>, S>>,
    options: TypedOptions<O>,
  ): DataStream<O>;
  process<O, S extends OperatorStates = NoStates>(
    fn: OrFactory<ProcessFunction<T, O, S>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O>>;
  process<O, S extends OperatorStates = NoStates>(
    fn: OrFactory<ProcessFunction<T, O, S>>,
    options: AnyOptions<O> = {},
  ): DataStream<O> {
    return this.#operator("process", processOperator(fn), options);
  }

  /** A stream operator of one's own; the lowest level there is. */
  transform<O>(
    operator: OperatorFactory<T, O>,
    options: OperatorOptions & { readonly type?: ValueType<O> } = {},
  ): DataStream<O> {
    return this.#operator("transform", operator, options);
  }

  /**
   * Gives records their event time, and the stream its watermarks; after the source is the best place
   * (`fromSource(…, { watermarks })`).
   */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>, options: OperatorOptions = {}): DataStream<T> {
    checkOperatorOptions("assignTimestampsAndWatermarks", options);
    if (typeof strategy?.createGenerator !== "function") {
      throw invalid(
        "assignTimestampsAndWatermarks takes a strategy, such as forBoundedOutOfOrderness(2000, (row) => row.time)",
      );
    }
    return this.#add(this.type, {
      defaultName: "watermarks",
      logic: (configuration) => timestampsAndWatermarksOperator(strategy, configuration.watermarkIntervalMs),
      options,
    });
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
      throw invalid("keyBy takes a function that returns the key, or the name of a field");
    assertSynchronous("keyBy", selector);
    const inputs = this.#inputs.map((input) => ({
      from: input.from,
      partitioning: { kind: "hash", keySelector: selector } as const,
    }));
    return new KeyedStream(
      this.#builder,
      { inputs, selector, type: this.type },
      (edges, type) => new DataStream(this.#builder, edges, type),
    );
  }

  /** One stream with the records of this and the others, in no particular order; all have the same type. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    for (const other of others) {
      if (other.#builder !== this.#builder)
        throw invalid("union: the streams belong to two environments; use streams of one job");
      if (!sameType(other.type, this.type)) {
        throw invalid(
          `union: one stream has records of type ${describeType(this.type)}, another of ${describeType(other.type)}; ` +
            "map them to one declared type first",
        );
      }
    }
    return new DataStream(this.#builder, [...this.#inputs, ...others.flatMap((other) => other.#inputs)], this.type);
  }

  /** Spreads the records evenly over the subtasks of the next operation. */
  rebalance(): DataStream<T> {
    return this.#partitioned({ kind: "rebalance" });
  }

  /** Every subtask of the next operation gets every record. */
  broadcast(): DataStream<T> {
    return this.#partitioned({ kind: "broadcast" });
  }

  /** Ends the stream in a sink; a stream may have several. */
  sinkTo(sink: Sink<T>, options: OperatorOptions = {}): void {
    checkOperatorOptions("sinkTo", options);
    if (sink?.kind !== "sink") throw invalid("sinkTo takes a sink, such as printSink() of streamjob/connectors/basic");
    this.#builder.add({
      role: "sink",
      defaultName: sink.name,
      logic: () => sink,
      keySelector: null,
      outputType: this.type,
      inputs: this.#inputs,
      options,
    });
  }

  /** Prints each record as a line on the TaskManager's standard output. */
  print(options: OperatorOptions = {}): void {
    this.sinkTo(printSink<T>(), options);
  }

  #partitioned(partitioning: Partitioning): DataStream<T> {
    const inputs = this.#inputs.map((input) => ({ from: input.from, partitioning }));
    return new DataStream(this.#builder, inputs, this.type);
  }

  #operator<O>(operation: string, logic: OperatorFactory<T, O>, options: AnyOptions<O>): DataStream<O> {
    const { type = t.anyOf<O>(), ...operatorOptions } = options;
    checkOperatorOptions(operation, operatorOptions);
    checkType(operation, type);
    return this.#add(type, { defaultName: logic.name, logic: () => logic, options: operatorOptions });
  }

  #add<O>(type: ValueType<O>, draft: Pick<NodeDraft, "defaultName" | "logic" | "options">): DataStream<O> {
    const id = this.#builder.add({
      ...draft,
      role: "operator",
      keySelector: null,
      outputType: type,
      inputs: this.#inputs,
    });
    return new DataStream(this.#builder, [{ from: id, partitioning: { kind: "forward" } }], type);
  }
}

/** Of these no value is a key (KE0), except null where it may be. */
const KINDS_WITHOUT_KEYS: readonly TypeKind[] = ["bytes", "date", "map"];

function fieldSelector<T>(type: ValueType<T>, field: string): (value: T) => Key {
  if (type.kind !== "any" && !type.fields?.some(({ name }) => name === field)) {
    throw invalid(`keyBy("${field}"): the records are of type ${describeType(type)}, which has no such field`);
  }
  const declared = type.fields?.find(({ name }) => name === field);
  if (declared !== undefined && (declared.optional === true || KINDS_WITHOUT_KEYS.includes(declared.type.kind))) {
    const kind = declared.optional === true ? "optional" : declared.type.kind;
    throw invalid(
      `keyBy("${field}"): the field is ${kind}, and such values are no keys; take the part that tells records apart, as in keyBy((order) => order.at.getTime())`,
    );
  }
  return (value) => (value as { readonly [name: string]: Key })[field] as Key;
}

function invalid(message: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", message, { destiny: "terminal" });
}
