/**
 * Owns: the ObjectStore in a folder of a local (or POSIX network) file system; many processes may use one folder.
 * Not here: URIs (open-store.ts).
 *
 * LOO1 A write goes to a uniquely named file in `<root>/.tmp`, is synced, and only then gets its name: by rename (put) or by
 *    link(2) (createIfAbsent), which the kernel makes atomic: one of several linkers wins (OBS1, OBS2).
 * LOO2 Before a write resolves, the folder that holds the name is synced, and so are folders made on the way (OBS3).
 * LOO3 Opening or reading a store creates nothing; folders come with the first write, and go with the last delete in them.
 * LOO4 Temporary files of dead processes of this host are removed at the store's first write; a process is known by its start too
 *    (PRI1), since in a container each one has the id of the one before.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rmdir, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { assert, processIdentity, StreamError, systemRandom } from "../../base/index.ts";
import { assertKey, assertPrefix, compareKeys } from "./object-key.ts";
import type { ObjectInfo, ObjectStore, ObjectWriter } from "./object-store.ts";
import { errorCodeOf, storeError } from "./store-error.ts";

const TEMPORARY = ".tmp";
/** A folder may be pruned by a delete right after it was made; then it is made again, at most this often. */
const FOLDER_ATTEMPTS_MAX = 20;
const HOST = hostname().replace(/[^A-Za-z0-9.-]/g, "_");
/** `<host>~<process id>~<its identity, shortened>`, and a random part behind it: the name of a temporary file. */
const OWNER = `${HOST}~${process.pid}~${identityMark(process.pid)}`;

export class LocalObjectStore implements ObjectStore {
  readonly uri: string;
  /** Absolute path of the folder. */
  readonly root: string;
  private swept: Promise<void> | null = null;

  constructor(folder: string) {
    this.root = resolve(folder);
    this.uri = pathToFileURL(this.root).href;
  }

  async read(key: string): Promise<Uint8Array | null> {
    return this.unlessMissing("read", key, (path) => readFile(path));
  }

  async stat(key: string): Promise<ObjectInfo | null> {
    const found = await this.unlessMissing("look at", key, (path) => stat(path));
    return found === null || !found.isFile() ? null : { key, length: found.size };
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    const path = this.pathOf(key);
    await this.withTemporary(path, body, (temporary) => this.nameIt(path, () => rename(temporary, path)));
  }

  async createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists"> {
    const path = this.pathOf(key);
    return this.withTemporary(path, body, async (temporary) => {
      try {
        await this.nameIt(path, () => link(temporary, path));
        return "created";
      } catch (error) {
        const code = errorCodeOf(error);
        if (code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS") {
          throw new StreamError(
            "STORE_UNSUITABLE",
            `the file system of ${this.root} has no hard links (${code}), which atomic creation needs; use a directory on another file system`,
            { destiny: "terminal", cause: error },
          );
        }
        if (code !== "EEXIST") throw error;
        // Whoever made it may not have synced the folder yet: what is reported as existing must be durable too.
        await syncFolder(dirname(path));
        return "exists";
      } finally {
        await unlink(temporary).catch(ignoreMissing);
      }
    });
  }

  async openWriter(key: string): Promise<ObjectWriter> {
    const path = this.pathOf(key);
    const { temporary, handle } = await this.openTemporary(path);
    return new LocalWriter(handle, temporary, key, (finalKey) => {
      const finalPath = this.pathOf(finalKey);
      return this.nameIt(finalPath, () => rename(temporary, finalPath));
    });
  }

  async list(prefix: string): Promise<readonly ObjectInfo[]> {
    assertPrefix(prefix);
    const found: ObjectInfo[] = [];
    const slash = prefix.lastIndexOf("/");
    try {
      await this.walk(prefix.slice(0, slash + 1), prefix, found);
    } catch (error) {
      throw storeError("list", join(this.root, prefix), error);
    }
    return found.sort(compareKeys);
  }

  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    try {
      await unlink(path);
    } catch (error) {
      if (errorCodeOf(error) === "ENOENT" || errorCodeOf(error) === "ENOTDIR") return;
      throw storeError("delete", path, error);
    }
    await this.prune(dirname(path));
  }

  /** Nothing: LOO4. */
  async removeUnfinished(): Promise<number> {
    return 0;
  }

  private pathOf(key: string): string {
    assertKey(key);
    return join(this.root, ...key.split("/"));
  }

  private async unlessMissing<T>(doing: string, key: string, act: (path: string) => Promise<T>): Promise<T | null> {
    const path = this.pathOf(key);
    try {
      return await act(path);
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return null;
      throw storeError(doing, path, error);
    }
  }

  /** Writes and syncs `body` under a temporary name, hands it to `use`, and leaves no temporary file behind on failure. */
  private async withTemporary<T>(path: string, body: Uint8Array, use: (temporary: string) => Promise<T>): Promise<T> {
    const { temporary, handle } = await this.openTemporary(path);
    try {
      try {
        await handle.writeFile(body);
        await handle.sync();
      } finally {
        await handle.close();
      }
      return await use(temporary);
    } catch (error) {
      await unlink(temporary).catch(ignoreMissing);
      throw storeError("write", path, error);
    }
  }

  /** A new file for what will be `path`. */
  private async openTemporary(path: string): Promise<{ readonly temporary: string; readonly handle: FileHandle }> {
    const folder = join(this.root, TEMPORARY);
    const temporary = join(folder, `${OWNER}~${systemRandom.hex(12)}`);
    try {
      this.swept ??= sweepTemporaries(folder);
      await this.swept;
      return { temporary, handle: await inFolder(folder, () => open(temporary, "wx")) };
    } catch (error) {
      this.swept = null;
      throw storeError("make a temporary file for", path, error);
    }
  }

  /** Gives a synced file its name, in a folder that may have to be made first, and syncs that folder (LOO2). */
  private async nameIt(path: string, act: () => Promise<void>): Promise<void> {
    const folder = dirname(path);
    await inFolder(folder, act);
    // A folder that is gone already: whoever deleted the object took it along.
    await unlessGone(syncFolder(folder), undefined);
  }

  private async walk(folderKey: string, prefix: string, found: ObjectInfo[]): Promise<void> {
    for (const entry of await unlessGone(readdir(join(this.root, folderKey), { withFileTypes: true }), [])) {
      const key = folderKey + entry.name;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) {
        if (`${key}/`.startsWith(prefix)) await this.walk(`${key}/`, prefix, found);
      } else if (entry.isFile() && key.startsWith(prefix)) {
        const facts = await unlessGone(stat(join(this.root, key)), null);
        if (facts !== null) found.push({ key, length: facts.size });
      }
    }
  }

  /** Removes folders that a delete left empty, in the end the store's own (LOO3). Failing is fine: it is only tidiness. */
  private async prune(folder: string): Promise<void> {
    for (let current = folder; current.startsWith(this.root + sep); current = dirname(current)) {
      try {
        await rmdir(current);
      } catch {
        return;
      }
    }
    const left = await unlessGone(readdir(this.root), [TEMPORARY, ""]);
    if (left.length > 1 || left[0] !== TEMPORARY) return;
    await rmdir(join(this.root, TEMPORARY))
      .then(() => rmdir(this.root))
      .catch(() => undefined);
  }
}

class LocalWriter implements ObjectWriter {
  private readonly handle: FileHandle;
  private readonly temporary: string;
  private readonly key: string;
  private readonly nameIt: (key: string) => Promise<void>;
  private state: "open" | "closed" | "failed" = "open";

  constructor(handle: FileHandle, temporary: string, key: string, nameIt: (key: string) => Promise<void>) {
    this.handle = handle;
    this.temporary = temporary;
    this.key = key;
    this.nameIt = nameIt;
  }

  async write(piece: Uint8Array): Promise<void> {
    assert(this.state === "open", `write to ${this.key} after it was ${this.state}`);
    try {
      for (let offset = 0; offset < piece.length; ) {
        offset += (await this.handle.write(piece, offset, piece.length - offset)).bytesWritten;
      }
    } catch (error) {
      await this.abort();
      throw storeError("write", this.temporary, error);
    }
  }

  async close(key = this.key): Promise<string> {
    assert(this.state === "open", `${this.key} is closed when it was ${this.state}`);
    this.state = "closed";
    try {
      await this.handle.sync();
      await this.handle.close();
      await this.nameIt(key);
      return key;
    } catch (error) {
      this.state = "open";
      await this.abort();
      throw storeError("write", this.temporary, error);
    }
  }

  async abort(): Promise<void> {
    if (this.state !== "open") return;
    this.state = "failed";
    await this.handle.close().catch(() => undefined);
    await unlink(this.temporary).catch(ignoreMissing);
  }
}

/** Does it, in a folder that is made when it is missing. */
async function inFolder<T>(folder: string, act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (attempt > 1) await makeFolder(folder);
      return await act();
    } catch (error) {
      if (errorCodeOf(error) !== "ENOENT" || attempt === FOLDER_ATTEMPTS_MAX) throw error;
    }
  }
}

/** Makes a folder and those above it; each new name is synced into its parent (LOO2). */
async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true });
  if (firstMade === undefined) return;
  for (let made = folder; made.length >= firstMade.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** LOO4. A wrong guess (another container with the same host name) makes one write of that process fail, and be tried again. */
async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await unlessGone(readdir(folder), [])) {
    const [host, pid, mark] = name.split("~");
    if (host !== HOST || identityMark(Number(pid)) === mark) continue;
    await unlink(join(folder, name)).catch(ignoreMissing);
  }
}

/** null: there is no such process. */
function identityMark(pid: number): string | null {
  const identity = processIdentity(pid);
  return identity === null ? null : createHash("sha256").update(identity).digest("hex").slice(0, 12);
}

async function unlessGone<T, E>(promise: Promise<T>, otherwise: E): Promise<T | E> {
  try {
    return await promise;
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT" || errorCodeOf(error) === "ENOTDIR") return otherwise;
    throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (errorCodeOf(error) !== "ENOENT") throw error;
}
