/**
 * Owns: one snapshot of a keyed back end: marking the groups at the barrier, writing them in turns, giving it up.
 * Not here: which version of a row is written (section.ts, versions.ts), bytes (section-codec.ts, keyed-file.ts).
 * Called by: the back end's `snapshot()`, then the task.
 *
 * SNW1 The constructor is the barrier: it looks at groups, never at entries (SB1).
 * SNW2 Chunks aim at `chunkBytes` whatever the values' size: the number of rows follows the bytes per row seen so far, per state.
 * SNW3 However it ends (written, failed, discarded), every section leaves its group and `unwritten` goes down by one, once.
 */
import { assert, StreamError } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import { ByteWriter } from "../../record/index.ts";
import type { KeyedBackendOptions, KeyedSnapshot, SnapshotFile, SnapshotFiles, Turn } from "../backend.ts";
import { abortAfter } from "./file-abort.ts";
import type { KeyContext } from "../heap/key-context.ts";
import { encodeIndex, MAGIC_BYTES, type SectionPlace } from "./keyed-file.ts";
import { EntrySection, ListSection, MapSection, RowBatchBuffer, type Section, TimerSection } from "../heap/section.ts";
import { encodeChunk } from "./section-codec.ts";
import type { StateMeta } from "./state-meta.ts";
import type { Table } from "../heap/table.ts";
import { TurnBudget } from "./turn-budget.ts";

const CHUNK_BYTES_DEFAULT = 128 * 1024;
const CHUNK_ROWS_MAX = 2048;
/** Bytes gathered before they are handed to the file. */
const PIECE_BYTES = 256 * 1024;

export class HeapKeyedSnapshot implements KeyedSnapshot {
  readonly #options: KeyedBackendOptions;
  readonly #context: KeyContext;
  /** In order of key group, then of table (KF1). */
  readonly #sections: readonly Section[];
  #state: "fixed" | "writing" | "written" | "discarded" = "fixed";

  constructor(options: KeyedBackendOptions, context: KeyContext, tables: readonly Table<unknown>[]) {
    this.#options = options;
    this.#context = context;
    context.latest++;
    context.unwritten++;
    this.#sections = markSections(context, tables);
  }

  async write(files: SnapshotFiles, turn: Turn): Promise<KeyedStateHandle | null> {
    if (this.#state === "discarded") throw this.#wasDiscarded();
    assert(this.#state === "fixed", "a snapshot is written once");
    this.#state = "writing";
    try {
      if (this.#sections.length === 0) return null;
      const file = await files.create();
      try {
        await this.#writeSections(file, turn);
        return { kind: "heap", keyGroups: this.#options.keyGroups, files: [{ file: await file.close() }] };
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

  async #writeSections(file: SnapshotFile, turn: Turn): Promise<void> {
    const output = new SectionOutput(file);
    const budget = new TurnBudget(this.#options.clock, turn);
    const batch = new RowBatchBuffer();
    const { chunkBytes = CHUNK_BYTES_DEFAULT } = this.#options;
    for (const section of this.#sections) {
      output.startSection(section);
      for (const walk = section.walk(batch); ; ) {
        batch.limit = section.table.rowsPerChunk;
        const isDone = walk.next().done === true;
        if (batch.size > 0) {
          const length = output.writeChunk(this.#context.uid, section.meta, batch);
          section.table.rowsPerChunk = rowsFor(chunkBytes, length / batch.size);
          batch.clear();
        }
        if (output.isFull) await output.flush();
        if (budget.isSpent()) await budget.giveWay();
        if (this.#state === "discarded") throw this.#wasDiscarded();
        if (isDone) break;
      }
      output.endSection();
    }
    await output.finish(this.#options);
  }

  #release(state: "written" | "discarded"): void {
    if (this.#state === "written" || this.#state === "discarded") return;
    this.#state = state;
    for (const section of this.#sections) section.leave();
    this.#context.unwritten--;
  }

  #wasDiscarded(): StreamError {
    return new StreamError(
      "SNAPSHOT_DISCARDED",
      `the snapshot of the keyed state of operator "${this.#context.uid}" was given up because its checkpoint was aborted; nothing is to be done, the next checkpoint takes another`,
    );
  }
}

function markSections(context: KeyContext, tables: readonly Table<unknown>[]): Section[] {
  const sections: Section[] = [];
  for (let index = 0; index < context.groupCount; index++) {
    for (const table of tables) {
      const group = table.groups[index];
      if (group !== undefined && group.rows > 0) sections.push(sectionOf(context.latest, table, index));
    }
  }
  return sections;
}

function sectionOf(id: number, table: Table<unknown>, index: number): Section {
  switch (table.meta.kind) {
    case "value":
    case "reducing":
    case "aggregating":
      return new EntrySection(id, table, index);
    case "list":
      return new ListSection(id, table, index);
    case "map":
      return new MapSection(id, table, index);
    case "event-timers":
    case "processing-timers":
      return new TimerSection(id, table, index);
  }
}

function rowsFor(chunkBytes: number, bytesPerRow: number): number {
  return Math.max(1, Math.min(CHUNK_ROWS_MAX, Math.floor(chunkBytes / Math.max(1, bytesPerRow))));
}

/** The file being written: gathers chunks into pieces, remembers where sections are. */
class SectionOutput {
  readonly #file: SnapshotFile;
  readonly #writer = new ByteWriter(2 * PIECE_BYTES);
  readonly #states: StateMeta[] = [];
  readonly #places: SectionPlace[] = [];
  #flushed = 0;
  #current: { state: number; keyGroup: number; offset: number; chunks: number } | null = null;

  constructor(file: SnapshotFile) {
    this.#file = file;
    this.#writer.bytes(MAGIC_BYTES);
  }

  get isFull(): boolean {
    return this.#writer.length >= PIECE_BYTES;
  }

  startSection({ meta, keyGroup }: Section): void {
    let state = this.#states.indexOf(meta);
    if (state < 0) state = this.#states.push(meta) - 1;
    this.#current = { state, keyGroup, offset: this.#flushed + this.#writer.length, chunks: 0 };
  }

  /** Returns the chunk's bytes. */
  writeChunk(uid: string, meta: StateMeta, batch: RowBatchBuffer): number {
    const before = this.#writer.length;
    encodeChunk(uid, meta, batch, this.#writer);
    (this.#current as { chunks: number }).chunks++;
    return this.#writer.length - before;
  }

  endSection(): void {
    assert(this.#current !== null, "a section was started");
    const { state, keyGroup, offset, chunks } = this.#current;
    this.#places.push({ state, keyGroup, offset, length: this.#flushed + this.#writer.length - offset, chunks });
    this.#current = null;
  }

  async flush(): Promise<void> {
    const piece = this.#writer.copy();
    this.#writer.reset();
    this.#flushed += piece.length;
    await this.#file.write(piece);
  }

  async finish({ operatorUid, maxParallelism, keyGroups }: KeyedBackendOptions): Promise<void> {
    this.#writer.bytes(
      encodeIndex({ uid: operatorUid, maxParallelism, keyGroups, states: this.#states, sections: this.#places }),
    );
    await this.flush();
  }
}
