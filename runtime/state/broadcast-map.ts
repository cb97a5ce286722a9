/**
 * Owns: broadcast state of one subtask: a map in order of insertion, written to checkpoints as a list of its entries.
 * Not here: sharing it out and encoding it (operator-state.ts); that all subtasks write the same (CNF3).
 *
 * BRM1 What it holds is frozen, so that what is read from it cannot be changed in one subtask.
 */
import {
  findMisfit,
  freezeValue,
  type Key,
  type KeyIdentity,
  keyIdentity,
  ownKey,
  type ValueType,
} from "../record/index.ts";
import type { BroadcastState } from "../ports/index.ts";
import { refusedByState } from "./heap/state-guard.ts";

export type BroadcastEntry<K, V> = { readonly key: K; readonly value: V };

export class HeapBroadcastMap<K extends Key, V> implements BroadcastState<K, V> {
  readonly name: string;
  /** Of an entry. */
  readonly type: ValueType<BroadcastEntry<K, V>>;
  readonly redistribution = "broadcast";
  readonly #uid: string;
  readonly #entries: Map<KeyIdentity, BroadcastEntry<K, V>>;

  constructor(
    uid: string,
    { name, type }: { readonly name: string; readonly type: ValueType<BroadcastEntry<K, V>> },
    restored: readonly BroadcastEntry<K, V>[],
  ) {
    this.#uid = uid;
    this.name = name;
    this.type = type;
    this.#entries = new Map(restored.map((entry) => [keyIdentity(entry.key), frozen(entry)]));
  }

  get items(): readonly BroadcastEntry<K, V>[] {
    return [...this.#entries.values()];
  }

  get(key: K): V | undefined {
    return this.#entries.get(keyIdentity(key))?.value;
  }

  has(key: K): boolean {
    return this.#entries.has(keyIdentity(key));
  }

  put(key: K, value: V): void {
    const entry = { key: ownKey(key) as K, value };
    const found = findMisfit(this.type, entry);
    if (found !== null)
      throw refusedByState(this.#uid, { name: this.name, kind: "map", type: this.type, keyType: null }, found);
    this.#entries.set(keyIdentity(key), frozen(entry));
  }

  remove(key: K): void {
    this.#entries.delete(keyIdentity(key));
  }

  *entries(): IterableIterator<readonly [K, V]> {
    for (const { key, value } of this.#entries.values()) yield [key, value];
  }

  *keys(): IterableIterator<K> {
    for (const { key } of this.#entries.values()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#entries.values()) yield value;
  }

  isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  clear(): void {
    this.#entries.clear();
  }
}

function frozen<K, V>({ key, value }: BroadcastEntry<K, V>): BroadcastEntry<K, V> {
  return { key, value: freezeValue(value, "a value of broadcast state") as V };
}
