/**
 * Owns: reading what a checkpoint refers to: whole, and only if it is what was written (HAN1 of checkpoint/handles.ts).
 */
import { createHash } from "node:crypto";
import { StreamError } from "../../base/index.ts";
import type { ObjectStore } from "./object-store.ts";

export type ExpectedFile = { readonly key: string; readonly sha256: string; readonly length: number };

/** 64 lower-case hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The bytes of a file, verified. Errors: CHECKPOINT_CORRUPT naming the file and what differs; STORE_UNAVAILABLE. Terminal is what differs;
 * a file that this process does not find may be there for others (SIQ1 of jobmanager/leading/state-inquiry.ts).
 */
export async function verifiedRead(store: ObjectStore, file: ExpectedFile): Promise<Uint8Array> {
  const bytes = await store.read(file.key);
  if (bytes === null) throw corrupt(store, file, "is missing", "retry");
  if (bytes.length < file.length)
    throw corrupt(store, file, `is truncated: ${bytes.length} of ${file.length} bytes are there`);
  if (bytes.length > file.length)
    throw corrupt(store, file, `was changed: it has ${bytes.length} bytes instead of ${file.length}`);
  const actual = sha256Hex(bytes);
  if (actual !== file.sha256)
    throw corrupt(store, file, `was changed: its sha256 is ${actual} instead of ${file.sha256}`);
  return bytes;
}

function corrupt(
  store: ObjectStore,
  file: ExpectedFile,
  what: string,
  destiny: "retry" | "terminal" = "terminal",
): StreamError {
  const text = `the state file ${store.uri}/${file.key} ${what}; restore from another checkpoint or savepoint`;
  return new StreamError("CHECKPOINT_CORRUPT", text, { destiny });
}
