/**
 * Owns: reading files of tables into tables, own keys only, in turns.
 * Not here: which parts of a page still count (table-chain.ts).
 * Called by: createKeyedBackend, before any operator has declared anything: with the types of the file (SLT1).
 *
 * TBR1 A key comes from exactly one of the files, or of the chains of files that build on each other.
 * TBR2 Of one table all files have the same types: operators declare their tables when they open, before the first barrier.
 * TBR3 A chain is read from its newest file to its oldest, one at a time: what is there already is newer. The newest says which tables there are, and names the others.
 */
import { StreamError } from "../../../base/index.ts";
import {
  ByteReader,
  type Column,
  type ColumnBatch,
  type ColumnLayout,
  decodeColumns,
  isNull,
  keyGroupOfHash,
  TABLE_PAGE_BITS,
} from "../../record/index.ts";
import type { KeyedBackendOptions, KeyedRestore, Turn } from "../backend.ts";
import { TurnBudget } from "../snapshot/turn-budget.ts";
import type { HeapColumnTable, TableContext } from "./column-table.ts";
import { type OwnPageValues, PAGE_SLOTS, SLOT_MASK } from "./page.ts";
import { markedLayout, placeLayout } from "./page-codec.ts";
import { incompatibleRows, isRowLayout, isSameRowTable, markLayout, type RowLayout } from "./row-meta.ts";
import type { HeapRowTable } from "./row-table.ts";
import { HeapSlicedRows } from "./sliced-rows.ts";
import { HeapSlicedTable } from "./sliced-table.ts";
import { PageChain, type ReadSlice, TableChain } from "./table-chain.ts";
import { type PartPlace, parseTableIndex, tableFile, type TableFileIndex } from "./table-file.ts";
import { incompatibleTable, isSameTable, type TableLayout } from "./table-meta.ts";
import type { TextPage } from "./text-page.ts";

type Tables = Map<string, HeapSlicedTable | HeapSlicedRows>;

/** Restored tables by name. Errors: CHECKPOINT_CORRUPT, FORMAT_TOO_NEW, STATE_INCOMPATIBLE, and those of reading the files. */
export async function readSlicedTables(
  options: KeyedBackendOptions,
  context: TableContext,
  restore: KeyedRestore,
  turn: Turn,
): Promise<Tables> {
  const tables: Tables = new Map();
  const budget = new TurnBudget(options.clock, turn);
  for (const handle of restore.handles) {
    if (handle.kind !== "tables") continue;
    let chain: TableChain | null = null;
    for (const { file, keyGroups = handle.keyGroups } of handle.tables.toReversed()) {
      if (keyGroups.first > options.keyGroups.last || keyGroups.last < options.keyGroups.first) continue;
      const reader = new ByteReader(await restore.read(file));
      const index = parseTableIndex(file.key, reader.buffer);
      checkMaxParallelism(options, index.maxParallelism, file.key);
      // Files of version 1 stand beside each other, each for itself.
      if (chain === null || index.after === null) {
        chain?.assertWhole();
        chain = new TableChain(file.key, index.after);
      } else chain.assertNext(file);
      await readFile({ options, context, tables, budget, chain }, { reader, index, file: file.key });
    }
    chain?.assertWhole();
  }
  return tables;
}

type Reading = {
  readonly options: KeyedBackendOptions;
  readonly context: TableContext;
  readonly tables: Tables;
  readonly budget: TurnBudget;
  readonly chain: TableChain;
};

async function readFile(
  reading: Reading,
  { reader, index, file }: { readonly reader: ByteReader; readonly index: TableFileIndex; readonly file: string },
): Promise<void> {
  const { chain, budget } = reading;
  for (const { layout, slices } of index.tables) {
    for (const { slice, table: id, parts, stay } of slices) {
      const there = (): PageChain => new PageChain([...parts.map(({ page }) => page), ...stay]);
      const read = chain.find({ name: layout.name, slice, table: id }, () => tableOf(reading, layout, slice, there()));
      if (read === null) continue;
      for (const place of parts) {
        if (!read.pages.isOver(place.page)) read.read({ reader, place, file });
        if (budget.isSpent()) await budget.giveWay();
      }
    }
  }
}

/** What reads parts of that slice of a table into the one that is there, or a new one. */
function tableOf(
  { options, context, tables }: Reading,
  layout: TableLayout | RowLayout,
  slice: number,
  pages: PageChain,
): ReadSlice {
  const made = isRowLayout(layout) ? new HeapSlicedRows(layout, context) : new HeapSlicedTable(layout, context);
  const table = tables.get(layout.name) ?? made;
  tables.set(layout.name, table);
  if (isRowLayout(layout)) {
    if (!(table instanceof HeapSlicedRows)) throw disagreement(options, layout.name);
    if (!isSameRowTable(table.layout, layout))
      throw incompatibleRows(options.operatorUid, table.layout, layout, DISAGREE);
    return { pages, read: (from) => readRows(options, { ...from, pages }, table.layout, () => table.table(slice)) };
  }
  if (!(table instanceof HeapSlicedTable)) throw disagreement(options, layout.name);
  if (!isSameTable(table.layout, layout)) throw incompatibleTable(options.operatorUid, table.layout, layout, DISAGREE);
  return { pages, read: (from) => readSlots(options, { ...from, pages }, table.layout, () => table.table(slice)) };
}

const DISAGREE = "subtasks of the same checkpoint disagree (TBR2)";

function disagreement({ operatorUid }: KeyedBackendOptions, name: string): StreamError {
  return new StreamError(
    "STATE_INCOMPATIBLE",
    `"${name}" of operator "${operatorUid}" is a table and rows: ${DISAGREE}; start without this savepoint`,
    { destiny: "terminal" },
  );
}

type PageSource = {
  readonly reader: ByteReader;
  readonly place: PartPlace;
  readonly file: string;
  readonly pages: PageChain;
};

function readSlots(
  options: KeyedBackendOptions,
  { reader, place, file, pages }: PageSource,
  { key, value }: TableLayout,
  ownTable: () => HeapColumnTable,
): void {
  reader.position = place.offset;
  const { page, slots: written, form } = place;
  const keys = decodeColumns(key.type, reader);
  const values = decodeColumns(value.type, reader);
  const hashes = keys.marks.keyHashes;
  const hasSlots = keys.count === written && values.count === written && written <= PAGE_SLOTS;
  if (hashes === null || !hasSlots || reader.position !== place.offset + place.length)
    throw tableFile.corrupt(file, `the page at ${place.offset} has another form`);
  pages.read(page, form.kind);
  const rows = ownRows(options, hashes, written);
  const count = rows.length;
  // Of a slice without own keys there is no table.
  if (count === 0) return;
  const table = ownTable();
  const before = table.size;
  const slots = new Int32Array(count);
  table.slotsOf({ keys: keys.columns, hashes, rows, count }, slots);
  const firstNew = form.kind === "whole" ? 0 : written - form.added;
  const isNew = slots.map((slot) => Number(slot >= before));
  pages.count(
    rows.reduce((sum, row) => sum + Number(row >= firstNew), 0),
    isNew.reduce((sum, each) => sum + each, 0),
  );
  copyValues(
    table,
    values,
    rows.filter((_row, at) => isNew[at] === 1),
    slots.filter((slot) => slot >= before),
  );
}

/** Of a row table. */
function readRows(
  options: KeyedBackendOptions,
  { reader, place, file, pages }: PageSource,
  { row, hasMarks }: RowLayout,
  ownTable: () => HeapRowTable,
): void {
  reader.position = place.offset;
  const { page, slots, form } = place;
  const numbers = (layout: ColumnLayout): readonly Int32Array[] =>
    decodeColumns(layout.type, reader).columns.map((column) => valuesOf(column) as unknown as Int32Array);
  const [gone = null] = form.gone > 0 ? numbers(placeLayout) : [];
  const [markedPlaces = null, newMarks = null] = form.marked > 0 ? numbers(markedLayout) : [];
  const batch = slots > 0 ? decodeColumns(row.type, reader) : null;
  const [places = null] = slots > 0 && form.hasPlaces ? numbers(placeLayout) : [];
  const [marks = null] = slots > 0 && hasMarks ? numbers(markLayout) : [];
  const hasForm = (batch?.count ?? 0) === slots && slots <= PAGE_SLOTS;
  const hashes = batch?.marks.keyHashes ?? null;
  if ((slots > 0 && hashes === null) || !hasForm || reader.position !== place.offset + place.length)
    throw tableFile.corrupt(file, `the rows at ${place.offset} have another form`);
  if (batch !== null && hashes !== null) {
    const placeOf = (at: number): number => places?.[at] ?? at;
    const rows = ownRows(options, hashes, slots).filter((at) => !pages.isGone(page, placeOf(at)));
    const kept = marks === null ? null : rows.map((at) => pages.markOf(page, placeOf(at)) ?? (marks[at] as number));
    if (rows.length > 0) ownTable().add({ columns: batch.columns, hashes, rows, count: rows.length }, kept);
  }
  pages.read(page, form.kind);
  pages.change(page, { gone, marked: markedPlaces, marks: newMarks });
}

/** The places of records whose key groups this subtask has. */
function ownRows({ keyGroups, maxParallelism }: KeyedBackendOptions, hashes: Int32Array, slots: number): Int32Array {
  const rows = new Int32Array(slots);
  let count = 0;
  for (let row = 0; row < slots; row++) {
    const group = keyGroupOfHash(hashes[row] as number, maxParallelism);
    if (group >= keyGroups.first && group <= keyGroups.last) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

function copyValues(table: HeapColumnTable, values: ColumnBatch, rows: Int32Array, slots: Int32Array): void {
  for (const [field, column] of values.columns.entries()) {
    const { nulls } = column;
    const target = table.values[field] as OwnPageValues[];
    const targetNulls = table.nulls[field] ?? null;
    for (let at = 0; at < slots.length; at++) {
      const [slot, row] = [slots[at] as number, rows[at] as number];
      const page = slot >> TABLE_PAGE_BITS;
      if (column.kind === "text") (target[page] as TextPage).put(column, row, slot & SLOT_MASK);
      else (target[page] as Float64Array)[slot & SLOT_MASK] = valuesOf(column)[row] as number;
      if (targetNulls !== null && (nulls === null || !isNull(nulls, row)))
        clearNull(targetNulls[page] as Uint8Array, slot & SLOT_MASK);
    }
  }
}

/** As numbers; of bigints, the target takes what it is given. */
function valuesOf(column: Column): Float64Array {
  return (column as { readonly values: unknown }).values as Float64Array;
}

function clearNull(nulls: Uint8Array, place: number): void {
  nulls[place >> 3] = (nulls[place >> 3] as number) & ~(1 << (place & 7));
}

function checkMaxParallelism(options: KeyedBackendOptions, written: number, file: string): void {
  if (written === options.maxParallelism) return;
  throw new StreamError(
    "STATE_INCOMPATIBLE",
    `the tables of operator "${options.operatorUid}" in ${file} were written with max parallelism ${written}, the job has ${options.maxParallelism}; set the operator's max parallelism to ${written}: it is fixed for the life of the state (SP-8)`,
    { destiny: "terminal" },
  );
}
