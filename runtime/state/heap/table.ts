/**
 * Owns: the tables that hold keyed state in memory: one per state, cut into key groups; entries; the cursor of the hot path.
 * Not here: what a snapshot keeps of them (section.ts), what the states mean (heap-*.ts).
 * Called by: the states, the snapshot and restore.
 *
 * TA1 One hash lookup per record and state: a cursor keeps the entry it found until the current key changes (KC2).
 * TA2 One hash map for the table, so that a look-up takes few steps through memory; each key group knows its members, so that a
 *     snapshot can go group by group.
 * TA3 `stamp` of an entry is the number of the newest snapshot that does not need its present value: because it was made
 *     after that snapshot, or because its value was kept or written for it. Snapshots above the stamp still need it.
 * TA4 `rows` counts what the snapshot writes separately: entries, or the cells of map state, or timers.
 */
import { type Key, type KeyIdentity, ownKey, primitiveOf } from "../../record/index.ts";
import { type KeyContext, NO_SERIAL } from "./key-context.ts";
import { GroupMembers, KeyMap } from "./key-map.ts";
import type { Section } from "./section.ts";
import { refusedByState, StateGuard } from "./state-guard.ts";
import { keyInWords, type StateMeta } from "../snapshot/state-meta.ts";

/** One value with its key: of the stream (value, list, reducing, aggregating state) or of the user (a cell of map state). */
export class Entry {
  readonly key: Key;
  value: unknown;
  stamp: number;

  constructor(key: Key, value: unknown, stamp: number) {
    this.key = key;
    this.value = value;
    this.stamp = stamp;
  }
}

/** What map state holds under a key of the stream; never empty. */
export type MapSlot = { readonly key: Key; readonly cells: Map<KeyIdentity, Entry> };

/** What a group's map holds under a key: an Entry, the cells of map state, or timers. */
export class Group<T> {
  readonly entries: GroupMembers<T>;
  rows = 0;
  /** Snapshots that have not finished with this group, oldest first. */
  readonly pending: Section[] = [];

  constructor(map: KeyMap<T>) {
    this.entries = new GroupMembers(map);
  }
}

/** T is what a group's map holds under a key. */
export class Table<T> {
  readonly context: KeyContext;
  /** Index = key group - first key group; undefined until it has an entry. */
  readonly groups: (Group<T> | undefined)[];
  /** All keys of all groups. */
  readonly map = new KeyMap<T>();
  #currentMeta: StateMeta;
  /** A value of this `typeof` fits the type, whatever it is. */
  #primitive: string;
  /** Adapts to the size of the values, see snapshot-writer.ts. */
  rowsPerChunk = 16;
  readonly #guard = new StateGuard();

  constructor(context: KeyContext, meta: StateMeta) {
    this.context = context;
    this.#currentMeta = meta;
    this.#primitive = primitiveOf(meta.type);
    this.groups = new Array<Group<T> | undefined>(context.groupCount).fill(undefined);
  }

  get meta(): StateMeta {
    return this.#currentMeta;
  }

  /** A restored state is declared, with a later version of its type. */
  set meta(meta: StateMeta) {
    this.#currentMeta = meta;
    this.#primitive = primitiveOf(meta.type);
  }

  /** Before a value comes in (STG1). */
  admit(value: unknown): void {
    if (typeof value === this.#primitive) return;
    const found = this.#guard.find(value, this.meta.type);
    if (found === null) return;
    throw refusedByState(this.context.uid, this.meta, found, ` at key ${keyInWords(this.context.key as Key)}`);
  }

  /** The group at `index`, made if it has no entries yet. */
  groupAt(index: number): Group<T> {
    let group = this.groups[index];
    if (group === undefined) {
      if (index < 0 || index >= this.groups.length) throw this.context.misuse(this.meta.name);
      group = new Group<T>(this.map);
      this.groups[index] = group;
    }
    return group;
  }
}

/** Finds the entry of the current key. One per table and state object. */
export class Cursor<T> {
  serial = NO_SERIAL;
  readonly context: KeyContext;
  readonly table: Table<T>;
  #entry: T | undefined = undefined;
  #groupFound: Group<T> | undefined = undefined;

  constructor(table: Table<T>) {
    this.context = table.context;
    this.table = table;
    this.context.register(this);
  }

  /** What the current key has, or undefined. */
  find(): T | undefined {
    if (this.serial !== this.context.serial) this.#locate();
    return this.#entry;
  }

  /** The group of the current key; only after `find`. */
  group(): Group<T> {
    this.#groupFound ??= this.table.groupAt(this.context.groupIndex());
    return this.#groupFound;
  }

  /** Puts something under the current key, which has nothing yet (or replaces it: rows are counted by the caller). */
  set(entry: T): void {
    this.group().entries.set(this.context.identity(), this.context.hash, entry);
    this.#entry = entry;
  }

  remove(): void {
    this.group().entries.delete(this.context.identity(), this.context.hash);
    this.#entry = undefined;
  }

  /** The current key in a form that may be kept for long. */
  keyToKeep(): Key {
    return ownKey(this.context.key as Key);
  }

  /** Looks again at the next use: the table was changed behind the cursor. */
  forget(): void {
    this.serial = NO_SERIAL;
  }

  #locate(): void {
    const context = this.context;
    const index = context.groupIndex();
    if (context.key === undefined || index < 0 || index >= context.groupCount)
      throw context.misuse(this.table.meta.name);
    this.#groupFound = undefined;
    this.#entry = this.table.map.get(context.identity(), context.hash);
    this.serial = context.serial;
  }
}
