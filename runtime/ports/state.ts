/**
 * Owns: the ports of keyed and operator state that operators and user functions see.
 * Not here: the heap tables (heap-*.ts) and snapshots (snapshot*.ts).
 *
 * STA1 Keyed state belongs to the current key; `setCurrentKey` is called before every record and timer.
 * STA2 A value read from state may be changed in place by its reader: it counts once `update`/`put`/`add` is called, and a
 *    snapshot in progress still holds the version of its barrier. What was emitted, and is frozen for that, is handed out as a copy; a
 *    list that was emitted is not the one that `add` appends to. (Items of an emitted list stay frozen.)
 * STA3 Declaring the same name twice gives the same state; with another type or kind it is an error (OPTION_INVALID).
 */
import type { Key, ValueType } from "../record/index.ts";
import type { RowTableDescriptor, SlicedRows } from "./row-table.ts";
import type { SlicedTable, SlicedTableDescriptor } from "./table-state.ts";

export type StateDescriptor<V> = {
  /** Unique in its operator; names the state in checkpoints. */
  readonly name: string;
  /** Default: `t.any`. */
  readonly type?: ValueType<V>;
};
export type MapStateDescriptor<K extends Key, V> = {
  readonly name: string;
  readonly keyType?: ValueType<K>;
  readonly type?: ValueType<V>;
};
export type ReducingStateDescriptor<V> = StateDescriptor<V> & { readonly reduce: (left: V, right: V) => V };
export type AggregatingStateDescriptor<I, A, O> = StateDescriptor<A> & { readonly aggregate: Aggregate<I, A, O> };

/** How inputs fold into an accumulator and a result is read from it. */
export interface Aggregate<I, A, O> {
  createAccumulator(): A;
  add(value: I, accumulator: A): A;
  getResult(accumulator: A): O;
  merge?(left: A, right: A): A;
}

export interface ValueState<V> {
  /** undefined when the current key has none. */
  value(): V | undefined;
  update(value: V): void;
  clear(): void;
}
export interface ListState<V> {
  /** Empty when the current key has none. */
  get(): readonly V[];
  add(value: V): void;
  addAll(values: readonly V[]): void;
  update(values: readonly V[]): void;
  clear(): void;
}
export interface ReadonlyMapState<K extends Key, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  entries(): IterableIterator<readonly [K, V]>;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
  isEmpty(): boolean;
}
export interface MapState<K extends Key, V> extends ReadonlyMapState<K, V> {
  put(key: K, value: V): void;
  remove(key: K): void;
  clear(): void;
}
/** A map that every subtask holds; what it hands out must not be changed (it is frozen). */
export type ReadonlyBroadcastState<K extends Key, V> = ReadonlyMapState<K, V>;
/** In order of insertion; after a restore, too. */
export type BroadcastState<K extends Key, V> = MapState<K, V>;
export interface ReducingState<V> {
  get(): V | undefined;
  /** Returns the new reduced value. */
  add(value: V): V;
  clear(): void;
}
export interface AggregatingState<I, O> {
  get(): O | undefined;
  /** Returns the new result. */
  add(value: I): O;
  clear(): void;
}

/** Declares keyed states; the same object an operator and a user function use. */
export interface KeyedStateStore {
  value<V>(descriptor: StateDescriptor<V>): ValueState<V>;
  list<V>(descriptor: StateDescriptor<V>): ListState<V>;
  map<K extends Key, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  reducing<V>(descriptor: ReducingStateDescriptor<V>): ReducingState<V>;
  aggregating<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O>;
}

/** Timers of the current key; one per (key, kind, time): registering twice fires once. Times in epoch milliseconds. */
export interface TimerService {
  registerEventTime(timestamp: number): void;
  registerProcessingTime(timestamp: number): void;
  deleteEventTime(timestamp: number): void;
  deleteProcessingTime(timestamp: number): void;
}

export type TimerHandler = {
  /** Called with the current key set to the timer's. */
  onEventTime(timestamp: number): void;
  onProcessingTime(timestamp: number): void;
};

/** The keys of this subtask that have a state, some at a time. */
export interface KeyWalk {
  /** How many there are now. */
  readonly size: number;
  /** Calls `apply` for the next `count` keys, or fewer where the round ends, with the key set, and then releases it. */
  next(count: number, apply: (key: Key) => void): void;
}

/** Keyed state as a stream operator sees it: beside the states of the current key, the key itself and its timers. */
export interface KeyedOperatorState extends KeyedStateStore {
  currentKey(): Key;
  /** Sets the key that states and timers refer to; `hash` is keyHash(key). For an operator that goes on with an earlier record. */
  setCurrentKey(key: Key, hash: number): void;
  /** Calls `apply` for each key of this subtask that has state of that name, with the key set, and then releases it. */
  forEachKey(stateName: string, apply: (key: Key) => void): void;
  /** @internal The same in small steps, round after round. */
  walk(stateName: string): KeyWalk;
  /** Declares a timer service; the backend calls its handler when a timer comes due. */
  timers(name: string, handler: TimerHandler): TimerService;
  /** @internal Tables for batches of columns; not of the current key, but of all keys of this subtask. */
  slicedTable(descriptor: SlicedTableDescriptor): SlicedTable;
  /**
   * @internal Hands over a table that was restored and that nobody has declared, as its file has it: it is not of this state any more. Null: there is none of that name.
   */
  takeUndeclaredTable(name: string): SlicedTable | null;
  /** @internal The same for whole rows, several of a key. */
  slicedRows(descriptor: RowTableDescriptor): SlicedRows;
}

/** Operator list state: not by key; shared out on restore as its redistribution says. */
export interface OperatorListState<V> {
  get(): readonly V[];
  add(value: V): void;
  update(values: readonly V[]): void;
}

export interface OperatorStateStore {
  /** Round-robin over subtasks on restore. */
  list<V>(descriptor: StateDescriptor<V>): OperatorListState<V>;
  /** Every subtask gets all items on restore. */
  unionList<V>(descriptor: StateDescriptor<V>): OperatorListState<V>;
  /** The same on every subtask: each gets one copy on restore. Operators keep it equal. */
  broadcastList<V>(descriptor: StateDescriptor<V>): OperatorListState<V>;
  /** The same as a map. */
  broadcastMap<K extends Key, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}
