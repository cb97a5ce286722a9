/**
 * Owns: snapshot files in memory, for tests of this room.
 *
 * MF1 A piece is copied when it is written: whoever changes its memory later does not change the file.
 */
import { createHash } from "node:crypto";
import type { SnapshotFile, SnapshotFiles, StateReader } from "./backend.ts";

export class MemorySnapshotFiles implements SnapshotFiles {
  readonly files = new Map<string, Uint8Array>();
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
    if (body === undefined) throw new Error(`no file ${key}`);
    return body;
  };
}
