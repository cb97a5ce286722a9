/**
 * Owns: the port to durable storage. Adapters: LocalObjectStore, MemoryObjectStore, S3ObjectStore (s3/).
 *
 * OBS1 `createIfAbsent` is atomic: of any number of concurrent callers with one key, exactly one is told `created`.
 * OBS2 An object is visible whole or not at all: a crash in the middle of a write leaves nothing under its key.
 * OBS3 After `put` or `createIfAbsent` resolved, the object survives a crash of the machine.
 * OBS4 Keys are relative, `/`-separated, without empty, `.` or `..` parts.
 */

export type ObjectInfo = { readonly key: string; readonly length: number };

/** Errors: StreamError STORE_UNAVAILABLE (retry), STORE_FULL (retry); a missing object is a value, not an error. */
export interface ObjectStore {
  /** Where it is, as a URI that `openStore` opens again: `file:///var/checkpoints`, `s3://bucket/prefix`, `memory://name`. */
  readonly uri: string;
  /** The whole object, or null when there is none. */
  read(key: string): Promise<Uint8Array | null>;
  /** Length, or null when there is none. */
  stat(key: string): Promise<ObjectInfo | null>;
  /** Writes or replaces. */
  put(key: string, body: Uint8Array): Promise<void>;
  /** Writes an object in pieces, for what is too large for one buffer. Aborts (nothing visible) unless `close` resolved. */
  openWriter(key: string): Promise<ObjectWriter>;
  createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists">;
  /** All objects whose key starts with `prefix`, sorted by key. */
  list(prefix: string): Promise<readonly ObjectInfo[]>;
  /** Deletes; deleting what is not there is fine. */
  delete(key: string): Promise<void>;
  /**
   * Removes what writers that never came to their end have left at the store, for keys that start with `prefix` and of which `isOver` says
   * that nobody is writing them any more. How many. Stores that clean up by themselves answer 0.
   */
  removeUnfinished(prefix: string, isOver: (key: string) => boolean): Promise<number>;
}

export interface ObjectWriter {
  write(piece: Uint8Array): Promise<void>;
  /**
   * Makes the object visible, whole, and answers its key: `key`, which may differ from the one it was opened with (content addressing).
   * A store that has to name a large object before its content is known answers 64 random hexadecimal digits in the folder of the key
   * that the writer was opened with.
   */
  close(key?: string): Promise<string>;
  abort(): Promise<void>;
}
