/**
 * Owns: one column table in memory: keys to slots, values by slot, pages that snapshots hold.
 * Not here: slices (sliced-table.ts), files (table-file.ts).
 * Called by: operators of columns, for every batch: the hot path.
 *
 * CTB1 Slots are given out in order, from 0, and none is taken back: a table is dropped whole.
 * CTB2 While a snapshot is unwritten, a page that it holds is copied before its first change; the snapshot keeps the one it has. Fixing a table takes
 *     a list and a number, whatever its size.
 * CTB3 A key that is new is checked to belong to this subtask.
 * CTB4 Slots that were made ready for changes count as changed: a later snapshot writes them, and not the others.
 */
import type { ColumnTable, KeyedRecords } from "../../ports/index.ts";
import { type Column, type Float64Column, TABLE_PAGE_BITS, type TextColumn } from "../../record/index.ts";
import { sameKey } from "./key-match.ts";
import {
  addKey,
  convertPage,
  copyPage,
  createPage,
  type OwnPageValues,
  PAGE_SLOTS,
  SLOT_MASK,
  type TablePage,
} from "./page.ts";
import { firstPlace, type Places, SlotIndex } from "./slot-index.ts";
import { type ChangeLayer, SlotChanges } from "./slot-changes.ts";
import type { TableLayout } from "./table-meta.ts";
import { TextKeys } from "./text-keys.ts";

/** What the tables of a back end have in common. */
export type TableContext = {
  /** Tables that were made so far. */
  tables: number;
  /** Of the snapshots that later ones may build on the numbers, ascending. */
  readonly bases: readonly number[];
  /** Snapshots that are not written yet. */
  unwritten: number;
  /** The number of the newest snapshot; 0 before the first. */
  latest: number;
  /** Errors: PROTOCOL_VIOLATION (CTB3). */
  readonly assertOwn: (hash: number) => void;
};

/** A table as a snapshot holds it. */
export type FixedTable = {
  /** Of the table: no two of a back end have the same, and one that was made anew has another. */
  readonly id: number;
  readonly pages: readonly TablePage[];
  readonly size: number;
  readonly layers: readonly ChangeLayer[];
};

export class HeapColumnTable implements ColumnTable {
  values: OwnPageValues[][];
  nulls: (Uint8Array[] | null)[];
  #layout: TableLayout;
  readonly #context: TableContext;
  readonly #index = new SlotIndex((slot) => this.#hashAt(slot));
  /** By page, where the key is one number that is never null: looked at without its column. */
  readonly #numbers: Float64Array[] | null;
  /** The same where it is one text that is never null. */
  readonly #texts: TextKeys | null;
  #pages: TablePage[] = [];
  /** A snapshot has the list. */
  #isListFixed = false;
  #size = 0;
  readonly #changes = new SlotChanges();
  #id: number;

  constructor(layout: TableLayout, context: TableContext) {
    this.#layout = layout;
    this.#context = context;
    this.#id = ++context.tables;
    this.values = layout.value.fields.map(() => []);
    this.nulls = layout.value.fields.map(({ type }) => (type.nullable ? [] : null));
    const [first, ...others] = layout.key.fields;
    const only = others.length === 0 && first?.type.nullable === false ? first.kind : null;
    this.#numbers = only === "float64" ? [] : null;
    this.#texts = only === "text" ? new TextKeys() : null;
  }

  get size(): number {
    return this.#size;
  }

  slotsOf(records: KeyedRecords, slots: Int32Array): void {
    this.#index.step(records.count);
    if (this.#numbers !== null) this.#findNumbers(this.#numbers, records, slots);
    else if (this.#texts !== null) this.#findTexts(this.#texts, records, slots);
    else this.#findAny(records, slots);
    this.makeReady(slots, records.count);
  }

  find(records: KeyedRecords, slots: Int32Array): void {
    const { hashes, rows, count } = records;
    this.#index.step(count);
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const hash = hashes[row] as number;
      const slot = this.#find(this.#index.current, records, row, hash);
      slots[at] = slot >= 0 ? slot : this.#findOld(records, row, hash);
    }
    this.makeReady(slots, count);
  }

  makeReady(slots: Int32Array, count: number): void {
    // CTB4
    this.#changes.mark(slots, count, this.#size);
    if (this.#context.unwritten > 0) this.#keepFixed(slots, count);
  }

  keysOf(page: number): readonly Column[] {
    return (this.#pages[page] as TablePage).keys.columns;
  }

  hashesOf(page: number): Int32Array {
    return (this.#pages[page] as TablePage).keys.hashes;
  }

  /** As it is now (CTB2). */
  fix(): FixedTable {
    this.#isListFixed = true;
    return { id: this.#id, pages: this.#pages, size: this.#size, layers: this.#changes.fix(this.#context) };
  }

  /** Another layout with the same key: values are matched by name, new ones are null. It fits (TBM2). */
  adopt(layout: TableLayout): void {
    if (layout === this.#layout) return;
    const pages = this.#pages.map((page, number) =>
      convertPage(page, Math.min(PAGE_SLOTS, this.#size - number * PAGE_SLOTS), this.#layout, layout),
    );
    this.#layout = layout;
    // What is in files has the other layout.
    this.#id = ++this.#context.tables;
    this.#pages = [];
    this.#isListFixed = false;
    this.values = layout.value.fields.map(() => []);
    this.nulls = layout.value.fields.map(({ type }) => (type.nullable ? [] : null));
    for (const [number, page] of pages.entries()) this.#setPage(number, page);
  }

  /** The usual key: compared without looking at its kind. */
  #findNumbers(pages: readonly Float64Array[], records: KeyedRecords, slots: Int32Array): void {
    const { keys, hashes, rows, count } = records;
    const numbers = (keys[0] as Float64Column).values;
    let { entries, shift } = this.#index.current;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const hash = hashes[row] as number;
      const number = numbers[row] as number;
      const mask = entries.length - 1;
      let place = firstPlace(hash, shift);
      let slot = (entries[place] as number) - 1;
      while (slot >= 0 && (pages[slot >> TABLE_PAGE_BITS] as Float64Array)[slot & SLOT_MASK] !== number) {
        place = (place + 1) & mask;
        slot = (entries[place] as number) - 1;
      }
      if (slot < 0) {
        // NaN is a key, too, and equals nothing here.
        if (Number.isNaN(number)) slot = this.#find(this.#index.current, records, row, hash);
        if (slot < 0) slot = this.#findOldOrAdd(records, at, hash);
        // It may have grown.
        ({ entries, shift } = this.#index.current);
      }
      slots[at] = slot;
    }
  }

  /** The same of one text. */
  #findTexts(known: TextKeys, records: KeyedRecords, slots: Int32Array): void {
    const { keys, hashes, rows, count } = records;
    const texts = keys[0] as TextColumn;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const hash = hashes[row] as number;
      const slot = known.find(this.#index.current, texts, row, hash);
      slots[at] = slot >= 0 ? slot : this.#findOldOrAdd(records, at, hash);
    }
  }

  #findAny(records: KeyedRecords, slots: Int32Array): void {
    const { hashes, rows, count } = records;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const hash = hashes[row] as number;
      const slot = this.#find(this.#index.current, records, row, hash);
      slots[at] = slot >= 0 ? slot : this.#findOldOrAdd(records, at, hash);
    }
  }

  #findOldOrAdd(records: KeyedRecords, at: number, hash: number): number {
    const slot = this.#findOld(records, records.rows[at] as number, hash);
    return slot >= 0 ? slot : this.#add(records, at, hash);
  }

  #findOld(records: KeyedRecords, row: number, hash: number): number {
    const { old } = this.#index;
    return old === null ? -1 : this.#find(old, records, row, hash);
  }

  /** -1: it is not there. */
  #find({ entries, shift }: Places, { keys }: KeyedRecords, row: number, hash: number): number {
    const mask = entries.length - 1;
    for (let place = firstPlace(hash, shift); ; place = (place + 1) & mask) {
      const slot = (entries[place] as number) - 1;
      if (slot < 0) return -1;
      const { hashes, columns } = (this.#pages[slot >> TABLE_PAGE_BITS] as TablePage).keys;
      if (hashes[slot & SLOT_MASK] === hash && sameKey(columns, slot & SLOT_MASK, keys, row)) return slot;
    }
  }

  #add({ keys, rows }: KeyedRecords, at: number, hash: number): number {
    this.#context.assertOwn(hash);
    const slot = this.#size;
    const number = slot >> TABLE_PAGE_BITS;
    if (number === this.#pages.length) this.#addPage();
    const page = (this.#pages[number] as TablePage).keys;
    addKey(page, slot & SLOT_MASK, hash, { columns: keys, rows, at });
    this.#texts?.add(slot, page.columns[0] as TextColumn);
    this.#index.add(hash, slot);
    this.#size = slot + 1;
    return slot;
  }

  /** A list that a snapshot has may get longer: it knows how much of it is its own. */
  #addPage(): void {
    const page = createPage(this.#layout, this.#context.latest);
    this.#numbers?.push((page.keys.columns[0] as Float64Column).values);
    this.#setPage(this.#pages.length, page);
  }

  /** CTB2 */
  #keepFixed(slots: Int32Array, count: number): void {
    const { latest } = this.#context;
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      if (slot < 0) continue;
      const number = slot >> TABLE_PAGE_BITS;
      const page = this.#pages[number] as TablePage;
      if (page.madeAfter === latest) continue;
      if (this.#isListFixed) {
        this.#pages = this.#pages.slice();
        this.#isListFixed = false;
      }
      this.#setPage(number, copyPage(page, latest));
    }
  }

  #setPage(number: number, page: TablePage): void {
    this.#pages[number] = page;
    for (let field = 0; field < page.values.length; field++) {
      (this.values[field] as OwnPageValues[])[number] = page.values[field] as OwnPageValues;
      const nulls = this.nulls[field] as Uint8Array[] | null;
      if (nulls !== null) nulls[number] = page.nulls[field] as Uint8Array;
    }
  }

  #hashAt(slot: number): number {
    return (this.#pages[slot >> TABLE_PAGE_BITS] as TablePage).keys.hashes[slot & SLOT_MASK] as number;
  }
}
