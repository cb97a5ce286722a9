/**
 * Owns: what a written snapshot of tables has in which file, and which of it the next one writes anew. Pure.
 * Not here: encoding (page-codec.ts), what was changed (slot-changes.ts).
 *
 * WTB1 A page is in a file whole, and its changes since then in later ones. It is written whole again when the changes have superseded half of it.
 * WTB2 Files are given up, and their pages written whole elsewhere, so that there are at most FILES_MAX and they have at most about twice the bytes of what
 *     counts in them: a restore and the store know a bound. Of too many files the largest stays: what is in it is often what never changes.
 * WTB3 Tables that are small are written whole each time.
 */
import type { KeyedStateFile } from "../../checkpoint/index.ts";

/** With the one that is written next. */
const FILES_MAX = 24;
/** Below, tables are small (WTB3), and dead bytes do not matter (WTB2). */
export const SMALL_BYTES_DEFAULT = 1024 * 1024;
/** A page is written whole when its superseded rows are more than 1 / of its rows. */
const SUPERSEDED_SHARE = 2;

/** A part of a page in the file of the snapshot of that number. */
export type WrittenPart = { readonly file: number; readonly bytes: number };

export type WrittenPage = {
  /** First all of it, then the changes. */
  readonly parts: readonly WrittenPart[];
  /** The places up to which its rows are there. */
  readonly rows: number;
  /** Rows in its parts that later parts replace or remove. */
  readonly superseded: number;
};

/** By the page's number; of a row table by its identity (RPG3). */
export type WrittenPages = ReadonlyMap<number, WrittenPage>;

export type WrittenTables = {
  /** By the number of the snapshot that wrote it, oldest first. */
  readonly files: ReadonlyMap<number, KeyedStateFile>;
  /** By the table's identity. */
  readonly tables: ReadonlyMap<number, WrittenPages>;
};

/** Which files the next snapshot refers to no more (WTB2, WTB3). `kept`: whether the table of that identity is still there. */
export function filesToLeave(
  { files, tables }: WrittenTables,
  kept: (table: number) => boolean,
  smallBytes: number,
): ReadonlySet<number> {
  const live = new Map<number, number>();
  for (const [table, pages] of tables) {
    if (!kept(table)) continue;
    for (const { parts } of pages.values())
      for (const { file, bytes } of parts) live.set(file, (live.get(file) ?? 0) + bytes);
  }
  const left = new Set([...files.keys()].filter((file) => !live.has(file)));
  const needed = [...live].map(([file, bytes]) => ({ file, bytes, length: files.get(file)?.file.length ?? bytes }));
  const bytes = sumOf(needed.map((each) => each.bytes));
  if (bytes < smallBytes) return new Set(files.keys());
  let excess = sumOf(needed.map(({ length }) => length)) - 2 * bytes - smallBytes;
  for (const each of needed.toSorted((one, other) => one.bytes / one.length - other.bytes / other.length)) {
    if (excess <= 0) break;
    left.add(each.file);
    excess -= each.length - each.bytes;
  }
  const stays = needed.filter(({ file }) => !left.has(file)).toSorted((one, other) => other.bytes - one.bytes);
  if (stays.length >= FILES_MAX) for (const { file } of stays.slice(1)) left.add(file);
  return left;
}

/** Whether a page is written whole: it has a part in a file that is left, or as many of its rows as `now` are superseded as well. */
export function isDue(page: WrittenPage, left: ReadonlySet<number>, now: number): boolean {
  return (page.superseded + now) * SUPERSEDED_SHARE > page.rows || page.parts.some(({ file }) => left.has(file));
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
