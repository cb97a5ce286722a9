/**
 * Owns: the port through which the API server remembers its objects beyond its process.
 * Implemented by: file-object-log.ts; absent, nothing is remembered.
 *
 * OL1 A write is in the log before its answer is given and before any watcher hears of it (write-ahead).
 * OL2 What `load` gives is every write that was answered, in order, and nothing that failed.
 */
import type { Kind } from "../../operator/kubernetes/api/index.ts";
import type { StoredObject } from "./json-value.ts";

/** One write. `object` is the object after it, or, of a deletion, the last of it. */
export type LoggedWrite = {
  readonly type: "put" | "delete";
  readonly kind: Kind;
  readonly object: StoredObject;
};

export type LoggedState = {
  /** The newest resourceVersion that was given out; 1 before the first. */
  readonly resourceVersion: number;
  readonly objects: readonly { readonly kind: Kind; readonly object: StoredObject }[];
};

export interface ObjectLog {
  /** Once, before the first append. Errors: StreamError when what is there cannot be read. */
  load(): Promise<LoggedState>;
  /** When it returns, the write survives the death of this process. Throws: then it is as if it had never been tried. */
  append(resourceVersion: number, write: LoggedWrite): void;
  /** After it nothing is appended. */
  close(): Promise<void>;
}
