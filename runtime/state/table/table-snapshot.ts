/**
 * Owns: one snapshot of the tables of a back end: fixed at the barrier, written in turns, given up.
 * Not here: which pages it keeps while the tables change (column-table.ts), the layout of the file (table-file.ts).
 *
 * TBS1 The constructor is the barrier: it looks at tables and slices, never at pages or slots (SB1).
 * TBS2 However it ends (SNL1), `unwritten` goes down by one.
 */
import type { KeyedStateFile, KeyedStateHandle } from "../../checkpoint/index.ts";
import { type ByteWriter, ColumnBatch, encodeColumns } from "../../record/index.ts";
import type { KeyedBackendOptions, SnapshotFile, SnapshotFiles, Turn } from "../backend.ts";
import { PieceOutput } from "../snapshot/piece-output.ts";
import { SnapshotLife } from "../snapshot/snapshot-life.ts";
import { TurnBudget } from "../snapshot/turn-budget.ts";
import type { FixedTable, TableContext } from "./column-table.ts";
import { PAGE_SLOTS, type TablePage, valueColumn } from "./page.ts";
import type { FixedSlicedTable } from "./sliced-table.ts";
import { encodeTableIndex, type PagePlace, type SlicePlaces, tableFile, type TablePlaces } from "./table-file.ts";
import type { TableLayout } from "./table-meta.ts";

export class TablesSnapshot {
  readonly #options: KeyedBackendOptions;
  readonly #life: SnapshotLife;
  #tables: readonly FixedSlicedTable[];

  /** `tables`: what `fix` of each gave in this turn. */
  constructor(options: KeyedBackendOptions, context: TableContext, tables: readonly FixedSlicedTable[]) {
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
        for (let number = 0; number * PAGE_SLOTS < table.size; number++) {
          pages.push(writePage(output, layout, table, number));
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

function writePage(output: PieceOutput, layout: TableLayout, { pages, size }: FixedTable, number: number): PagePlace {
  const slots = Math.min(PAGE_SLOTS, size - number * PAGE_SLOTS);
  const offset = output.place;
  encodePage(layout, pages[number] as TablePage, slots, output.writer);
  return { offset, length: output.place - offset, slots };
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
