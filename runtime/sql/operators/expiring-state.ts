/**
 * Owns: state of a key that is gone some time after it was last written, as `table.exec.state.ttl` and STATE_TTL say: values, lists and maps that have with each value when that was.
 * Does not own: which state of an operator that is, and looking through it (expiring-operator.ts).
 * Called by: operators, as they call any other state.
 *
 * SQZS1 What has expired is not there for anybody who reads, whether it is still in memory or not: a result never depends on when it was cleared. Time is the clock's, in
 *     milliseconds; a value lives until that time has passed since it was written, and reading it does not make it live longer.
 * SQZS2 Lists and maps expire item by item: an item that is put again, and no other, begins anew.
 * SQZS3 When it was written goes into checkpoints with the value: after a restore nothing lives longer, or shorter.
 * SQZS4 A value that may be changed in place is stored as it is, with the time in it; one that is frozen is stored as a copy.
 */
import { assert, type Clock } from "../../../base/index.ts";
import { describeType, type Key, t, type ValueType } from "../../record/index.ts";
import type { ListState, MapState, ValueState } from "../../ports/index.ts";

type Stamped = { [name: string]: unknown };

/** How long, and by which clock. */
export type Lifetime = { readonly ttl: number; readonly clock: Clock };

const WRITTEN = "$written";

/** The name of the time in records of the type that is described so: it is no part of any name in it. */
function stampIn(description: string): string {
  let name = WRITTEN;
  while (description.includes(name)) name += "$";
  return name;
}

const stampOf = (type: ValueType<unknown>): string => stampIn(describeType(type));

/** The type of what is stored for a record of `type`. */
export function stampedType<V>(type: ValueType<V>): ValueType<V> {
  const { kind, fields } = type;
  assert(kind === "record" && fields !== undefined, "state that expires is of records");
  const stamp = { name: stampOf(type as ValueType<unknown>), type: t.timestamp as ValueType<unknown> };
  return { ...type, fields: [...fields, stamp] };
}

/** The description of that type, in the declaration of a state of this kind. */
export function stampedDescription({ kind, type }: { readonly kind: string; readonly type: string }): string {
  const ends = kind === "map" ? ">>" : ">";
  assert(type.endsWith(ends), "state that expires is of records");
  return `${type.slice(0, -ends.length)}, ${stampIn(type)}: ${describeType(t.timestamp as ValueType<unknown>)}${ends}`;
}

/** Puts times into values, and reads them. */
class Stamps {
  readonly #name: string;
  readonly #ttl: number;
  readonly #clock: Clock;

  constructor(type: ValueType<unknown>, { ttl, clock }: Lifetime) {
    this.#name = stampOf(type);
    this.#ttl = ttl;
    this.#clock = clock;
  }

  /** Times up to this one are over. */
  get limit(): number {
    return this.#clock.nowMs() - this.#ttl;
  }

  isOver(value: unknown, limit: number): boolean {
    return this.#writtenAt(value) <= limit;
  }

  isStamped(value: unknown): boolean {
    return Object.hasOwn(value as Stamped, this.#name);
  }

  /** SQZS4 */
  written<V>(value: V): V {
    const now = this.#clock.nowMs();
    if (Object.isFrozen(value)) return { ...(value as Stamped), [this.#name]: now } as V;
    (value as Stamped)[this.#name] = now;
    return value;
  }

  #writtenAt(value: unknown): number {
    return (value as Stamped)[this.#name] as number;
  }
}

export class ExpiringValue<V> implements ValueState<V> {
  readonly #state: ValueState<V>;
  readonly #stamps: Stamps;
  readonly #onOver: () => void;

  /** `state`: of the stamped type. `onOver`: what else goes with it, for the same key. */
  constructor(state: ValueState<V>, type: ValueType<V>, lifetime: Lifetime, onOver: () => void) {
    this.#state = state;
    this.#stamps = new Stamps(type as ValueType<unknown>, lifetime);
    this.#onOver = onOver;
  }

  value(): V | undefined {
    const value = this.#state.value();
    if (value === undefined || !this.#stamps.isOver(value, this.#stamps.limit)) return value;
    this.#state.clear();
    this.#onOver();
    return undefined;
  }

  update(value: V): void {
    this.#state.update(this.#stamps.written(value));
  }

  clear(): void {
    this.#state.clear();
  }

  /** Of the current key. */
  clearExpired(): void {
    this.value();
  }
}

/** Items stand in the order in which they were added. */
export class ExpiringList<V> implements ListState<V> {
  readonly #state: ListState<V>;
  readonly #stamps: Stamps;

  constructor(state: ListState<V>, type: ValueType<V>, lifetime: Lifetime) {
    this.#state = state;
    this.#stamps = new Stamps(type as ValueType<unknown>, lifetime);
  }

  get(): readonly V[] {
    const values = this.#state.get();
    const { limit } = this.#stamps;
    const [oldest] = values;
    // The clock may have been set back between two items: only when the first one is over the others are looked at.
    if (oldest === undefined || !this.#stamps.isOver(oldest, limit)) return values;
    this.#state.update(values.filter((value) => !this.#stamps.isOver(value, limit)));
    return this.#state.get();
  }

  add(value: V): void {
    this.#state.add(this.#stamps.written(value));
  }

  addAll(values: readonly V[]): void {
    this.#state.addAll(values.map((value) => this.#stamps.written(value)));
  }

  /** Items that were in it keep their times. */
  update(values: readonly V[]): void {
    this.#state.update(values.map((value) => (this.#stamps.isStamped(value) ? value : this.#stamps.written(value))));
  }

  clear(): void {
    this.#state.clear();
  }

  clearExpired(): void {
    this.get();
  }
}

export class ExpiringMap<K extends Key, V> implements MapState<K, V> {
  readonly #state: MapState<K, V>;
  readonly #stamps: Stamps;

  constructor(state: MapState<K, V>, type: ValueType<V>, lifetime: Lifetime) {
    this.#state = state;
    this.#stamps = new Stamps(type as ValueType<unknown>, lifetime);
  }

  get(key: K): V | undefined {
    const value = this.#state.get(key);
    if (value === undefined || !this.#stamps.isOver(value, this.#stamps.limit)) return value;
    this.#state.remove(key);
    return undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  put(key: K, value: V): void {
    this.#state.put(key, this.#stamps.written(value));
  }

  remove(key: K): void {
    this.#state.remove(key);
  }

  clear(): void {
    this.#state.clear();
  }

  *entries(): IterableIterator<readonly [K, V]> {
    const { limit } = this.#stamps;
    for (const entry of this.#state.entries()) if (!this.#stamps.isOver(entry[1], limit)) yield entry;
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  isEmpty(): boolean {
    return this.entries().next().done === true;
  }

  clearExpired(): void {
    const { limit } = this.#stamps;
    const over = [...this.#state.entries()].filter(([, value]) => this.#stamps.isOver(value, limit));
    for (const [key] of over) this.#state.remove(key);
  }
}
