/**
 * Owns: where a task's snapshot files go and come from: the job's store, a savepoint's store, or the JobManager's memory.
 *
 * SNS1 Every file that is read for a restore is verified whole before a byte is used (HAN1).
 * SNS2 With the `memory` back end a state may have INLINE_BYTES_MAX bytes, and all states of a task together INLINE_TASK_BYTES_MAX, so that
 *     they fit into one message; more fails the checkpoint (CK-17), and, where the job cannot end without one, the job (CC10).
 */
import { StreamError } from "../../base/index.ts";
import { dataFolder, SAVEPOINT_DATA_FOLDER } from "../checkpoint/subtasks.ts";
import type { InlineFile, StateTarget } from "../rpc/index.ts";
import type { SnapshotFile, SnapshotFiles, StateReader } from "../state/index.ts";
import { ContentFiles, MemoryObjectStore, type ObjectStore, openStore, verifiedRead } from "../storage/index.ts";

const INLINE_BYTES_MAX = 5 * 1024 * 1024;
/** As base64 well below what one message may have (64 MiB). */
const INLINE_TASK_BYTES_MAX = 32 * 1024 * 1024;

/** Files on their way out, with what has to travel in the acknowledgement. */
export type SnapshotTarget = { readonly files: SnapshotFiles; inlineFiles(): Promise<readonly InlineFile[]> };

/** Opens each store once. */
export class StoreCache {
  readonly #stores = new Map<string, Promise<ObjectStore>>();
  /** Of the job that is deployed here; undefined: the default. Holds for stores opened from then on. */
  callTimeoutMs: number | undefined;

  open(uri: string): Promise<ObjectStore> {
    let store = this.#stores.get(uri);
    if (store === undefined) {
      store = openStore(uri, this.callTimeoutMs);
      this.#stores.set(uri, store);
      store.catch(() => this.#stores.delete(uri));
    }
    return store;
  }
}

/** `savepointUri`: a savepoint's own store, or null for a checkpoint. */
export async function openSnapshotTarget(options: {
  readonly stores: StoreCache;
  readonly target: StateTarget;
  readonly savepointUri: string | null;
  readonly epoch: number;
  readonly checkpointId: number;
}): Promise<SnapshotTarget> {
  const { stores, target, savepointUri } = options;
  if (savepointUri !== null) return stored(await stores.open(savepointUri), SAVEPOINT_DATA_FOLDER);
  const folder = dataFolder(options.epoch, options.checkpointId);
  return target.inlineOnly ? inline(target.storeUri, folder) : stored(await stores.open(target.storeUri), folder);
}

/** Reads what a restore names; files that came inline are looked up first. */
export function restoreReader(stores: StoreCache, storeUri: string, inlineFiles: readonly InlineFile[]): StateReader {
  const own = inlineFiles.filter((file) => file.storeUri === storeUri);
  if (own.length === 0) return async (file) => verifiedRead(await stores.open(storeUri), file);
  const memory = new MemoryObjectStore("restore");
  const filled = Promise.all(own.map((file) => memory.put(file.key, Buffer.from(file.base64, "base64"))));
  return async (file) => {
    await filled;
    return verifiedRead(memory, file);
  };
}

function stored(store: ObjectStore, folder: string): SnapshotTarget {
  return { files: new ContentFiles(store, folder), inlineFiles: () => Promise.resolve([]) };
}

function inline(storeUri: string, folder: string): SnapshotTarget {
  const memory = new MemoryObjectStore("snapshot");
  const files = new ContentFiles(memory, folder);
  const task = { bytes: 0 };
  return {
    files: { create: async () => new BoundedFile(await files.create(), task) },
    inlineFiles: async () => {
      const written = await memory.list("");
      return Promise.all(
        written.map(async ({ key }) => ({
          storeUri,
          key,
          base64: Buffer.from((await memory.read(key)) ?? []).toString("base64"),
        })),
      );
    },
  };
}

class BoundedFile implements SnapshotFile {
  readonly #file: SnapshotFile;
  /** All of the task's files together. */
  readonly #task: { bytes: number };
  #length = 0;

  constructor(file: SnapshotFile, task: { bytes: number }) {
    this.#file = file;
    this.#task = task;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#length += piece.length;
    this.#task.bytes += piece.length;
    if (this.#length > INLINE_BYTES_MAX) throw tooLarge("a state has", INLINE_BYTES_MAX);
    if (this.#task.bytes > INLINE_TASK_BYTES_MAX) throw tooLarge("the states of a task have", INLINE_TASK_BYTES_MAX);
    await this.#file.write(piece);
  }

  close(): ReturnType<SnapshotFile["close"]> {
    return this.#file.close();
  }

  abort(): Promise<void> {
    return this.#file.abort();
  }
}

/** Terminal: the same state is as large at the next attempt. */
function tooLarge(what: string, bytesMax: number): StreamError {
  return new StreamError(
    "STATE_TOO_LARGE",
    `${what} more than ${bytesMax} bytes, the limit of state.backend.type=memory; set it to fs`,
    { destiny: "terminal" },
  );
}
