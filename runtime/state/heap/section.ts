/**
 * Owns: one key group of one state in one snapshot: which rows it still needs, which versions were kept for it, and the
 *       resumable walk over both.
 * Not here: encoding (section-codec.ts), order and turns (snapshot-writer.ts), who keeps versions (versions.ts).
 *
 * SECT1 `remaining` starts as the group's rows at the barrier and goes down by one for each row written live or kept; at 0 the
 *     section leaves the group's pending list, and state changes do not concern it any more.
 * SECT2 A live row belongs to the snapshot when its stamp is below the section's id (TA3): rows made later have a stamp as high.
 * SECT3 The walk fills one batch, yields, and may be resumed any number of changes later: a Map's iterator passes over what was
 *     removed and comes to what was added, and stamps tell what to skip. It ends at `remaining` 0, however fast rows are added.
 * SECT4 Writing a live row for this snapshot first keeps a copy for every older one that has not written it yet.
 */
import { assert, StreamError } from "../../../base/index.ts";
import type { Key } from "../../record/index.ts";
import { describeMeta, keyInWords, type StateMeta } from "../snapshot/state-meta.ts";
import type { Entry, Group, MapSlot, Table } from "./table.ts";
import { type TimerSlot, timersIn } from "./timer-table.ts";
import { keepCopy, type Row } from "./versions.ts";

/** Rows in columns, filled by the walk and emptied by the encoder. Of list state, `values` holds lists (or parts of one). */
export class RowBatchBuffer {
  readonly keys: Key[] = [];
  readonly userKeys: (Key | null)[] = [];
  readonly values: unknown[] = [];
  /** Values, or elements of lists: what the limit counts. */
  size = 0;
  limit = 256;

  push(key: Key, userKey: Key | null, value: unknown, size = 1): void {
    this.keys.push(key);
    this.userKeys.push(userKey);
    this.values.push(value);
    this.size += size;
  }

  get isFull(): boolean {
    return this.size >= this.limit;
  }

  clear(): void {
    this.keys.length = 0;
    this.userKeys.length = 0;
    this.values.length = 0;
    this.size = 0;
  }
}

/** Skipped rows after which a walk gives way although it has written nothing. */
const SKIPPED_MAX = 8192;

export abstract class Section {
  readonly id: number;
  readonly table: Table<unknown>;
  /** As it was at the barrier; a later declaration may change the table's. */
  readonly meta: StateMeta;
  readonly keyGroup: number;
  protected readonly group: Group<unknown>;
  protected remaining: number;
  #kept: Row[] = [];
  #failure: unknown = undefined;

  constructor(id: number, table: Table<unknown>, index: number) {
    const group = table.groups[index];
    assert(group !== undefined && group.rows > 0, "a section has rows");
    this.id = id;
    this.table = table;
    this.meta = table.meta;
    this.keyGroup = index + table.context.firstGroup;
    this.group = group;
    this.remaining = group.rows;
    group.pending.push(this);
  }

  /** Takes the barrier's version of a row that is about to change. */
  keep(row: Row): void {
    this.#kept.push(row);
    this.settleOne();
  }

  /** The barrier's version of a row cannot be copied: writing this section throws. */
  fail(row: Row, cause: unknown): void {
    this.#failure ??= notSerializable(this.table.context.uid, this.meta, row, cause);
    this.settleOne();
  }

  /** Forgets the group: written whole, or given up. */
  leave(): void {
    const at = this.group.pending.indexOf(this);
    if (at >= 0) this.group.pending.splice(at, 1);
  }

  /** Fills `batch` with rows; yields when it is full. Everything is written when it ends. */
  *walk(batch: RowBatchBuffer): Generator<void> {
    if (this.remaining > 0) yield* this.walkLive(batch);
    assert(
      this.remaining === 0,
      `state "${this.meta.name}", key group ${this.keyGroup}: ${this.remaining} rows are missing`,
    );
    if (this.#failure !== undefined) throw this.#failure;
    yield* this.#walkKept(batch);
  }

  /** Rows in the table that still have the version of the barrier. */
  protected abstract walkLive(batch: RowBatchBuffer): Generator<void>;

  protected settleOne(): void {
    if (--this.remaining === 0) this.leave();
  }

  /** A live entry's row goes into the batch: it is written for this snapshot from here on. */
  protected settle(item: { stamp: number }, key: Key, userKey: Key | null, value: unknown): void {
    if (this.group.pending.length > 1) keepCopy(this.group, item.stamp, { key, userKey, value }, this.id);
    item.stamp = this.id;
    this.settleOne();
  }

  *#walkKept(batch: RowBatchBuffer): Generator<void> {
    const rows = this.#kept;
    this.#kept = [];
    for (const { key, userKey, value } of rows) {
      if (this.meta.kind === "list") {
        yield* pushParts(batch, key, () => value as unknown[]);
      } else {
        batch.push(key, userKey, value);
        if (batch.isFull) yield;
      }
    }
  }
}

/** Pushes a list in parts that fit; `list` is asked again after every part, for it may have been replaced by a copy. */
export function* pushParts(batch: RowBatchBuffer, key: Key, list: () => readonly unknown[]): Generator<void> {
  for (let offset = 0; offset < list().length; ) {
    const part = list().slice(offset, offset + Math.max(1, batch.limit - batch.size));
    batch.push(key, null, part, part.length);
    offset += part.length;
    if (batch.isFull) yield;
  }
}

/** Counts what a walk passed over since it last gave way. */
export class SkipCount {
  #count = 0;

  isTooMany(): boolean {
    if (++this.#count < SKIPPED_MAX) return false;
    this.#count = 0;
    return true;
  }
}

/** Sections of map state: a row is a cell. */
export class MapSection extends Section {
  protected override *walkLive(batch: RowBatchBuffer): Generator<void> {
    const skipped = new SkipCount();
    for (const { key, cells } of (this.group as Group<MapSlot>).entries.values()) {
      for (const cell of cells.values()) {
        if (cell.stamp >= this.id) {
          if (skipped.isTooMany()) yield;
          continue;
        }
        batch.push(key, cell.key, cell.value);
        this.settle(cell, key, cell.key, cell.value);
        if (batch.isFull) yield;
        if (this.remaining === 0) return;
      }
    }
  }
}

/** Sections of timers: the value of a row is the time. */
export class TimerSection extends Section {
  protected override *walkLive(batch: RowBatchBuffer): Generator<void> {
    const skipped = new SkipCount();
    for (const slot of (this.group as Group<TimerSlot>).entries.values()) {
      for (const timer of timersIn(slot)) {
        if (timer.stamp >= this.id) {
          if (skipped.isTooMany()) yield;
          continue;
        }
        batch.push(timer.key, null, timer.time);
        this.settle(timer, timer.key, null, timer.time);
        if (batch.isFull) yield;
        if (this.remaining === 0) return;
      }
    }
  }
}

/** Sections of value, reducing and aggregating state. */
export class EntrySection extends Section {
  protected override *walkLive(batch: RowBatchBuffer): Generator<void> {
    const skipped = new SkipCount();
    for (const entry of (this.group as Group<Entry>).entries.values()) {
      if (entry.stamp >= this.id) {
        if (skipped.isTooMany()) yield;
        continue;
      }
      batch.push(entry.key, null, entry.value);
      this.settle(entry, entry.key, null, entry.value);
      if (batch.isFull) yield;
      if (this.remaining === 0) return;
    }
  }
}

/** Sections of list state; a list longer than a batch is written in parts, and kept whole when it changes in between. */
export class ListSection extends Section {
  #partial: { readonly entry: Entry; values: readonly unknown[]; isKept: boolean } | null = null;

  override keep(row: Row): void {
    // While a list is half written, its version of the barrier goes on from here instead of to the kept rows.
    if (this.#partial?.entry.key === row.key && !this.#partial.isKept) {
      this.#partial.values = row.value as unknown[];
      this.#partial.isKept = true;
      this.settleOne();
    } else {
      super.keep(row);
    }
  }

  protected override *walkLive(batch: RowBatchBuffer): Generator<void> {
    const skipped = new SkipCount();
    for (const entry of (this.group as Group<Entry>).entries.values()) {
      if (entry.stamp >= this.id) {
        if (skipped.isTooMany()) yield;
        continue;
      }
      const partial = { entry, values: entry.value as unknown[], isKept: false };
      this.#partial = partial;
      yield* pushParts(batch, entry.key, () => partial.values);
      if (entry.stamp < this.id) this.settle(entry, entry.key, null, entry.value);
      this.#partial = null;
      if (this.remaining === 0) return;
    }
  }
}

/** What went wrong with which value, in words. */
export function notSerializable(uid: string, meta: StateMeta, row: Row, cause: unknown): StreamError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const at = row.userKey === null ? keyInWords(row.key) : `${keyInWords(row.key)}, map key ${keyInWords(row.userKey)}`;
  return new StreamError(
    "VALUE_NOT_SERIALIZABLE",
    `state "${meta.name}" (${describeMeta(meta)}) of operator "${uid}" cannot be stored at key ${at}: its value, ${valueInWords(row.value)}, does not fit: ${reason}`,
    { destiny: "terminal", cause },
  );
}

function valueInWords(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object") return `an object of class ${value.constructor?.name ?? "none"}`;
  return `a ${typeof value}`;
}
