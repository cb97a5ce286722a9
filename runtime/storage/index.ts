/**
 * Room `storage`: the ObjectStore port and its adapters.
 *
 *   const store = await openStore("file:///var/checkpoints/default/job")   // or a plain path, s3://bucket/prefix, memory://name
 *   const uri = childStoreUri(rootUri, "default", "word-count")            // a store inside another one's folder
 *   await probeStore(store, random)                                        // throws STORE_UNSUITABLE
 *   const bytes = await verifiedRead(store, fileRef)                       // throws CHECKPOINT_CORRUPT
 *   const files = new ContentFiles(store, "data/…")                        // state/SnapshotFiles; the folder: checkpoint's dataFolder()
 */
export { ContentFiles, type StoredFile } from "./content-files.ts";
export { LimitedObjectStore } from "./limited-object-store.ts";
export { LocalObjectStore } from "./local-object-store.ts";
export { MemoryObjectStore } from "./memory-object-store.ts";
export type { ObjectInfo, ObjectStore, ObjectWriter } from "./object-store.ts";
export { childStoreUri, openStore, storeUriOf } from "./open-store.ts";
export { probeStore } from "./probe-store.ts";
export { S3_DEFAULTS, type S3Settings, useS3Settings } from "./s3-settings.ts";
export { sha256Hex, verifiedRead } from "./verified-read.ts";
