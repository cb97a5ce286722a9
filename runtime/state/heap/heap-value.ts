/**
 * Owns: value, reducing and aggregating state on the heap: one entry per key.
 * Called by: operators and user functions, for every record: the hot path (STA1, STA2, TA1).
 */
import { thawed } from "../../record/index.ts";
import type { Aggregate, AggregatingState, ReducingState, ValueState } from "../../ports/index.ts";
import { Cursor, Entry, type Table } from "./table.ts";
import { keepBeforeRead, keepBeforeReplace } from "./versions.ts";

export class HeapValueState<V> implements ValueState<V> {
  readonly #slot: EntrySlot;

  constructor(table: Table<Entry>) {
    this.#slot = new EntrySlot(table);
  }

  value(): V | undefined {
    return this.#slot.read() as V | undefined;
  }

  update(value: V): void {
    this.#slot.write(value);
  }

  clear(): void {
    this.#slot.remove();
  }
}

export class HeapReducingState<V> implements ReducingState<V> {
  readonly #slot: EntrySlot;
  readonly #reduce: (left: V, right: V) => V;

  constructor(table: Table<Entry>, reduce: (left: V, right: V) => V) {
    this.#slot = new EntrySlot(table);
    this.#reduce = reduce;
  }

  get(): V | undefined {
    return this.#slot.read() as V | undefined;
  }

  add(value: V): V {
    const before = this.#slot.read() as V | undefined;
    const after = before === undefined ? value : this.#reduce(before, value);
    this.#slot.write(after);
    return after;
  }

  clear(): void {
    this.#slot.remove();
  }
}

export class HeapAggregatingState<I, A, O> implements AggregatingState<I, O> {
  readonly #slot: EntrySlot;
  readonly #aggregate: Aggregate<I, A, O>;

  constructor(table: Table<Entry>, aggregate: Aggregate<I, A, O>) {
    this.#slot = new EntrySlot(table);
    this.#aggregate = aggregate;
  }

  get(): O | undefined {
    const accumulator = this.#slot.read() as A | undefined;
    return accumulator === undefined ? undefined : this.#aggregate.getResult(accumulator);
  }

  add(value: I): O {
    const before = (this.#slot.read() as A | undefined) ?? this.#aggregate.createAccumulator();
    const after = this.#aggregate.add(value, before);
    this.#slot.write(after);
    return this.#aggregate.getResult(after);
  }

  clear(): void {
    this.#slot.remove();
  }
}

/** One value per key. Its own class, so that the three states above share one monomorphic path. */
class EntrySlot {
  readonly #cursor: Cursor<Entry>;

  constructor(table: Table<Entry>) {
    this.#cursor = new Cursor(table);
  }

  /** The value, or undefined; it may be changed in place (STA2), so what was emitted, and is frozen, is replaced by a copy first. */
  read(): unknown {
    const cursor = this.#cursor;
    const entry = cursor.find();
    if (entry === undefined) return undefined;
    if (cursor.context.unwritten !== 0)
      keepBeforeRead(cursor.context, cursor.group(), entry, { key: entry.key, userKey: null });
    const { value } = entry;
    return typeof value === "object" && Object.isFrozen(value) ? (entry.value = thawed(value)) : value;
  }

  /** Undefined removes: it is what `read` answers when there is none. */
  write(value: unknown): void {
    const cursor = this.#cursor;
    const entry = cursor.find();
    if (value === undefined) {
      this.remove();
      return;
    }
    cursor.table.admit(value);
    if (entry === undefined) {
      cursor.set(new Entry(cursor.keyToKeep(), value, cursor.context.latest));
      cursor.group().rows++;
    } else {
      if (cursor.context.unwritten !== 0)
        keepBeforeReplace(cursor.context, cursor.group(), entry, { key: entry.key, userKey: null });
      entry.value = value;
    }
  }

  remove(): void {
    const cursor = this.#cursor;
    const entry = cursor.find();
    if (entry === undefined) return;
    if (cursor.context.unwritten !== 0)
      keepBeforeReplace(cursor.context, cursor.group(), entry, { key: entry.key, userKey: null });
    cursor.remove();
    cursor.group().rows--;
  }
}
