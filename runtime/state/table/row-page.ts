/**
 * Owns: the memory of a page of a row table: hashes, rows, marks, and which rows were removed.
 *
 * RPG1 Hashes and rows are only added: what a snapshot fixed of them stays as it is, so a copy of a page shares them. Marks and removals are its own.
 * RPG3 A page has an identity of its own in its table: another page that takes its number later has another.
 * RPG2 A table of few rows is small, for there are many: one for each slice. The first pages have room for fewer rows than 2^TABLE_PAGE_BITS, each for some times as many as the one before.
 */
import { type AnyStore, type Column, type ColumnLayout, storeOf } from "../../record/index.ts";
import { PAGE_SLOTS } from "./page.ts";

export type PageRows = {
  readonly hashes: Int32Array;
  readonly stores: readonly AnyStore[];
  /** Of the stores, as they are after the last row that was added. */
  columns: readonly Column[];
  used: number;
};

export type RowPage = {
  /** RPG3 */
  readonly id: number;
  readonly rows: PageRows;
  readonly marks: Int32Array | null;
  /** By place: 1 where the row was removed; null: none was. */
  removed: Uint8Array | null;
  removals: number;
  /** The number of the last snapshot before its marks and removals were made: later ones hold them, too. */
  readonly madeAfter: number;
};

/** Texts of a page are longer than those of the one before, sometimes. */
const TEXTS_MORE = 1.06;
const FIRST_ROWS = 32;
/** As a power of two. */
const GROWTH = 2;

/** RPG2: for how many rows a page has room. */
const roomOf = (number: number): number => Math.min(PAGE_SLOTS, FIRST_ROWS * 2 ** (GROWTH * number));

export const roomIn = ({ rows }: RowPage): number => rows.hashes.length;

/** What the texts of that field will take, if they are as long as those of a page before; undefined: nobody knows. */
function textBytesLike(before: PageRows | null, field: number, room: number): number | undefined {
  const store = before?.stores[field];
  if (before === null || before.used === 0 || store === undefined || !("putCopy" in store)) return undefined;
  return Math.ceil((store.used / before.used) * room * TEXTS_MORE);
}

/** `before`: the page that was filled before. */
export function createRowPage(
  { fields }: ColumnLayout,
  {
    id,
    number,
    hasMarks,
    madeAfter,
    before,
  }: {
    readonly id: number;
    readonly number: number;
    readonly hasMarks: boolean;
    readonly madeAfter: number;
    readonly before: RowPage | null;
  },
): RowPage {
  const room = roomOf(number);
  const stores = fields.map((field, at) => storeOf(field, room, textBytesLike(before?.rows ?? null, at, room)));
  return {
    id,
    rows: {
      hashes: new Int32Array(room),
      stores,
      columns: stores.map((store) => store.column()),
      used: 0,
    },
    marks: hasMarks ? new Int32Array(room) : null,
    removed: null,
    removals: 0,
    madeAfter,
  };
}

export function copyRowPage({ id, rows, marks, removed, removals }: RowPage, madeAfter: number): RowPage {
  return { id, rows, marks: marks?.slice() ?? null, removed: removed?.slice() ?? null, removals, madeAfter };
}

/** The places of the first `used` rows that are there. */
export function placesOf({ removed }: Pick<RowPage, "removed">, used: number): Int32Array {
  const places = new Int32Array(used);
  let count = 0;
  for (let place = 0; place < used; place++) if (removed === null || removed[place] === 0) places[count++] = place;
  return places.subarray(0, count);
}
