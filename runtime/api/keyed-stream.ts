/**
 * Owns: the stream partitioned by key, and the operations that keep state for each key.
 *
 * KS1 Every operation here is keyed: its inputs come by hash of the same selector that sets its current key.
 */
import type { StreamEdge } from "../graph/index.ts";
import {
  type Aggregate,
  type KeyedProcessFunction,
  type KeyedStates,
  type NoStates,
  type OperatorFactory,
  type OrFactory,
  type ReduceFunction,
  type Synchronous,
} from "../ports/index.ts";
import { aggregateOperator, keyedProcessOperator, reduceOperator, sumOperator } from "../operators/index.ts";
import { type Key, t, type ValueType } from "../record/index.ts";
import type { DataStream } from "./data-stream.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import {
  checkOperatorOptions,
  checkType,
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

type AnyOptions<O> = OperatorOptions & { readonly type?: ValueType<O> | undefined };

/** How a keyed stream makes the stream that comes out of an operation; handed in, since DataStream makes KeyedStreams. */
export type MakeStream = <O>(inputs: readonly StreamEdge[], type: ValueType<O>) => DataStream<O>;

export class KeyedStream<K extends Key, T> {
  readonly #builder: GraphBuilder;
  readonly #makeStream: MakeStream;
  readonly #keyed: {
    readonly inputs: readonly StreamEdge[];
    readonly selector: (value: T) => Key;
    readonly type: ValueType<T>;
  };

  /** @internal For the API itself; job modules get one from `keyBy`. */
  constructor(
    builder: GraphBuilder,
    keyed: {
      readonly inputs: readonly StreamEdge[];
      readonly selector: (value: T) => Key;
      readonly type: ValueType<T>;
    },
    makeStream: MakeStream,
  ) {
    this.#builder = builder;
    this.#keyed = keyed;
    this.#makeStream = makeStream;
  }

  /** Folds the records of each key into one of the same type; emits the new one after each record. The first one as it is. */
  reduce(fn: ReduceFunction<T>, options: OperatorOptions = {}): DataStream<T> {
    checkOperatorOptions("reduce", options);
    return this.#operator("reduce", reduceOperator(fn, this.#keyed.type), { ...options, type: this.#keyed.type });
  }

  /**
   * The running sum of a field for each key; the other fields are those of the record that came (Flink's: of the key's first
   * one). The state is one number a key.
   */
  sum(field: NumberField<T>, options: OperatorOptions = {}): DataStream<T> {
    checkOperatorOptions("sum", options);
    return this.#operator("sum", sumOperator<T & object>(field), {
      name: `sum(${field})`,
      ...options,
      type: this.#keyed.type,
    });
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
  process<O, S extends KeyedStates = NoStates>(
    fn: OrFactory<KeyedProcessFunction<K, T, NoInfer<O>, S>>,
    options: TypedOptions<O>,
  ): DataStream<O>;
  process<O, S extends KeyedStates = NoStates>(
    fn: OrFactory<KeyedProcessFunction<K, T, O, S>>,
    options?: UntypedOptions,
  ): Inferred<O, DataStream<O>>;
  process<O, S extends KeyedStates = NoStates>(
    fn: OrFactory<KeyedProcessFunction<K, T, O, S>>,
    options: AnyOptions<O> = {},
  ): DataStream<O> {
    return this.#operator("process", keyedProcessOperator(fn), options);
  }

  /** A stream operator of one's own, with keyed state; the lowest level there is. */
  transform<O>(
    operator: OperatorFactory<T, O>,
    options: OperatorOptions & { readonly type?: ValueType<O> } = {},
  ): DataStream<O> {
    return this.#operator("transform", operator, options);
  }

  #operator<O>(operation: string, logic: OperatorFactory<T, O>, options: AnyOptions<O>): DataStream<O> {
    const { type = t.anyOf<O>(), ...operatorOptions } = options;
    checkOperatorOptions(operation, operatorOptions);
    checkType(operation, type);
    const id = this.#builder.add({
      role: "operator",
      defaultName: logic.name,
      logic: () => logic,
      keySelector: this.#keyed.selector,
      outputType: type,
      inputs: this.#keyed.inputs,
      options: operatorOptions,
    });
    return this.#makeStream([{ from: id, partitioning: { kind: "forward" } }], type);
  }
}
