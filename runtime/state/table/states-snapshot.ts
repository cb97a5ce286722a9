/**
 * Owns: one snapshot of a back end that has tables beside its other states: both fixed in one turn, written one after the other.
 */
import type { KeyedStateFile, KeyedStateHandle } from "../../checkpoint/index.ts";
import type { KeyedSnapshot, SnapshotFiles, Turn } from "../backend.ts";
import type { TablesSnapshot } from "./table-snapshot.ts";

export class StatesSnapshot implements KeyedSnapshot {
  readonly #others: KeyedSnapshot;
  readonly #tables: TablesSnapshot;

  constructor(others: KeyedSnapshot, tables: TablesSnapshot) {
    this.#others = others;
    this.#tables = tables;
  }

  async write(files: SnapshotFiles, turn: Turn): Promise<KeyedStateHandle | null> {
    let handle: KeyedStateHandle | null;
    let tables: readonly KeyedStateFile[] | null;
    try {
      handle = await this.#others.write(files, turn);
      tables = await this.#tables.write(files, turn);
    } finally {
      // Where the one failed, the other is let go.
      this.discard();
    }
    return tables === null ? handle : this.#tables.handleOf(handle, tables);
  }

  discard(): void {
    this.#others.discard();
    this.#tables.discard();
  }
}
