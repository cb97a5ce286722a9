/**
 * Owns: what a snapshot does with each page of a table: writes it whole, writes what was changed, or leaves it in the file where it is. Pure.
 * Not here: when a page is due (written-tables.ts), bytes (page-codec.ts).
 *
 * TST1 A changed slot is written with its key; of a row, what became of it at its place: a page's rows keep their places for its life (RPG1).
 * TST2 What is not in the file of the base, because it came later, is written whether or not its slot is marked.
 */
import type { FixedTable } from "./column-table.ts";
import { type TablePage, PAGE_SLOTS } from "./page.ts";
import {
  areFirst,
  encodeChangedSlots,
  encodeRowChanges,
  encodeRows,
  encodeSlots,
  type PageWriter,
} from "./page-codec.ts";
import { isRowLayout, type RowLayout } from "./row-meta.ts";
import { placesOf, roomIn, type RowPage } from "./row-page.ts";
import type { FixedRows } from "./row-table.ts";
import { changedPlaces } from "./slot-changes.ts";
import { wholePart, type PartForm } from "./table-file.ts";
import type { TableLayout } from "./table-meta.ts";
import { isDue, type WrittenPage, type WrittenPages, type WrittenPart } from "./written-tables.ts";

/** What the table is written relative to. */
export type TableBase = {
  /** The number of that snapshot. */
  readonly since: number;
  readonly pages: WrittenPages;
  /** Files that are referred to no more (WTB2). */
  readonly left: ReadonlySet<number>;
};

export type PageStep =
  | { readonly kind: "stays"; readonly page: number; readonly written: WrittenPage }
  | {
      readonly kind: "written";
      readonly page: number;
      /** Rows that are in the file. */
      readonly slots: number;
      readonly form: PartForm;
      readonly encode: (writer: PageWriter) => void;
      /** How the page is then. */
      readonly after: (part: WrittenPart) => WrittenPage;
    };

/** `base` null: all pages are written whole. `isAlone`: no other snapshot will build on this one. */
export function stepsOf(
  layout: TableLayout | RowLayout,
  table: FixedTable | FixedRows,
  { base, isAlone }: { readonly base: TableBase | null; readonly isAlone: boolean },
): Iterable<PageStep> {
  return isRowLayout(layout)
    ? rowSteps(layout, table as FixedRows, base, isAlone)
    : slotSteps(layout, table as FixedTable, base);
}

function* slotSteps(layout: TableLayout, table: FixedTable, base: TableBase | null): Generator<PageStep> {
  const { pages, size } = table;
  for (let number = 0; number * PAGE_SLOTS < size; number++) {
    const page = pages[number] as TablePage;
    const count = Math.min(PAGE_SLOTS, size - number * PAGE_SLOTS);
    const before = base?.pages.get(number);
    const changes = base === null || before === undefined ? null : slotChanges(table, number, base, before.rows, count);
    if (base === null || before === undefined || changes === null || isDue(before, base.left, changes.old)) {
      const encode = (writer: PageWriter): void => encodeSlots(layout, page, count, writer);
      yield { kind: "written", page: number, slots: count, form: wholePart, encode, after: wholePage(count) };
    } else if (changes.places.length === 0) {
      yield { kind: "stays", page: number, written: before };
    } else {
      const { places, old } = changes;
      const form = { ...wholePart, kind: "changes", added: places.length - old } as const;
      const encode = (writer: PageWriter): void => encodeChangedSlots(layout, page, { places, count }, writer);
      const after = changedPage(before, count, old);
      yield { kind: "written", page: number, slots: places.length, form, encode, after };
    }
  }
}

/** Places that were changed; the first `old` of them are in the base. */
function slotChanges(
  { layers }: FixedTable,
  number: number,
  { since }: TableBase,
  before: number,
  count: number,
): { readonly places: Int32Array; readonly old: number } {
  const old = changedPlaces(layers, since, number).filter((place) => place < before);
  // TST2
  const places = Int32Array.from({ length: old.length + count - before }, (_none, at) =>
    at < old.length ? (old[at] as number) : before + at - old.length,
  );
  return { places, old: old.length };
}

function* rowSteps(layout: RowLayout, table: FixedRows, base: TableBase | null, isAlone: boolean): Generator<PageStep> {
  const { pages, count, last, used } = table;
  for (let number = 0; number < count; number++) {
    const page = pages[number] ?? null;
    if (page === null) continue;
    const rows = number === last ? used : roomIn(page);
    const before = base?.pages.get(page.id);
    if (page.removals === rows) continue;
    const changes = base === null || before === undefined ? null : rowChanges(table, number, page, base, before.rows);
    const old = changes === null ? 0 : changes.gone.length + changes.marked.length;
    if (base === null || before === undefined || changes === null || isDue(before, base.left, old)) {
      const places = placesOf(page, rows);
      const hasPlaces = !isAlone && !areFirst(places);
      const form = { ...wholePart, hasPlaces };
      const encode = (writer: PageWriter): void => encodeRows(layout, page, { places, withPlaces: hasPlaces }, writer);
      yield { kind: "written", page: page.id, slots: places.length, form, encode, after: wholePage(rows) };
      continue;
    }
    const added = placesFrom(page, before.rows, rows);
    if (old + added.length === 0) yield { kind: "stays", page: page.id, written: before };
    else yield changedRows(layout, page, { changes, added, after: changedPage(before, rows, old) });
  }
}

/** Of the rows from that place on those that are there. */
function placesFrom({ removed }: RowPage, first: number, rows: number): Int32Array {
  const places = Int32Array.from({ length: rows - first }, (_none, at) => first + at);
  return removed === null ? places : places.filter((place) => removed[place] === 0);
}

type RowChanges = { readonly gone: readonly number[]; readonly marked: readonly number[] };

/** Of the rows of a page that are in the base. */
function rowChanges(
  { layers }: FixedRows,
  number: number,
  page: RowPage,
  { since }: TableBase,
  before: number,
): RowChanges {
  const changed = changedPlaces(layers, since, number).filter((place) => place < before);
  const isGone = (place: number): boolean => page.removed !== null && page.removed[place] === 1;
  return {
    gone: changed.filter(isGone),
    marked: page.marks === null ? [] : changed.filter((place) => !isGone(place)),
  };
}

function changedRows(
  layout: RowLayout,
  page: RowPage,
  what: {
    readonly changes: RowChanges;
    readonly added: Int32Array;
    readonly after: (part: WrittenPart) => WrittenPage;
  },
): PageStep {
  const { changes, added, after } = what;
  const [gone, marked] = [changes.gone.length, changes.marked.length];
  return {
    kind: "written",
    page: page.id,
    slots: added.length,
    form: { kind: "changes", hasPlaces: true, added: added.length, gone, marked },
    encode: (writer) => {
      encodeRowChanges(page, changes, writer);
      if (added.length > 0) encodeRows(layout, page, { places: added, withPlaces: true }, writer);
    },
    after,
  };
}

const wholePage =
  (rows: number) =>
  (part: WrittenPart): WrittenPage => ({ parts: [part], rows, superseded: 0 });

const changedPage =
  (before: WrittenPage, rows: number, superseded: number) =>
  (part: WrittenPart): WrittenPage => ({
    parts: [...before.parts, part],
    rows,
    superseded: before.superseded + superseded,
  });
