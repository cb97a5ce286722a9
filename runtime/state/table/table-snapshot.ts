/**
 * Owns: one snapshot of the tables of a back end: fixed at the barrier, written in turns, given up.
 * Not here: which pages it keeps while the tables change (column-table.ts), the layout of the file (table-file.ts).
 *
 * TBS1 The constructor is the barrier: it looks at tables and slices, never at pages or slots (SB1).
 * TBS2 However it ends (written, failed, discarded), `unwritten` goes down by one, once.
 */
import { assert, StreamError } from "../../../base/index.ts";
import type { KeyedStateFile, KeyedStateHandle } from "../../checkpoint/index.ts";
import { ByteWriter, ColumnBatch, encodeColumns } from "../../record/index.ts";
import type { KeyedBackendOptions, SnapshotFile, SnapshotFiles, Turn } from "../backend.ts";
import { abortAfter } from "../snapshot/file-abort.ts";
import { TurnBudget } from "../snapshot/turn-budget.ts";
import type { FixedTable, TableContext } from "./column-table.ts";
import { PAGE_SLOTS, type TablePage, valueColumn } from "./page.ts";
import type { FixedSlicedTable } from "./sliced-table.ts";
import { encodeTableIndex, type PagePlace, type SlicePlaces, TABLE_MAGIC, type TablePlaces } from "./table-file.ts";
import type { TableLayout } from "./table-meta.ts";

/** Bytes gathered before they are handed to the file. */
const PIECE_BYTES = 256 * 1024;

export class TablesSnapshot {
  readonly #options: KeyedBackendOptions;
  readonly #context: TableContext;
  #tables: readonly FixedSlicedTable[];
  #state: "fixed" | "writing" | "written" | "discarded" = "fixed";

  /** `tables`: what `fix` of each gave in this turn. */
  constructor(options: KeyedBackendOptions, context: TableContext, tables: readonly FixedSlicedTable[]) {
    this.#options = options;
    this.#context = context;
    this.#tables = tables.filter(({ slices }) => slices.length > 0);
    context.latest++;
    context.unwritten++;
  }

  /** Null: there are no keys in any table. Call once. */
  async write(files: SnapshotFiles, turn: Turn): Promise<KeyedStateFile | null> {
    if (this.#state === "discarded") throw this.#wasDiscarded();
    assert(this.#state === "fixed", "a snapshot is written once");
    this.#state = "writing";
    try {
      if (this.#tables.length === 0) return null;
      const file = await files.create();
      try {
        await this.#writeTables(file, turn);
        return { file: await file.close() };
      } catch (error) {
        await abortAfter(error, file);
        throw error;
      }
    } finally {
      this.#release("written");
    }
  }

  discard(): void {
    this.#release("discarded");
  }

  /** What was written of the tables, and of the other states. */
  handleOf(others: KeyedStateHandle | null, file: KeyedStateFile): KeyedStateHandle {
    return { kind: "tables", keyGroups: this.#options.keyGroups, files: others?.files ?? [], tables: [file] };
  }

  async #writeTables(file: SnapshotFile, turn: Turn): Promise<void> {
    const output = new PageOutput(file);
    const budget = new TurnBudget(this.#options.clock, turn);
    const tables: TablePlaces[] = [];
    for (const { layout, slices } of this.#tables) {
      const places: SlicePlaces[] = [];
      for (const { slice, table } of slices) {
        const pages: PagePlace[] = [];
        for (let number = 0; number * PAGE_SLOTS < table.size; number++) {
          pages.push(output.write(layout, table, number));
          if (output.isFull) await output.flush();
          if (budget.isSpent()) await budget.giveWay();
          if (this.#state === "discarded") throw this.#wasDiscarded();
        }
        places.push({ slice, pages });
      }
      tables.push({ layout, slices: places });
    }
    const { operatorUid, maxParallelism, keyGroups } = this.#options;
    await output.finish(encodeTableIndex({ uid: operatorUid, maxParallelism, keyGroups, tables }));
  }

  #release(state: "written" | "discarded"): void {
    if (this.#state === "written" || this.#state === "discarded") return;
    this.#state = state;
    this.#context.unwritten--;
    this.#tables = [];
  }

  #wasDiscarded(): StreamError {
    return new StreamError(
      "SNAPSHOT_DISCARDED",
      `the snapshot of the tables of operator "${this.#options.operatorUid}" was given up because its checkpoint was aborted; nothing is to be done, the next checkpoint takes another`,
    );
  }
}

/** The file being written: gathers pages into pieces, says where they are. */
class PageOutput {
  readonly #file: SnapshotFile;
  readonly #writer = new ByteWriter(2 * PIECE_BYTES);
  #flushed = 0;

  constructor(file: SnapshotFile) {
    this.#file = file;
    this.#writer.bytes(TABLE_MAGIC);
  }

  get isFull(): boolean {
    return this.#writer.length >= PIECE_BYTES;
  }

  write(layout: TableLayout, { pages, size }: FixedTable, number: number): PagePlace {
    const slots = Math.min(PAGE_SLOTS, size - number * PAGE_SLOTS);
    const before = this.#writer.length;
    encodePage(layout, pages[number] as TablePage, slots, this.#writer);
    return { offset: this.#flushed + before, length: this.#writer.length - before, slots };
  }

  async flush(): Promise<void> {
    const piece = this.#writer.copy();
    this.#writer.reset();
    this.#flushed += piece.length;
    await this.#file.write(piece);
  }

  async finish(index: Uint8Array): Promise<void> {
    this.#writer.bytes(index);
    await this.flush();
  }
}

function encodePage({ key, value }: TableLayout, page: TablePage, count: number, writer: ByteWriter): void {
  const { hashes, columns } = page.keys;
  const marks = { timestamps: null, keyHashes: hashes, rowKinds: null };
  encodeColumns(new ColumnBatch(key, columns, { count, marks }), writer);
  const values = value.fields.map((field, place) => {
    const nulls = page.nulls[place] ?? null;
    return valueColumn(field, page.values[place] as TablePage["values"][number], nulls);
  });
  encodeColumns(new ColumnBatch(value, values, { count }), writer);
}
