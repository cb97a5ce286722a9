/**
 * Owns: the stream partitioned by key, and the operations that keep state for each key.
 *
 * KS1 Every operation here is keyed: its inputs come by hash of the same selector that sets its current key. The operations that it has
 *     from DataStream (`map`, `sinkTo`, …) take the records by key as well, without state for each key.
 * KS2 By the name of a field of a declared record, `sum` runs over columns: no row object is made for it. What it emits is the same in both forms.
 */
import type {
  Aggregate,
  KeyedProcessFunction,
  KeyedStates,
  NoSideOutputs,
  NoStates,
  OperatorFactory,
  OrFactory,
  ReduceFunction,
  SideOutputTypes,
  Synchronous,
} from "../ports/index.ts";
import type { Partitioning } from "../graph/index.ts";
import {
  aggregateOperator,
  columnSumOperator,
  keyedProcessOperator,
  reduceOperator,
  sumOperator,
} from "../operators/index.ts";
import type { Key, ValueType } from "../record/index.ts";
import { addOperator, type AnyOptions, type OperatorPlace } from "./add-operator.ts";
import type { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from "./broadcast-connected-stream.ts";
import type { BroadcastStream } from "./broadcast-stream.ts";
import type { ConnectedStreams, KeyedConnectedStreams } from "./connected-streams.ts";
import { DataStream } from "./data-stream.ts";
import {
  checkOperatorOptions,
  type Inferred,
  type OperatorOptions,
  type TypedOptions,
  type UntypedOptions,
} from "./operator-options.ts";

/** The names of the fields of `T` that can be keys. */
export type KeyField<T> = { [F in keyof T & string]: T[F] extends Key ? F : never }[keyof T & string];
/** The names of the fields of `T` that are numbers. */
export type NumberField<T> = { [F in keyof T & string]: T[F] extends number ? F : never }[keyof T & string];

/** `accumulatorType`: of the state; default `t.any`. */
export type AggregateOptions<A> = { readonly accumulatorType?: ValueType<A> };

/** A stream whose records come by key: all operations of a DataStream, and those with state for each key. */
export class KeyedStream<K extends Key, T> extends DataStream<T> {
  /** Folds the records of each key into one of the same type; emits the new one after each record. The first one as it is. */
  reduce(fn: ReduceFunction<T>, options: OperatorOptions = {}): DataStream<T> {
    checkOperatorOptions("reduce", options);
    return this.#operator("reduce", reduceOperator(fn, this.type), { ...options, type: this.type });
  }

  /**
   * The running sum of a field for each key; the other fields are those of the record that came (Flink's: of the key's first
   * one). The state is one number a key. Fastest after `keyBy("field")`, on records of a declared type.
   */
  sum(field: NumberField<T>, options: OperatorOptions = {}): DataStream<T> {
    checkOperatorOptions("sum", options);
    const named = { name: `sum(${field})`, ...options, type: this.type };
    const key = this.#keyField();
    const inColumns = key === null ? null : columnSumOperator<T>({ type: this.type, key, field });
    if (inColumns === null) return this.#operator("sum", sumOperator<T & object>(field), named);
    const place = this.place();
    const inputs = place.inputs.map((origins) =>
      origins.map((origin) => ({ ...origin, partitioning: gathering(origin.partitioning) })),
    );
    return addOperator({ ...place, inputs }, "sum", inColumns, named);
  }

  /** Folds the records of each key into an accumulator; emits its result after each record. */
  aggregate<A, O>(
    aggregate: Aggregate<T, A, NoInfer<O>> & Synchronous<A>,
    options: TypedOptions<O> & AggregateOptions<A>,
  ): DataStream<O>;
  aggregate<A, O>(
    aggregate: Aggregate<T, A, O> & Synchronous<A | O>,
    options?: UntypedOptions & AggregateOptions<A>,
  ): DataStream<O>;
  aggregate<A, O>(aggregate: Aggregate<T, A, O>, options: AnyOptions<O> & AggregateOptions<A> = {}): DataStream<O> {
    const { accumulatorType, ...others } = options;
    return this.#operator("aggregate", aggregateOperator(aggregate, accumulatorType), others);
  }

  /** Any number of records out, with state and timers for each key. */
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedProcessFunction<K, T, NoInfer<O>, S, X>>,
    options: TypedOptions<O>,
  ): DataStream<O, X>;
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedProcessFunction<K, T, O, S, X>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O, X>>;
  override process<O, S extends KeyedStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
    fn: OrFactory<KeyedProcessFunction<K, T, O, S, X>>,
    options: AnyOptions<O> = {},
  ): DataStream<O, X> {
    return addOperator(this.place(), "process", keyedProcessOperator(fn), options);
  }

  /**
   * Connects a second stream: with one that is keyed by the same kind of key, both share state and timers of a key; with a
   * broadcast one, `connect(rules.broadcast())`, for broadcast state beside them.
   */
  override connect<B>(other: KeyedStream<K, B>): KeyedConnectedStreams<K, T, B>;
  override connect<B>(other: BroadcastStream<B>): KeyedBroadcastConnectedStream<K, T, B>;
  override connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
  override connect<B>(other: DataStream<B>): ConnectedStreams<T, B> | BroadcastConnectedStream<T, B> {
    const { maker } = this.parts;
    this.checkSameJob("connect", other);
    if (other instanceof KeyedStream) return maker.connectKeyed<K, T, B>(this.parts, other.parts);
    if ("isBroadcast" in other) return maker.connectKeyedBroadcast<K, T, B>(this.parts, other.parts);
    return maker.connect(this.parts, other.parts);
  }

  /** @internal */
  override place(): OperatorPlace {
    return { ...super.place(), isKeyed: true };
  }

  /** Null: only a function knows the key. */
  #keyField(): string | null {
    const fields = this.parts.origins.map(({ partitioning }) =>
      partitioning.kind === "hash" && partitioning.keyColumns?.length === 1 ? partitioning.keyColumns[0] : undefined,
    );
    return fields.every((field) => field === fields[0]) ? (fields[0] ?? null) : null;
  }

  #operator<O>(operation: string, logic: OperatorFactory<T, O>, options: AnyOptions<O>): DataStream<O> {
    return addOperator(this.place(), operation, logic, options);
  }
}

function gathering(partitioning: Partitioning): Partitioning {
  return partitioning.kind === "hash" ? { ...partitioning, gathers: true } : partitioning;
}
