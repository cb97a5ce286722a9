/**
 * Owns: the files of snapshots, kept in memory by content, for tests that snapshot and restore.
 *
 * MSF1 A piece is copied when it is written: whoever changes its memory later does not change the file.
 */
import { createHash } from "node:crypto";
import { assert } from "../../base/index.ts";
import type { SnapshotFile, SnapshotFiles, StateReader } from "../state/index.ts";

/** Files live as long as this object does. */
export class MemorySnapshotFiles implements SnapshotFiles {
  /** By key. */
  readonly files = new Map<string, Uint8Array>();
  /** How many files were given up. */
  aborted = 0;

  async create(): Promise<SnapshotFile> {
    const pieces: Uint8Array[] = [];
    return {
      write: async (piece) => void pieces.push(Uint8Array.from(piece)),
      close: async () => {
        const body = Buffer.concat(pieces);
        const sha256 = createHash("sha256").update(body).digest("hex");
        const key = `data/${sha256}`;
        this.files.set(key, body);
        return { key, sha256, length: body.length };
      },
      abort: async () => {
        this.aborted++;
      },
    };
  }

  readonly read: StateReader = async ({ key }) => {
    const body = this.files.get(key);
    assert(body !== undefined, `the test's snapshot file ${key} does not exist`);
    return new Uint8Array(body);
  };
}
