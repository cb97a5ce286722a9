/**
 * Owns: one snapshot of the tables of a back end: fixed at the barrier, written in turns, given up.
 * Not here: which pages it keeps while the tables change (column-table.ts), the layout of the file (table-file.ts).
 *
 * TBS1 The constructor is the barrier: it looks at tables and slices, never at pages or slots (SB1).
 * TBS2 However it ends (SNL1), `unwritten` goes down by one.
 */
import type { KeyedStateFile, KeyedStateHandle } from "../../checkpoint/index.ts";
import { type ByteWriter, ColumnBatch, ColumnBuilder, encodeColumns } from "../../record/index.ts";
import type { KeyedBackendOptions, SnapshotFile, SnapshotFiles, Turn } from "../backend.ts";
import { PieceOutput } from "../snapshot/piece-output.ts";
import { SnapshotLife } from "../snapshot/snapshot-life.ts";
import { TurnBudget } from "../snapshot/turn-budget.ts";
import type { FixedTable, TableContext } from "./column-table.ts";
import { PAGE_SLOTS, type TablePage, valueColumn } from "./page.ts";
import { isRowLayout, markLayout, type RowLayout } from "./row-meta.ts";
import { placesOf, roomIn, type RowPage } from "./row-page.ts";
import type { FixedRows } from "./row-table.ts";
import type { FixedSlicedRows } from "./sliced-rows.ts";
import type { FixedSlicedTable } from "./sliced-table.ts";
import { encodeTableIndex, type PagePlace, type SlicePlaces, tableFile, type TablePlaces } from "./table-file.ts";
import type { TableLayout } from "./table-meta.ts";

export class TablesSnapshot {
  readonly #options: KeyedBackendOptions;
  readonly #life: SnapshotLife;
  #tables: readonly (FixedSlicedTable | FixedSlicedRows)[];

  /** `tables`: what `fix` of each gave in this turn. */
  constructor(
    options: KeyedBackendOptions,
    context: TableContext,
    tables: readonly (FixedSlicedTable | FixedSlicedRows)[],
  ) {
    this.#options = options;
    this.#tables = tables.filter(({ slices }) => slices.length > 0);
    context.latest++;
    context.unwritten++;
    this.#life = new SnapshotLife(`the tables of operator "${options.operatorUid}"`, () => {
      context.unwritten--;
      this.#tables = [];
    });
  }

  /** Null: there are no keys in any table. Call once. */
  write(files: SnapshotFiles, turn: Turn): Promise<KeyedStateFile | null> {
    return this.#life.write(files, this.#tables.length === 0, (file) => this.#writeTables(file, turn));
  }

  discard(): void {
    this.#life.discard();
  }

  /** What was written of the tables, and of the other states. */
  handleOf(others: KeyedStateHandle | null, file: KeyedStateFile): KeyedStateHandle {
    return { kind: "tables", keyGroups: this.#options.keyGroups, files: others?.files ?? [], tables: [file] };
  }

  async #writeTables(file: SnapshotFile, turn: Turn): Promise<void> {
    const output = new PieceOutput(file, tableFile.magic);
    const budget = new TurnBudget(this.#options.clock, turn);
    const tables: TablePlaces[] = [];
    for (const { layout, slices } of this.#tables) {
      const places: SlicePlaces[] = [];
      for (const { slice, table } of slices) {
        const pages: PagePlace[] = [];
        for (const { slots, encode } of pagesOf(layout, table)) {
          const offset = output.place;
          encode(output.writer);
          pages.push({ offset, length: output.place - offset, slots });
          if (output.isFull) await output.flush();
          if (budget.isSpent()) await budget.giveWay();
          this.#life.assertKept();
        }
        places.push({ slice, pages });
      }
      tables.push({ layout, slices: places });
    }
    const { operatorUid, maxParallelism, keyGroups } = this.#options;
    await output.finish(encodeTableIndex({ uid: operatorUid, maxParallelism, keyGroups, tables }));
  }
}

type WrittenPage = { readonly slots: number; readonly encode: (writer: ByteWriter) => void };

function pagesOf(layout: TableLayout | RowLayout, table: FixedTable | FixedRows): Iterable<WrittenPage> {
  return isRowLayout(layout) ? rowPages(layout, table as FixedRows) : slotPages(layout, table as FixedTable);
}

function* slotPages(layout: TableLayout, { pages, size }: FixedTable): Generator<WrittenPage> {
  for (let number = 0; number * PAGE_SLOTS < size; number++) {
    const slots = Math.min(PAGE_SLOTS, size - number * PAGE_SLOTS);
    yield { slots, encode: (writer) => encodePage(layout, pages[number] as TablePage, slots, writer) };
  }
}

function* rowPages(layout: RowLayout, { pages, count, last, used }: FixedRows): Generator<WrittenPage> {
  for (let number = 0; number < count; number++) {
    const page = pages[number] ?? null;
    if (page === null) continue;
    const places = placesOf(page, number === last ? used : roomIn(page));
    if (places.length > 0) yield { slots: places.length, encode: (writer) => encodeRows(layout, page, places, writer) };
  }
}

function encodePage({ key, value }: TableLayout, page: TablePage, count: number, writer: ByteWriter): void {
  const { hashes, columns } = page.keys;
  const marks = { timestamps: null, keyHashes: hashes, rowKinds: null };
  encodeColumns(new ColumnBatch(key, columns, { count, marks }), writer);
  const values = value.fields.map((field, place) => {
    const nulls = page.nulls[place] ?? null;
    return valueColumn(field, page.values[place] as TablePage["values"][number], { nulls, slots: count });
  });
  encodeColumns(new ColumnBatch(value, values, { count }), writer);
}

/** The rows at these places, in their order. */
function encodeRows({ row, hasMarks }: RowLayout, page: RowPage, places: Int32Array, writer: ByteWriter): void {
  const count = places.length;
  const { hashes, columns } = page.rows;
  const marks = { timestamps: null, keyHashes: hashes, rowKinds: null };
  const all = new ColumnBatch(row, columns, { count, marks });
  const isWhole = places[count - 1] === count - 1;
  if (isWhole) encodeColumns(all, writer);
  else encodeChosen(all, places, writer);
  if (!hasMarks || page.marks === null) return;
  const values = isWhole ? page.marks : Int32Array.from(places, (place) => page.marks?.[place] ?? 0);
  encodeColumns(new ColumnBatch(markLayout, [{ kind: "int32", values, nulls: null }], { count }), writer);
}

function encodeChosen(batch: ColumnBatch, rows: Int32Array, writer: ByteWriter): void {
  const builder = new ColumnBuilder(batch.layout.type, rows.length);
  builder.append(batch, { rows, from: 0, to: rows.length });
  const chosen = builder.take();
  encodeColumns(chosen, writer);
  chosen.release();
}
