/**
 * Owns: the life of one snapshot of keyed state: fixed at the barrier, written once in turns, or given up.
 * Not here: what is fixed, and how it is written (snapshot-writer.ts, ../table/table-snapshot.ts).
 *
 * SNL1 However it ends (written, failed, discarded), what it had fixed is let go once.
 */
import { assert, StreamError } from "../../../base/index.ts";
import type { KeyedStateFile } from "../../checkpoint/index.ts";
import type { SnapshotFile, SnapshotFiles } from "../backend.ts";
import { abortAfter } from "./file-abort.ts";

export class SnapshotLife {
  /** Whose state it is, for messages. */
  readonly #what: string;
  readonly #letGo: () => void;
  #state: "fixed" | "writing" | "written" | "discarded" = "fixed";

  constructor(what: string, letGo: () => void) {
    this.#what = what;
    this.#letGo = letGo;
  }

  /** Makes the file, unless there is nothing to be written. Call once. Errors: SNAPSHOT_DISCARDED, and what `write` throws; the file is removed then. */
  async write(
    files: SnapshotFiles,
    isEmpty: boolean,
    write: (file: SnapshotFile) => Promise<void>,
  ): Promise<KeyedStateFile | null> {
    this.assertKept();
    assert(this.#state === "fixed", "a snapshot is written once");
    this.#state = "writing";
    try {
      if (isEmpty) return null;
      const file = await files.create();
      try {
        await write(file);
        return { file: await file.close() };
      } catch (error) {
        await abortAfter(error, file);
        throw error;
      }
    } finally {
      this.#end("written");
    }
  }

  /** Errors: SNAPSHOT_DISCARDED: it was given up. */
  assertKept(): void {
    if (this.#state !== "discarded") return;
    throw new StreamError(
      "SNAPSHOT_DISCARDED",
      `the snapshot of ${this.#what} was given up because its checkpoint was aborted; nothing is to be done, the next checkpoint takes another`,
    );
  }

  discard(): void {
    this.#end("discarded");
  }

  #end(state: "written" | "discarded"): void {
    if (this.#state === "written" || this.#state === "discarded") return;
    this.#state = state;
    this.#letGo();
  }
}
