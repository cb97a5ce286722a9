/**
 * Owns: files named by the sha256 of their content, written in pieces whose hash is taken on the way.
 * Who calls: a slot, for each checkpoint; has the shape of state/SnapshotFiles (which storage may not import).
 *
 * COF1 A file becomes visible under its final name only, whole and synced; aborted or crashed, nothing is visible. A store that has to name
 *     a large file before its content is known gives it a random name of the same form; what counts is the sha256 in its handle (HAN1).
 * COF2 Within one folder equal content is stored once: if the object is there with the same length, the new upload is dropped.
 *     Folders are not shared between checkpoints (checkpoint/layout.ts says why), so that the object which is found cannot be
 *     deleted by the clean-up of an older checkpoint at the same time.
 */
import { createHash } from "node:crypto";
import { assert } from "../../base/index.ts";
import type { ObjectStore, ObjectWriter } from "./object-store.ts";

export type StoredFile = { readonly key: string; readonly sha256: string; readonly length: number };

export class ContentFiles {
  private readonly store: ObjectStore;
  private readonly folder: string;

  /** `folder`: key prefix without a trailing slash: checkpoint's `dataFolder(epoch, id)` or SAVEPOINT_DATA_FOLDER. */
  constructor(store: ObjectStore, folder: string) {
    this.store = store;
    this.folder = folder;
  }

  /** Starts a file; the caller ends it by `close` or `abort`. */
  async create(): Promise<ContentFile> {
    return new ContentFile(this.store, this.folder, await this.store.openWriter(`${this.folder}/unnamed`));
  }
}

class ContentFile {
  private readonly store: ObjectStore;
  private readonly folder: string;
  private readonly writer: ObjectWriter;
  private readonly hash = createHash("sha256");
  private length = 0;
  private closed = false;

  constructor(store: ObjectStore, folder: string, writer: ObjectWriter) {
    this.store = store;
    this.folder = folder;
    this.writer = writer;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.hash.update(piece);
    this.length += piece.length;
    await this.writer.write(piece);
  }

  /** Stores the file; its name is its content's hash, or the store's (ObjectWriter.close). */
  async close(): Promise<StoredFile> {
    assert(!this.closed, "a content file is closed twice");
    this.closed = true;
    const sha256 = this.hash.digest("hex");
    const key = `${this.folder}/${sha256}`;
    const known = await this.store.stat(key);
    if (known === null || known.length !== this.length)
      return { key: await this.writer.close(key), sha256, length: this.length };
    await this.writer.abort();
    return { key, sha256, length: this.length };
  }

  /** Drops what was written. Safe to call at any time, also after a failed write. */
  async abort(): Promise<void> {
    await this.writer.abort();
  }
}
