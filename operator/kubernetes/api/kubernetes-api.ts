/**
 * Owns: the port to a Kubernetes API server: what the operator asks of one, and nothing else of Kubernetes.
 * Implemented by: embedded (in memory), later a client of a real cluster. Both pass operator/kubernetes/conformance's test.
 * Called by: the watch cache, the elector, observe, apply, the CLI.
 *
 * KA1 Objects given and returned are plain values; nobody changes them afterwards (the in-memory server freezes them).
 * KA2 A write that fails with `Timeout` or `Unavailable` may have been done: read back before deciding.
 * KA3 `resourceVersion` is opaque: compared for equality, handed back, never computed with.
 * KA4 Every call ends when its signal does, with the signal's reason.
 */
import type { Kind, Kinds } from "./objects.ts";

export type ObjectKey = { readonly namespace: string; readonly name: string };

export type CallOptions = { readonly signal?: AbortSignal };

export type CreateOptions = CallOptions & {
  /** The object is checked as if it were created, and not created. */
  readonly isDryRun?: boolean;
};

export type PatchOptions = CallOptions & {
  /** The patch is of the status alone: whatever else is in it is ignored, but for the preconditions. */
  readonly subresource?: "status";
};

export type ListOptions = CallOptions & {
  /** null or absent: all namespaces. */
  readonly namespace?: string | null;
  /** All of these labels have these values. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Items per page; absent: all at once. */
  readonly limit?: number;
  /** `continue` of the page before. Error `Gone`: it has expired, begin anew. */
  readonly continue?: string;
};

export type ListPage<K extends Kind> = {
  readonly items: readonly Kinds[K][];
  /** Watch from here to miss nothing. */
  readonly resourceVersion: string;
  /** null: this was the last page. */
  readonly continue: string | null;
};

export type WatchEvent<K extends Kind> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Kinds[K] }
  /** Nothing changed up to here. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export type WatchOptions = {
  readonly namespace?: string | null;
  readonly labels?: Readonly<Record<string, string>>;
  /** Events after this one. */
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
};

/** Why a watch is over. `gone`: history no longer reaches back to its resourceVersion (410): list again. */
export type WatchEnd =
  | { readonly kind: "closed" }
  | { readonly kind: "gone"; readonly message: string }
  | { readonly kind: "failed"; readonly error: unknown };

export type DeleteOptions = CallOptions & {
  /** Deleted only if it is this very object; else `Conflict`. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Pods: 0 = the object goes at once, whatever its processes do. */
  readonly gracePeriodSeconds?: number;
  /** Default Background: what it owns is deleted after it. */
  readonly propagation?: "Background" | "Foreground" | "Orphan";
};

export type ApplyOptions = CallOptions & {
  /** Who owns the fields given. Fields owned before and no longer given are removed. */
  readonly fieldManager: string;
  /** Default true, as for controllers: take over fields that another manager owns; false: `Conflict` names them. */
  readonly force?: boolean;
};

/** What is given to `apply`: the fields that the manager wants to own. */
export type ApplyObject<K extends Kind> = Kinds[K];

export type LogOptions = CallOptions & {
  readonly container?: string;
  readonly tailLines?: number;
  readonly previous?: boolean;
};

/** Errors of every call: ApiError (api-error.ts). */
export interface KubernetesApi {
  /** null: there is none. */
  get<K extends Kind>(kind: K, key: ObjectKey, options?: CallOptions): Promise<Kinds[K] | null>;
  list<K extends Kind>(kind: K, options?: ListOptions): Promise<ListPage<K>>;
  /** Resolves when the watch is over, with why; events come in order, one at a time, until then. Never rejects. */
  watch<K extends Kind>(kind: K, options: WatchOptions, onEvent: (event: WatchEvent<K>) => void): Promise<WatchEnd>;
  /** Errors: AlreadyExists, Invalid. */
  create<K extends Kind>(kind: K, object: Kinds[K], options?: CreateOptions): Promise<Kinds[K]>;
  /** Replaces all but status. With a resourceVersion: `Conflict` when it is not the newest. Errors: NotFound, Conflict, Invalid. */
  update<K extends Kind>(kind: K, object: Kinds[K], options?: CallOptions): Promise<Kinds[K]>;
  /**
   * Replaces only status; on a real server also labels, annotations and finalizers of some kinds, pods among them. So: with the
   * resourceVersion of what was read, or by a patch. Errors as update.
   */
  updateStatus<K extends Kind>(kind: K, object: Kinds[K], options?: CallOptions): Promise<Kinds[K]>;
  /**
   * JSON merge patch (RFC 7396) of all but status, or of status alone; `resourceVersion` (Conflict) and `uid` (isOfOtherObject) in its
   * metadata are preconditions.
   */
  patch<K extends Kind>(kind: K, key: ObjectKey, patch: object, options?: PatchOptions): Promise<Kinds[K]>;
  /** Server-side apply: creates or changes. Errors: Conflict, Invalid. */
  apply<K extends Kind>(kind: K, object: ApplyObject<K>, options: ApplyOptions): Promise<Kinds[K]>;
  /** Resolves when the deletion is accepted: finalizers and grace may keep the object. Errors: NotFound, Conflict. */
  delete(kind: Kind, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  /** Text of a pod's container, newest last. Errors: NotFound. */
  logs(pod: ObjectKey, options?: LogOptions): Promise<string>;
}
