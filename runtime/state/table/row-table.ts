/**
 * Owns: one row table in memory: rows in pages, chained by their keys, pages that snapshots hold.
 * Not here: chains (row-chains.ts), slices (sliced-rows.ts), files (table-file.ts).
 * Called by: joins, for every batch: the hot path.
 *
 * RTB1 Rows are added to one page, the last one. What is removed is marked; `tidy` moves the rows of a page that is half empty behind the last ones, and frees the page.
 * RTB2 While a snapshot is unwritten, a page that it holds is copied before its marks or removals change (CTB2). Pages that are added later are not its own.
 * RTB5 A row that was removed or marked counts as changed (CTB4). Added ones are known by their place: they are behind all others of their page.
 * RTB3 A row's key is checked to belong to this subtask.
 * RTB4 A table that was restored and not declared has rows and no chains: it is only written again.
 */
import {
  type KeyedRecords,
  NO_SLOT,
  type RowPageView,
  type RowRecords,
  type RowTable,
  type SlotGathering,
} from "../../ports/index.ts";
import {
  type AnyStore,
  type BigintColumn,
  type Column,
  type ColumnField,
  type Float64Column,
  TABLE_PAGE_BITS,
} from "../../record/index.ts";
import type { TableContext } from "./column-table.ts";
import { sameFields } from "./key-match.ts";
import { PAGE_SLOTS, SLOT_MASK } from "./page.ts";
import { RowChains } from "./row-chains.ts";
import { gatherSlots } from "./row-gather.ts";
import { hashFields } from "./row-hash.ts";
import { type RowLayout, rowsConverted } from "./row-meta.ts";
import { copyRowPage, createRowPage, placesOf, roomIn, type RowPage } from "./row-page.ts";
import { type ChangeLayer, SlotChanges } from "./slot-changes.ts";

/** A page is freed when so many of its rows were removed. */
const removalsMax = (page: RowPage): number => roomIn(page) / 2;
const TIDIED_AT_ONCE = 8;

/** A table as a snapshot holds it: of the first `count` pages, which may have become more since. Of that numbered `last` the first `used` rows, of others all. */
export type FixedRows = {
  /** Of the table (FixedTable). */
  readonly id: number;
  readonly layers: readonly ChangeLayer[];
  readonly pages: readonly (RowPage | null)[];
  readonly count: number;
  readonly size: number;
  readonly last: number;
  readonly used: number;
};

export class HeapRowTable implements RowTable {
  #layout: RowLayout;
  readonly #context: TableContext;
  #chains: RowChains | null = null;
  /** By the fields of the identity; null: nobody looks for one. */
  #same: RowChains | null = null;
  #pages: (RowPage | null)[] = [];
  /** By field, then by page. */
  #columns: Column[][];
  #last = NO_SLOT;
  #free: number[] = [];
  /** Pages that are half empty. */
  #sparse: number[] = [];
  /** A snapshot has the list. */
  #isListFixed = false;
  #size = 0;
  readonly #changes = new SlotChanges();
  #id: number;
  #lastPageId = 0;

  constructor(layout: RowLayout, context: TableContext) {
    this.#layout = layout;
    this.#context = context;
    this.#id = ++context.tables;
    this.#columns = layout.row.fields.map(() => []);
    if (layout.isDeclared) this.#startChains();
  }

  get size(): number {
    return this.#size;
  }

  get next(): Int32Array {
    return (this.#chains as RowChains).next;
  }

  find({ keys, hashes, rows, count }: KeyedRecords, first: Int32Array): void {
    const [key, second] = keys;
    // The usual key: compared without looking at its kind.
    const isPlain = key !== undefined && second === undefined && key.nulls === null && !this.#hasNullableKey();
    if (isPlain && key.kind === "bigint") this.#findWords(key, { hashes, rows, count }, first);
    else if (isPlain && key.kind === "float64") this.#findNumbers(key, { hashes, rows, count }, first);
    else
      for (let at = 0; at < count; at++)
        first[at] = this.#headOf(keys, rows[at] as number, hashes[rows[at] as number] as number);
  }

  add({ columns, hashes, rows, count }: RowRecords, marks: Int32Array | null, slots: Int32Array | null = null): void {
    for (let at = 0; at < count; ) {
      const number = this.#pageWithRoom();
      const page = this.#pages[number] as RowPage;
      const target = page.rows;
      const place = target.used;
      const added = Math.min(count - at, roomIn(page) - place);
      const gathering = { rows, from: at, to: at + added, at: place };
      for (let field = 0; field < target.stores.length; field++)
        (target.stores[field] as AnyStore).gather(columns[field] as Column, gathering);
      for (let index = 0; index < added; index++) {
        target.hashes[place + index] = hashes[rows[at + index] as number] as number;
        if (marks !== null && page.marks !== null) page.marks[place + index] = marks[at + index] as number;
        if (slots !== null) slots[at + index] = (number << TABLE_PAGE_BITS) | (place + index);
      }
      target.used = place + added;
      this.#readColumns(number);
      this.#size += added;
      if (this.#chains !== null) this.#link(this.#chains, number, place, added);
      at += added;
    }
  }

  findSame({ columns, rows }: RowRecords, at: number): number {
    const same = this.#same as RowChains;
    const { identityPlaces } = this.#layout;
    const identity = identityPlaces.map((place) => columns[place] as Column);
    const row = rows[at] as number;
    return this.#headAmong(same, identityPlaces, identity, { row, hash: hashFields(columns, identityPlaces, row) });
  }

  remove(slot: number): void {
    (this.#chains as RowChains).remove(slot);
    this.#same?.remove(slot);
    const number = slot >> TABLE_PAGE_BITS;
    const page = this.#own(number);
    page.removed ??= new Uint8Array(roomIn(page));
    page.removed[slot & SLOT_MASK] = 1;
    page.removals += 1;
    this.#changes.markOne(slot);
    this.#size -= 1;
    if (page.removals === removalsMax(page) && number !== this.#last) this.#sparse.push(number);
  }

  markOf(slot: number): number {
    const { marks } = this.#pages[slot >> TABLE_PAGE_BITS] as RowPage;
    return (marks as Int32Array)[slot & SLOT_MASK] as number;
  }

  setMark(slot: number, mark: number): void {
    this.#changes.markOne(slot);
    (this.#own(slot >> TABLE_PAGE_BITS).marks as Int32Array)[slot & SLOT_MASK] = mark;
  }

  columnOf(field: number, slot: number): Column {
    return (this.#columns[field] as Column[])[slot >> TABLE_PAGE_BITS] as Column;
  }

  gather(field: number, gathering: SlotGathering, store: AnyStore): void {
    gatherSlots(this.#columns[field] as Column[], gathering, store);
  }

  forEachPage(visit: (page: RowPageView) => void): void {
    for (const [number, page] of this.#pages.entries()) {
      if (page === null) continue;
      const rows = placesOf(page, page.rows.used);
      const { columns, hashes } = page.rows;
      if (rows.length > 0) visit({ columns, hashes, rows, count: rows.length, firstSlot: number << TABLE_PAGE_BITS });
    }
  }

  /** RTB1 */
  tidy(): void {
    for (let left = TIDIED_AT_ONCE; left > 0 && this.#sparse.length > 0; left--) {
      const number = this.#sparse.pop() as number;
      const page = this.#pages[number] as RowPage;
      this.#evacuate(number, page);
      this.#changeList();
      this.#pages[number] = null;
      for (const columns of this.#columns) columns[number] = { kind: "objects", values: [], nulls: null };
      this.#free.push(number);
    }
  }

  /** As it is now (RTB2). */
  fix(): FixedRows {
    this.#isListFixed = true;
    const used = this.#pages[this.#last]?.rows.used ?? 0;
    const layers = this.#changes.fix(this.#context);
    const { length: count } = this.#pages;
    return { id: this.#id, layers, pages: this.#pages, count, size: this.#size, last: this.#last, used };
  }

  /** Another layout, which fits: columns are matched by name, new ones are null (RWM1). Then rows are chained (RTB4). */
  adopt(layout: RowLayout): void {
    if (this.#chains !== null) return;
    const pages = this.#pages.slice();
    this.#pages = [];
    this.#isListFixed = false;
    this.#last = NO_SLOT;
    this.#size = 0;
    // Its rows have other places than in files.
    this.#id = ++this.#context.tables;
    const before = this.#layout;
    this.#layout = layout;
    this.#columns = layout.row.fields.map(() => []);
    this.#startChains();
    // Restored pages have all of their rows.
    for (const [number, page] of pages.entries()) {
      if (page === null) continue;
      // Taken over page by page: there is never memory for both.
      pages[number] = null;
      const { hashes, columns, used: count } = page.rows;
      const converted = rowsConverted(columns, { from: before.row, to: layout.row, places: PAGE_SLOTS });
      this.add({ columns: converted, hashes, rows: placesOf(page, count), count }, page.marks);
    }
  }

  #startChains(): void {
    this.#chains = new RowChains();
    if (this.#layout.identityPlaces.length > 0) this.#same = new RowChains();
  }

  #hasNullableKey(): boolean {
    const { keyPlaces, row } = this.#layout;
    return keyPlaces.some((place) => (row.fields[place] as ColumnField).type.nullable);
  }

  #findWords({ words }: BigintColumn, { hashes, rows, count }: Records, first: Int32Array): void {
    const { hashes: own, nextHead } = this.#chains as RowChains;
    const pages = this.#columns[this.#layout.keyPlaces[0] as number] as BigintColumn[];
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const hash = hashes[row] as number;
      const low = words[row << 1];
      const high = words[(row << 1) + 1];
      let head = (this.#chains as RowChains).firstHead(hash);
      for (; head !== NO_SLOT; head = nextHead[head] as number) {
        if (own[head] !== hash) continue;
        const page = (pages[head >> TABLE_PAGE_BITS] as BigintColumn).words;
        const place = (head & SLOT_MASK) << 1;
        if (page[place] === low && page[place + 1] === high) break;
      }
      first[at] = head;
    }
  }

  #findNumbers({ values }: Float64Column, { hashes, rows, count }: Records, first: Int32Array): void {
    const { hashes: own, nextHead } = this.#chains as RowChains;
    const pages = this.#columns[this.#layout.keyPlaces[0] as number] as Float64Column[];
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const hash = hashes[row] as number;
      const value = values[row] as number;
      let head = (this.#chains as RowChains).firstHead(hash);
      for (; head !== NO_SLOT; head = nextHead[head] as number) {
        if (own[head] !== hash) continue;
        const found = (pages[head >> TABLE_PAGE_BITS] as Float64Column).values[head & SLOT_MASK] as number;
        // Two NaN are one key (TKY1).
        if (found === value || (Number.isNaN(found) && Number.isNaN(value))) break;
      }
      first[at] = head;
    }
  }

  #headOf(keys: readonly Column[], row: number, hash: number): number {
    return this.#headAmong(this.#chains as RowChains, this.#layout.keyPlaces, keys, { row, hash });
  }

  #headAmong(
    chains: RowChains,
    places: readonly number[],
    wanted: readonly Column[],
    { row, hash }: { readonly row: number; readonly hash: number },
  ): number {
    for (let head = chains.firstHead(hash); head !== NO_SLOT; head = chains.nextHead[head] as number) {
      if (chains.hashes[head] !== hash) continue;
      const own = (this.#pages[head >> TABLE_PAGE_BITS] as RowPage).rows.columns;
      if (sameFields({ columns: own, places }, head & SLOT_MASK, wanted, row)) return head;
    }
    return NO_SLOT;
  }

  /** Rows of a page that were added. */
  #link(chains: RowChains, number: number, place: number, added: number): void {
    const { columns, hashes } = (this.#pages[number] as RowPage).rows;
    const { keyPlaces, identityPlaces } = this.#layout;
    const keys = keyPlaces.map((field) => columns[field] as Column);
    const identity = identityPlaces.map((field) => columns[field] as Column);
    for (let row = place; row < place + added; row++) {
      const slot = (number << TABLE_PAGE_BITS) | row;
      const hash = hashes[row] as number;
      this.#context.assertOwn(hash);
      chains.add(slot, hash, this.#headOf(keys, row, hash));
      if (this.#same === null) continue;
      const found = { row, hash: hashFields(columns, identityPlaces, row) };
      this.#same.add(slot, found.hash, this.#headAmong(this.#same, identityPlaces, identity, found));
    }
  }

  #pageWithRoom(): number {
    const last = this.#pages[this.#last] ?? null;
    if (last !== null) {
      if (last.rows.used < roomIn(last)) return this.#last;
      if (last.removals >= removalsMax(last)) this.#sparse.push(this.#last);
    }
    const number = this.#free.pop() ?? this.#pages.length;
    const page = createRowPage(this.#layout.row, {
      id: ++this.#lastPageId,
      number,
      hasMarks: this.#layout.hasMarks,
      madeAfter: this.#context.latest,
      before: last,
    });
    // A list that a snapshot has may get longer, but no page of it another.
    if (number < this.#pages.length) this.#changeList();
    this.#pages[number] = page;
    this.#last = number;
    this.#readColumns(number);
    return number;
  }

  /** The page, whose marks and removals may be changed now (RTB2). */
  #own(number: number): RowPage {
    const page = this.#pages[number] as RowPage;
    const { unwritten, latest } = this.#context;
    if (unwritten === 0 || page.madeAfter === latest) return page;
    this.#changeList();
    const copy = copyRowPage(page, latest);
    this.#pages[number] = copy;
    return copy;
  }

  #changeList(): void {
    if (!this.#isListFixed) return;
    this.#pages = this.#pages.slice();
    this.#isListFixed = false;
  }

  /** Columns are others after rows were added: texts move to larger memory, and a first null makes a bitmap. */
  #readColumns(number: number): void {
    const { rows } = this.#pages[number] as RowPage;
    rows.columns = rows.stores.map((store) => store.column());
    for (const [field, column] of rows.columns.entries()) (this.#columns[field] as Column[])[number] = column;
  }

  #evacuate(number: number, { rows, marks, removed }: RowPage): void {
    const places = placesOf({ removed }, rows.used);
    for (let at = 0; at < places.length; ) {
      const to = this.#pageWithRoom();
      const page = this.#pages[to] as RowPage;
      const place = page.rows.used;
      const moved = Math.min(places.length - at, roomIn(page) - place);
      const gathering = { rows: places, from: at, to: at + moved, at: place };
      for (const [field, store] of page.rows.stores.entries()) store.gather(rows.columns[field] as Column, gathering);
      for (let index = 0; index < moved; index++) {
        const old = places[at + index] as number;
        page.rows.hashes[place + index] = rows.hashes[old] as number;
        if (page.marks !== null && marks !== null) page.marks[place + index] = marks[old] as number;
        const [from, slot] = [(number << TABLE_PAGE_BITS) | old, (to << TABLE_PAGE_BITS) | (place + index)];
        this.#chains?.move(from, slot);
        this.#same?.move(from, slot);
      }
      page.rows.used = place + moved;
      this.#readColumns(to);
      at += moved;
    }
  }
}

type Records = Pick<KeyedRecords, "hashes" | "rows" | "count">;
