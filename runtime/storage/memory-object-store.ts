/**
 * Owns: the ObjectStore that lives in the memory of one process. For tests, and the `memory` state back end.
 * Not here: sharing; each process, but also each worker thread, has its own instances.
 *
 * MO1 Bodies are copied in and out: nobody changes a stored object through an array it kept.
 * MO2 `open` of one name gives one shared instance for the life of the thread.
 */
import { assert } from "../../base/index.ts";
import { assertKey, assertPrefix, compareKeys } from "./object-key.ts";
import type { ObjectInfo, ObjectStore, ObjectWriter } from "./object-store.ts";

const instances = new Map<string, MemoryObjectStore>();

export class MemoryObjectStore implements ObjectStore {
  readonly uri: string;
  private readonly objects = new Map<string, Uint8Array>();

  /** A store of its own, which `openStore` does not find; use `open` for a shared one. */
  constructor(name: string) {
    this.uri = `memory://${name}`;
  }

  /** The shared instance of that name (letters, digits, `/`, `-`, `_`, `.`). */
  static open(name: string): MemoryObjectStore {
    const known = instances.get(name);
    if (known !== undefined) return known;
    const made = new MemoryObjectStore(name);
    instances.set(name, made);
    return made;
  }

  async read(key: string): Promise<Uint8Array | null> {
    assertKey(key);
    return this.objects.get(key)?.slice() ?? null;
  }

  async stat(key: string): Promise<ObjectInfo | null> {
    assertKey(key);
    const body = this.objects.get(key);
    return body === undefined ? null : { key, length: body.length };
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    assertKey(key);
    this.objects.set(key, Uint8Array.from(body));
  }

  async createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists"> {
    assertKey(key);
    if (this.objects.has(key)) return "exists";
    this.objects.set(key, Uint8Array.from(body));
    return "created";
  }

  async openWriter(key: string): Promise<ObjectWriter> {
    assertKey(key);
    const pieces: Uint8Array[] = [];
    let open = true;
    return {
      write: async (piece) => {
        assert(open, `write to ${key} after it was closed`);
        pieces.push(Uint8Array.from(piece));
      },
      close: async (finalKey = key) => {
        assert(open, `${key} is closed twice`);
        assertKey(finalKey);
        open = false;
        this.objects.set(finalKey, Uint8Array.from(Buffer.concat(pieces)));
        return finalKey;
      },
      abort: async () => {
        open = false;
        pieces.length = 0;
      },
    };
  }

  async list(prefix: string): Promise<readonly ObjectInfo[]> {
    assertPrefix(prefix);
    const found: ObjectInfo[] = [];
    for (const [key, body] of this.objects) if (key.startsWith(prefix)) found.push({ key, length: body.length });
    return found.sort(compareKeys);
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    this.objects.delete(key);
  }

  async removeUnfinished(_prefix?: string, _isOver?: (key: string) => boolean): Promise<number> {
    return 0;
  }
}
