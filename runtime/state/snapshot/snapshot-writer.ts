/**
 * Owns: one snapshot of a keyed back end: marking the groups at the barrier, writing them in turns, giving it up.
 * Not here: which version of a row is written (section.ts, versions.ts), bytes (section-codec.ts, keyed-file.ts).
 * Called by: the back end's `snapshot()`, then the task.
 *
 * SNW1 The constructor is the barrier: it looks at groups, never at entries (SB1).
 * SNW2 Chunks aim at `chunkBytes` whatever the values' size: the number of rows follows the bytes per row seen so far, per state.
 * SNW3 However it ends (SNL1), every section leaves its group and `unwritten` goes down by one.
 */
import { assert } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import type { KeyedBackendOptions, KeyedSnapshot, SnapshotFile, SnapshotFiles, Turn } from "../backend.ts";
import type { KeyContext } from "../heap/key-context.ts";
import { encodeIndex, keyedFile, type SectionPlace } from "./keyed-file.ts";
import { EntrySection, ListSection, MapSection, RowBatchBuffer, type Section, TimerSection } from "../heap/section.ts";
import { PieceOutput } from "./piece-output.ts";
import { encodeChunk } from "./section-codec.ts";
import { SnapshotLife } from "./snapshot-life.ts";
import type { StateMeta } from "./state-meta.ts";
import type { Table } from "../heap/table.ts";
import { TurnBudget } from "./turn-budget.ts";

const CHUNK_BYTES_DEFAULT = 128 * 1024;
const CHUNK_ROWS_MAX = 2048;

export class HeapKeyedSnapshot implements KeyedSnapshot {
  readonly #options: KeyedBackendOptions;
  readonly #context: KeyContext;
  /** In order of key group, then of table (KF1). */
  readonly #sections: readonly Section[];
  readonly #life: SnapshotLife;

  constructor(options: KeyedBackendOptions, context: KeyContext, tables: readonly Table<unknown>[]) {
    this.#options = options;
    this.#context = context;
    context.latest++;
    context.unwritten++;
    this.#sections = markSections(context, tables);
    this.#life = new SnapshotLife(`the keyed state of operator "${context.uid}"`, () => {
      for (const section of this.#sections) section.leave();
      context.unwritten--;
    });
  }

  async write(files: SnapshotFiles, turn: Turn): Promise<KeyedStateHandle | null> {
    const written = await this.#life.write(files, this.#sections.length === 0, (file) =>
      this.#writeSections(file, turn),
    );
    return written === null ? null : { kind: "heap", keyGroups: this.#options.keyGroups, files: [written] };
  }

  discard(): void {
    this.#life.discard();
  }

  async #writeSections(file: SnapshotFile, turn: Turn): Promise<void> {
    const output = new SectionOutput(file, keyedFile.magic(1));
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
        this.#life.assertKept();
        if (isDone) break;
      }
      output.endSection();
    }
    const { operatorUid, maxParallelism, keyGroups } = this.#options;
    await output.finish(encodeIndex({ uid: operatorUid, maxParallelism, keyGroups, ...output.written }));
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

/** The file being written; it remembers where sections are. */
class SectionOutput extends PieceOutput {
  readonly #states: StateMeta[] = [];
  readonly #places: SectionPlace[] = [];
  #current: { state: number; keyGroup: number; offset: number; chunks: number } | null = null;

  startSection({ meta, keyGroup }: Section): void {
    let state = this.#states.indexOf(meta);
    if (state < 0) state = this.#states.push(meta) - 1;
    this.#current = { state, keyGroup, offset: this.place, chunks: 0 };
  }

  /** Returns the chunk's bytes. */
  writeChunk(uid: string, meta: StateMeta, batch: RowBatchBuffer): number {
    const before = this.writer.length;
    encodeChunk(uid, meta, batch, this.writer);
    (this.#current as { chunks: number }).chunks++;
    return this.writer.length - before;
  }

  endSection(): void {
    assert(this.#current !== null, "a section was started");
    const { state, keyGroup, offset, chunks } = this.#current;
    this.#places.push({ state, keyGroup, offset, length: this.place - offset, chunks });
    this.#current = null;
  }

  /** What of the index the sections give. */
  get written(): { readonly states: readonly StateMeta[]; readonly sections: readonly SectionPlace[] } {
    return { states: this.#states, sections: this.#places };
  }
}
