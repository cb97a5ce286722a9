/**
 * Owns: list state on the heap: one entry per key, its value the array of elements, which is never empty.
 * Called by: operators and user functions (STA1, STA2, TA1).
 */
import type { ListState } from "../../ports/index.ts";
import { Cursor, Entry, type Table } from "./table.ts";
import { keepBeforeAppend, keepBeforeRead, keepBeforeReplace } from "./versions.ts";

const EMPTY: readonly never[] = Object.freeze([]);

export class HeapListState<V> implements ListState<V> {
  readonly #cursor: Cursor<Entry>;

  constructor(table: Table<Entry>) {
    this.#cursor = new Cursor(table);
  }

  /** The list itself, not a copy: `add` appends to what was returned, unless that was emitted in between. */
  get(): readonly V[] {
    const cursor = this.#cursor;
    const entry = cursor.find();
    if (entry === undefined) return EMPTY;
    if (cursor.context.unwritten !== 0)
      keepBeforeRead(cursor.context, cursor.group(), entry, { key: entry.key, userKey: null });
    return entry.value as V[];
  }

  add(value: V): void {
    this.#cursor.table.admit(value);
    const entry = this.#forAppend();
    if (entry === undefined) this.#insert([value]);
    else (entry.value as V[]).push(value);
  }

  addAll(values: readonly V[]): void {
    if (values.length === 0) return;
    for (const value of values) this.#cursor.table.admit(value);
    const entry = this.#forAppend();
    if (entry === undefined) {
      this.#insert([...values]);
      return;
    }
    const list = entry.value as V[];
    // The count is taken first: `values` may be the list itself. A spread would overflow the stack with long ones.
    const count = values.length;
    for (let index = 0; index < count; index++) list.push(values[index] as V);
  }

  update(values: readonly V[]): void {
    if (values.length === 0) {
      this.clear();
      return;
    }
    for (const value of values) this.#cursor.table.admit(value);
    const entry = this.#forReplace();
    if (entry === undefined) this.#insert([...values]);
    else entry.value = [...values];
  }

  clear(): void {
    if (this.#forReplace() === undefined) return;
    this.#cursor.remove();
    this.#cursor.group().rows--;
  }

  #insert(values: V[]): void {
    const cursor = this.#cursor;
    cursor.set(new Entry(cursor.keyToKeep(), values, cursor.context.latest));
    cursor.group().rows++;
  }

  #forAppend(): Entry | undefined {
    const cursor = this.#cursor;
    const entry = cursor.find();
    if (entry !== undefined && cursor.context.unwritten !== 0) keepBeforeAppend(cursor.context, cursor.group(), entry);
    // Emitted as it was handed out: what is appended now is none of that.
    if (entry !== undefined && Object.isFrozen(entry.value)) entry.value = (entry.value as unknown[]).slice();
    return entry;
  }

  #forReplace(): Entry | undefined {
    const cursor = this.#cursor;
    const entry = cursor.find();
    if (entry !== undefined && cursor.context.unwritten !== 0) {
      keepBeforeReplace(cursor.context, cursor.group(), entry, { key: entry.key, userKey: null });
    }
    return entry;
  }
}
