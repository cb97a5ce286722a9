/**
 * Owns: keeping the version of a barrier when state changes while a snapshot is not written yet (copy-on-write).
 * Not here: what a snapshot does with the versions it was given (section.ts).
 * Called by: the states, only while `context.unwritten` is not 0 (KC3).
 *
 * CW1 The unit is the row: an entry of value, list, reducing and aggregating state, a cell of map state, a timer. A cell, not
 *     a whole map: a map with a million cells then costs a snapshot as little as a million keys do.
 * CW2 What is handed out may be changed in place (STA2), so the first *read* of an object after a barrier keeps a copy; a value
 *     that is replaced or removed without having been read since the barrier is taken over as it is.
 * CW3 Whoever keeps an object over a barrier and changes it later without reading it again changes the snapshot too, and so
 *     does whoever puts one object under two keys or states and changes it in one: an operator reads state anew for every
 *     record and gives each state objects of its own. (Flink's heap back end has the same rule.)
 */
import { copyOf, type Key } from "../../record/index.ts";
import type { KeyContext } from "./key-context.ts";
import type { Section } from "./section.ts";
import type { Entry } from "./table.ts";

/** A row as a snapshot keeps it; userKey is null but for map state. The value of list state is the whole list. */
export type Row = { readonly key: Key; readonly userKey: Key | null; readonly value: unknown };

type Pending = { readonly pending: readonly Section[] };

/** Whether a snapshot that has not finished with the group still needs what has this stamp (TA3). */
export function isNeeded(group: Pending, stamp: number): boolean {
  const newest = group.pending[group.pending.length - 1];
  return newest !== undefined && newest.id > stamp;
}

/** Before the value of an entry is handed out. */
export function keepBeforeRead(context: KeyContext, group: Pending, entry: Entry, row: Omit<Row, "value">): void {
  const { value, stamp } = entry;
  if (stamp === context.latest || typeof value !== "object" || value === null) return;
  if (isNeeded(group, stamp)) keepCopy(group, stamp, { ...row, value });
  entry.stamp = context.latest;
}

/** Before the value of an entry is replaced or removed. */
export function keepBeforeReplace(context: KeyContext, group: Pending, entry: Entry, row: Omit<Row, "value">): void {
  if (entry.stamp === context.latest) return;
  keepAsIs(group, entry.stamp, { ...row, value: entry.value });
  entry.stamp = context.latest;
}

/** Before something is appended to the list that is the value of an entry: the elements stay in it, so they are copied. */
export function keepBeforeAppend(context: KeyContext, group: Pending, entry: Entry): void {
  const { key, value, stamp } = entry;
  if (stamp === context.latest) return;
  if (isNeeded(group, stamp)) keepCopy(group, stamp, { key, userKey: null, value });
  entry.stamp = context.latest;
}

/** Gives a row that nobody else changes to every snapshot that needs it. */
export function keepAsIs(group: Pending, stamp: number, row: Row): void {
  const { pending } = group;
  // Backwards: a section that has all its rows leaves the list.
  for (let index = pending.length - 1; index >= 0; index--) {
    const section = pending[index] as Section;
    if (section.id <= stamp) return;
    section.keep(row);
  }
}

/** Gives a copy of a row to every snapshot with a number below `before` that needs it. */
export function keepCopy(group: Pending, stamp: number, row: Row, before = Number.MAX_SAFE_INTEGER): void {
  const needing = group.pending.filter((section) => section.id > stamp && section.id < before);
  if (needing.length === 0) return;
  const { kind } = (needing[0] as Section).table.meta;
  try {
    const isList = kind === "list";
    const value = isList ? (row.value as unknown[]).map((item) => copyOf(item)) : copyOf(row.value);
    for (const section of needing) section.keep({ ...row, value });
  } catch (error) {
    // Using state must not fail because a snapshot cannot be written: the snapshot does.
    for (const section of needing) section.fail(row, error);
  }
}
