/**
 * Owns: reading files of tables into tables, own keys only, in turns.
 * Called by: createKeyedBackend, before any operator has declared anything: with the types of the file (SLT1).
 *
 * TBR1 A key comes from exactly one of the files.
 * TBR2 Of one table all files have the same types: operators declare their tables when they open, before the first barrier.
 */
import { StreamError } from "../../../base/index.ts";
import {
  ByteReader,
  type Column,
  type ColumnBatch,
  decodeColumns,
  isNull,
  keyGroupOfHash,
  TABLE_PAGE_BITS,
} from "../../record/index.ts";
import type { KeyedBackendOptions, KeyedRestore, Turn } from "../backend.ts";
import { TurnBudget } from "../snapshot/turn-budget.ts";
import type { HeapColumnTable, TableContext } from "./column-table.ts";
import { type OwnPageValues, PAGE_SLOTS, SLOT_MASK } from "./page.ts";
import { incompatibleRows, isRowLayout, isSameRowTable, markLayout, type RowLayout } from "./row-meta.ts";
import type { HeapRowTable } from "./row-table.ts";
import { HeapSlicedRows } from "./sliced-rows.ts";
import { HeapSlicedTable } from "./sliced-table.ts";
import { type PagePlace, parseTableIndex, tableFile } from "./table-file.ts";
import { incompatibleTable, isSameTable, type TableLayout } from "./table-meta.ts";
import type { TextPage } from "./text-page.ts";

/** Restored tables by name. Errors: CHECKPOINT_CORRUPT, FORMAT_TOO_NEW, STATE_INCOMPATIBLE, and those of reading the files. */
export async function readSlicedTables(
  options: KeyedBackendOptions,
  context: TableContext,
  restore: KeyedRestore,
  turn: Turn,
): Promise<Map<string, HeapSlicedTable | HeapSlicedRows>> {
  const tables = new Map<string, HeapSlicedTable | HeapSlicedRows>();
  const budget = new TurnBudget(options.clock, turn);
  for (const handle of restore.handles) {
    if (handle.kind !== "tables") continue;
    for (const { file, keyGroups = handle.keyGroups } of handle.tables) {
      if (keyGroups.first > options.keyGroups.last || keyGroups.last < options.keyGroups.first) continue;
      const reader = new ByteReader(await restore.read(file));
      const index = parseTableIndex(file.key, reader.buffer);
      checkMaxParallelism(options, index.maxParallelism, file.key);
      for (const { layout, slices } of index.tables) {
        const read = readerOf(options, context, tables, layout);
        for (const { slice, pages } of slices) {
          for (const place of pages) {
            read({ reader, place, file: file.key }, slice);
            if (budget.isSpent()) await budget.giveWay();
          }
        }
      }
    }
  }
  return tables;
}

type PageSource = { readonly reader: ByteReader; readonly place: PagePlace; readonly file: string };
type ReadPage = (from: PageSource, slice: number) => void;

/** What reads pages of that table into the one that is there, or a new one. */
function readerOf(
  options: KeyedBackendOptions,
  context: TableContext,
  tables: Map<string, HeapSlicedTable | HeapSlicedRows>,
  layout: TableLayout | RowLayout,
): ReadPage {
  const made = isRowLayout(layout) ? new HeapSlicedRows(layout, context) : new HeapSlicedTable(layout, context);
  const table = tables.get(layout.name) ?? made;
  tables.set(layout.name, table);
  if (isRowLayout(layout)) {
    if (!(table instanceof HeapSlicedRows)) throw disagreement(options, layout.name);
    if (!isSameRowTable(table.layout, layout))
      throw incompatibleRows(options.operatorUid, table.layout, layout, DISAGREE);
    return (from, slice) => readRows(options, from, table.layout, () => table.table(slice));
  }
  if (!(table instanceof HeapSlicedTable)) throw disagreement(options, layout.name);
  if (!isSameTable(table.layout, layout)) throw incompatibleTable(options.operatorUid, table.layout, layout, DISAGREE);
  return (from, slice) => readPage(options, from, table.layout, () => table.table(slice));
}

const DISAGREE = "subtasks of the same checkpoint disagree (TBR2)";

function disagreement({ operatorUid }: KeyedBackendOptions, name: string): StreamError {
  return new StreamError(
    "STATE_INCOMPATIBLE",
    `"${name}" of operator "${operatorUid}" is a table and rows: ${DISAGREE}; start without this savepoint`,
    { destiny: "terminal" },
  );
}

function readPage(
  options: KeyedBackendOptions,
  { reader, place, file }: PageSource,
  { key, value }: TableLayout,
  tableOf: () => HeapColumnTable,
): void {
  reader.position = place.offset;
  const keys = decodeColumns(key.type, reader);
  const values = decodeColumns(value.type, reader);
  const hashes = keys.marks.keyHashes;
  const hasSlots = keys.count === place.slots && values.count === place.slots && place.slots <= PAGE_SLOTS;
  if (hashes === null || !hasSlots || reader.position !== place.offset + place.length)
    throw tableFile.corrupt(file, `the page at ${place.offset} has another form`);
  const rows = ownRows(options, hashes, place.slots);
  const count = rows.length;
  // Of a slice without own keys there is no table.
  if (count === 0) return;
  const table = tableOf();
  const before = table.size;
  const slots = new Int32Array(count);
  table.slotsOf({ keys: keys.columns, hashes, rows, count }, slots);
  if (table.size !== before + count)
    throw tableFile.corrupt(file, "a key of it is there twice, or in another file, too (TBR1)");
  copyValues(table, values, rows, slots);
}

/** Of a row table. */
function readRows(
  options: KeyedBackendOptions,
  { reader, place, file }: PageSource,
  { row, hasMarks }: RowLayout,
  tableOf: () => HeapRowTable,
): void {
  reader.position = place.offset;
  const { columns, count: slots, marks } = decodeColumns(row.type, reader);
  const [markColumn] = hasMarks ? decodeColumns(markLayout.type, reader).columns : [];
  const hashes = marks.keyHashes;
  const hasForm = slots === place.slots && slots <= PAGE_SLOTS && reader.position === place.offset + place.length;
  if (hashes === null || !hasForm) throw tableFile.corrupt(file, `the rows at ${place.offset} have another form`);
  const rows = ownRows(options, hashes, slots);
  if (rows.length === 0) return;
  const kept = markColumn === undefined ? null : rows.map((at) => valuesOf(markColumn)[at] as number);
  tableOf().add({ columns, hashes, rows, count: rows.length }, kept);
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
