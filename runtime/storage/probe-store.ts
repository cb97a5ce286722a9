/**
 * Owns: the check, made at start, that a store keeps the promise that fencing rests on (OBS1).
 */
import { type Random, StreamError } from "../../base/index.ts";
import type { ObjectStore } from "./object-store.ts";

/**
 * Creates one key twice: the second must be told `exists` and change nothing. Removes what it made.
 * Errors: STORE_UNSUITABLE (terminal); STORE_UNAVAILABLE or STORE_FULL when the store cannot be written at all.
 */
export async function probeStore(store: ObjectStore, random: Random): Promise<void> {
  const key = `probe/${random.hex(16)}`;
  const first = new TextEncoder().encode("first");
  try {
    const created = await store.createIfAbsent(key, first);
    const again = await store.createIfAbsent(key, new TextEncoder().encode("second"));
    const held = await store.read(key);
    if (created === "created" && again === "exists" && held !== null && Buffer.from(held).equals(first)) return;
    throw new StreamError(
      "STORE_UNSUITABLE",
      `${store.uri} does not keep conditional creation: creating one object twice answered ${created}, ${again} and left ` +
        `${held === null ? "nothing" : JSON.stringify(Buffer.from(held).toString())}; two JobManagers could both believe they lead. Use another store`,
      { destiny: "terminal" },
    );
  } finally {
    await store.delete(key);
  }
}
