/**
 * Owns: the files of snapshots, kept in memory by content, for tests that snapshot and restore one operator.
 */
import { createHash } from "node:crypto";
import { assert } from "../base/index.ts";
import type { SnapshotFile, SnapshotFiles, StateReader } from "../state/index.ts";

/** Files live as long as this object does. */
export class MemorySnapshotFiles implements SnapshotFiles {
  readonly #files = new Map<string, Uint8Array>();

  async create(): Promise<SnapshotFile> {
    const pieces: Uint8Array[] = [];
    return {
      write: async (piece) => {
        pieces.push(piece.slice());
      },
      close: async () => {
        const body = Buffer.concat(pieces);
        const sha256 = createHash("sha256").update(body).digest("hex");
        const key = `data/${sha256}`;
        this.#files.set(key, body);
        return { key, sha256, length: body.length };
      },
      abort: async () => {
        pieces.length = 0;
      },
    };
  }

  readonly read: StateReader = async (file) => {
    const body = this.#files.get(file.key);
    assert(body !== undefined, `the test's snapshot file ${file.key} does not exist`);
    return new Uint8Array(body);
  };
}
