/**
 * Owns: what this room needs of the watch caches: to look at what is there, and to put its own writes in (read-your-own-writes).
 */
import type { Kind, Kinds, ObjectKey } from "../kubernetes/api/index.ts";

/** Kinds that apply writes. */
export type WrittenKind = Exclude<Kind, "Event" | "Lease" | "Secret">;

export interface WrittenCache<K extends Kind> {
  get(key: ObjectKey): Kinds[K] | null;
  noteWrite(object: Kinds[K]): void;
  noteDelete(key: ObjectKey, uid: string): void;
}

export type WrittenCaches = { readonly [K in WrittenKind]: WrittenCache<K> };
