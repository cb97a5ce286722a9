/**
 * Owns: operator state as a process function sees it: it ends with the call, like everything else of the context (UC1). Changed
 * between two records by a promise it would be in one checkpoint and its record in another.
 */
import type { OperatorListState, OperatorStateStore, StateDescriptor } from "../ports/index.ts";
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
