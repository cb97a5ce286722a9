/**
 * Owns: the ObjectStore that lives in the memory of one process. For tests, and the `memory` state back end.
 * Not here: sharing; each process, but also each worker thread, has its own instances.
 *
 * MO1 Bodies are copied in and out: nobody changes a stored object through an array it kept.
 * MO2 `open` of one name gives one shared instance for the life of the thread.
 * MO3 As with other stores, `memory://a/b` is the folder `b` of `memory://a`.
 */
import { assert } from "../../base/index.ts";
import { assertKey, assertPrefix, compareKeys } from "./object-key.ts";
import type { ObjectInfo, ObjectStore, ObjectWriter } from "./object-store.ts";

const instances = new Map<string, MemoryObjectStore>();

export class MemoryObjectStore implements ObjectStore {
  readonly uri: string;
  #objects = new Map<string, Uint8Array>();
  /** Of the keys of all that is in this folder. */
  #prefix = "";

  /** A store of its own, which `openStore` does not find; use `open` for a shared one. */
  constructor(name: string) {
    this.uri = `memory://${name}`;
  }

  /** The shared instance of that name (letters, digits, `/`, `-`, `_`, `.`). */
  static open(name: string): MemoryObjectStore {
    const known = instances.get(name);
    if (known !== undefined) return known;
    const made = new MemoryObjectStore(name);
    const slash = name.indexOf("/");
    if (slash >= 0) {
      made.#objects = MemoryObjectStore.open(name.slice(0, slash)).#objects;
      made.#prefix = `${name.slice(slash + 1)}/`;
    }
    instances.set(name, made);
    return made;
  }

  async read(key: string): Promise<Uint8Array | null> {
    assertKey(key);
    return this.#objects.get(this.#prefix + key)?.slice() ?? null;
  }

  async stat(key: string): Promise<ObjectInfo | null> {
    assertKey(key);
    const body = this.#objects.get(this.#prefix + key);
    return body === undefined ? null : { key, length: body.length };
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    assertKey(key);
    this.#objects.set(this.#prefix + key, new Uint8Array(body));
  }

  async createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists"> {
    assertKey(key);
    if (this.#objects.has(this.#prefix + key)) return "exists";
    this.#objects.set(this.#prefix + key, new Uint8Array(body));
    return "created";
  }

  async openWriter(key: string): Promise<ObjectWriter> {
    assertKey(key);
    const pieces: Uint8Array[] = [];
    let open = true;
    return {
      write: async (piece) => {
        assert(open, `write to ${key} after it was closed`);
        pieces.push(new Uint8Array(piece));
      },
      close: async (finalKey = key) => {
        assert(open, `${key} is closed twice`);
        assertKey(finalKey);
        open = false;
        this.#objects.set(this.#prefix + finalKey, new Uint8Array(Buffer.concat(pieces)));
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
    const below = this.#prefix + prefix;
    for (const [name, body] of this.#objects)
      if (name.startsWith(below)) found.push({ key: name.slice(this.#prefix.length), length: body.length });
    return found.sort(compareKeys);
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    this.#objects.delete(this.#prefix + key);
  }

  async removeUnfinished(_prefix?: string, _isOver?: (key: string) => boolean): Promise<number> {
    return 0;
  }
}
