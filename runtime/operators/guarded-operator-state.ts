/**
 * Owns: operator state as a process function sees it: it ends with the call, like everything else of the context (UC1). Changed
 * between two records by a promise it would be in one checkpoint and its record in another.
 *
 * GOS1 Broadcast state is written in calls for records of the broadcast stream only (CNF3); whoever writes it elsewhere meets an error.
 */
import type {
  BroadcastState,
  MapStateDescriptor,
  OperatorListState,
  OperatorStateStore,
  StateDescriptor,
} from "../ports/index.ts";
import type { Key } from "../record/index.ts";
import type { UserCall } from "./user-call.ts";

export class GuardedOperatorState implements OperatorStateStore {
  readonly #store: OperatorStateStore;
  readonly #call: UserCall;

  constructor(store: OperatorStateStore, call: UserCall) {
    this.#store = store;
    this.#call = call;
  }

  list<V>(descriptor: StateDescriptor<V>): OperatorListState<V> {
    return new GuardedList(this.#store.list(descriptor), descriptor.name, this.#call);
  }

  unionList<V>(descriptor: StateDescriptor<V>): OperatorListState<V> {
    return new GuardedList(this.#store.unionList(descriptor), descriptor.name, this.#call);
  }

  broadcastList<V>(descriptor: StateDescriptor<V>): OperatorListState<V> {
    return new GuardedList(this.#store.broadcastList(descriptor), descriptor.name, this.#call);
  }

  broadcastMap<K extends Key, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    return new GuardedBroadcastMap(this.#store.broadcastMap(descriptor), descriptor.name, this.#call);
  }
}

class GuardedBroadcastMap<K extends Key, V> implements BroadcastState<K, V> {
  readonly #map: BroadcastState<K, V>;
  readonly #name: string;
  readonly #call: UserCall;

  constructor(map: BroadcastState<K, V>, name: string, call: UserCall) {
    this.#map = map;
    this.#name = name;
    this.#call = call;
  }

  get(key: K): V | undefined {
    return this.#read().get(key);
  }

  has(key: K): boolean {
    return this.#read().has(key);
  }

  entries(): IterableIterator<readonly [K, V]> {
    return this.#read().entries();
  }

  keys(): IterableIterator<K> {
    return this.#read().keys();
  }

  values(): IterableIterator<V> {
    return this.#read().values();
  }

  isEmpty(): boolean {
    return this.#read().isEmpty();
  }

  put(key: K, value: V): void {
    this.#write().put(key, value);
  }

  remove(key: K): void {
    this.#write().remove(key);
  }

  clear(): void {
    this.#write().clear();
  }

  #read(): BroadcastState<K, V> {
    if (!this.#call.isOpen) throw this.#call.late(`broadcast state "${this.#name}"`);
    return this.#map;
  }

  #write(): BroadcastState<K, V> {
    const map = this.#read();
    if (!this.#call.isOfBroadcast) throw this.#call.broadcastOnly(this.#name);
    return map;
  }
}

class GuardedList<V> implements OperatorListState<V> {
  readonly #list: OperatorListState<V>;
  readonly #name: string;
  readonly #call: UserCall;

  constructor(list: OperatorListState<V>, name: string, call: UserCall) {
    this.#list = list;
    this.#name = name;
    this.#call = call;
  }

  get(): readonly V[] {
    this.#check();
    return this.#list.get();
  }

  add(value: V): void {
    this.#check();
    this.#list.add(value);
  }

  update(values: readonly V[]): void {
    this.#check();
    this.#list.update(values);
  }

  #check(): void {
    if (!this.#call.isOpen) throw this.#call.late(`operator state "${this.#name}"`);
  }
}
