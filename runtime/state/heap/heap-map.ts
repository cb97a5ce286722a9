/**
 * Owns: map state on the heap: per key of the stream a Map of cells by the user's key, in order of insertion; never empty.
 * Called by: operators and user functions (STA1, STA2, TA1).
 *
 * HM1 The cell is the unit of a snapshot (CW1). After a restore the order of a map's entries may be another.
 */
import { StreamError } from "../../../base/index.ts";
import { findMisfit, type Key, type KeyIdentity, keyIdentity, ownKey, thawed } from "../../record/index.ts";
import type { MapState } from "../../ports/index.ts";
import { describeMeta, keyInWords } from "../snapshot/state-meta.ts";
import { Cursor, Entry, type MapSlot, type Table } from "./table.ts";
import { keepBeforeRead, keepBeforeReplace } from "./versions.ts";

export class HeapMapState<K extends Key, V> implements MapState<K, V> {
  readonly #cursor: Cursor<MapSlot>;

  constructor(table: Table<MapSlot>) {
    this.#cursor = new Cursor(table);
  }

  get(key: K): V | undefined {
    const slot = this.#cursor.find();
    const cell = slot?.cells.get(identityOf(key));
    if (slot === undefined || cell === undefined) return undefined;
    if (this.#cursor.context.unwritten !== 0) this.#beforeRead(slot, cell);
    return handOut(cell) as V;
  }

  has(key: K): boolean {
    return this.#cursor.find()?.cells.has(identityOf(key)) === true;
  }

  put(key: K, value: V): void {
    const cursor = this.#cursor;
    const identity = identityOf(key);
    this.#admit(key, value);
    let slot = cursor.find();
    const cell = slot?.cells.get(identity);
    if (slot !== undefined && cell !== undefined) {
      if (cursor.context.unwritten !== 0) this.#beforeReplace(slot, cell);
      cell.value = value;
      return;
    }
    if (slot === undefined) {
      slot = { key: cursor.keyToKeep(), cells: new Map() };
      cursor.set(slot);
    }
    const owned = ownKey(key);
    slot.cells.set(typeof owned === "string" ? owned : identity, new Entry(owned, value, cursor.context.latest));
    cursor.group().rows++;
  }

  remove(key: K): void {
    const cursor = this.#cursor;
    const slot = cursor.find();
    const identity = identityOf(key);
    const cell = slot?.cells.get(identity);
    if (slot === undefined || cell === undefined) return;
    if (cursor.context.unwritten !== 0) this.#beforeReplace(slot, cell);
    slot.cells.delete(identity);
    cursor.group().rows--;
    if (slot.cells.size === 0) cursor.remove();
  }

  *entries(): IterableIterator<readonly [K, V]> {
    const { context } = this.#cursor;
    const slot = this.#cursor.find();
    if (slot === undefined) return;
    // The current key may be another one when the iterator goes on: the group is taken now.
    const group = this.#cursor.group();
    for (const cell of slot.cells.values()) {
      if (context.unwritten !== 0) keepBeforeRead(context, group, cell, { key: slot.key, userKey: cell.key });
      yield [cell.key as K, handOut(cell) as V];
    }
  }

  *keys(): IterableIterator<K> {
    const slot = this.#cursor.find();
    if (slot === undefined) return;
    for (const cell of slot.cells.values()) yield cell.key as K;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  isEmpty(): boolean {
    return this.#cursor.find() === undefined;
  }

  clear(): void {
    const cursor = this.#cursor;
    const slot = cursor.find();
    if (slot === undefined) return;
    if (cursor.context.unwritten !== 0) for (const cell of slot.cells.values()) this.#beforeReplace(slot, cell);
    cursor.remove();
    cursor.group().rows -= slot.cells.size;
  }

  #admit(key: K, value: V): void {
    const { table } = this.#cursor;
    table.admit(value);
    const { keyType } = table.meta;
    if (keyType !== null && keyType.kind !== "any" && findMisfit(keyType, key) !== null) throw badMapKey(table, key);
  }

  #beforeRead(slot: MapSlot, cell: Entry): void {
    keepBeforeRead(this.#cursor.context, this.#cursor.group(), cell, { key: slot.key, userKey: cell.key });
  }

  #beforeReplace(slot: MapSlot, cell: Entry): void {
    keepBeforeReplace(this.#cursor.context, this.#cursor.group(), cell, { key: slot.key, userKey: cell.key });
  }
}

/** What was emitted, and is frozen, is replaced by a copy that may be changed (STA2). */
function handOut(cell: Entry): unknown {
  const { value } = cell;
  return typeof value === "object" && Object.isFrozen(value) ? (cell.value = thawed(value)) : value;
}

function badMapKey({ context, meta }: Table<MapSlot>, key: Key): StreamError {
  return new StreamError(
    "VALUE_NOT_SERIALIZABLE",
    `state "${meta.name}" (${describeMeta(meta)}) of operator "${context.uid}" was given the map key ${keyInWords(key)}, which is none of its declared type; change the key, or keyType`,
    { destiny: "terminal" },
  );
}

function identityOf(key: Key): KeyIdentity {
  return typeof key === "string" ? key : keyIdentity(key);
}
