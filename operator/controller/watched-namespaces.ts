/**
 * Owns: the watch caches of a term: one set for all namespaces, or one for each namespace that is listed.
 * Does not own: what a change leads to (wiring.ts). Called by: term.ts.
 *
 * WNS1 Namespaces do not wait for each other: one that cannot be read (a role that went with its team's namespace) holds up its own
 *      StreamJobs alone. Of one namespace nothing is looked at before every kind of it has been listed: half a picture is none.
 * WNS2 What is read or noted of an object goes to the caches of its namespace; for one that is not watched there is nothing.
 */
import type { Clock, Log, Random } from "../../base/index.ts";
import type { Kinds, KubernetesApi, ObjectKey } from "../kubernetes/api/index.ts";
import type { WatchCache } from "../kubernetes/machinery/index.ts";
import { type JobLinks, type ObjectReader, type WatchedKind, watchedKinds } from "../observe/index.ts";
import { type Caches, createCaches, wire } from "./wiring.ts";

/** One kind, over all namespaces that are watched. */
export interface WatchedObjects<K extends WatchedKind> extends ObjectReader<K> {
  list(): Kinds[K][];
  figures(): { readonly objects: number };
  noteWrite(object: Kinds[K]): void;
  noteDelete(key: ObjectKey, uid: string): void;
}

export type WatchedObjectsByKind = { readonly [K in WatchedKind]: WatchedObjects<K> };

export type WatchedNamespacesOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** null: all. At least one. */
  readonly namespaces: readonly string[] | null;
  readonly links: JobLinks;
  /** Called with the key of a StreamJob that is to be looked at, once its namespace is known as a whole. */
  readonly look: (key: string) => void;
};

type Part = {
  readonly namespace: string | null;
  readonly caches: Caches;
  /** Keys to look at when the first lists are in; null: they are. */
  waiting: Set<string> | null;
};

export class WatchedNamespaces {
  readonly objects: WatchedObjectsByKind;
  readonly #parts: readonly Part[];
  readonly #log: Log;
  readonly #look: (key: string) => void;

  constructor({ namespaces, links, look, ...options }: WatchedNamespacesOptions) {
    this.#log = options.log;
    this.#look = look;
    this.#parts = (namespaces ?? [null]).map((namespace) => {
      const part: Part = { namespace, caches: createCaches({ ...options, namespace }), waiting: new Set() };
      wire(part.caches, links, (key) => {
        if (part.waiting === null) look(key);
        else part.waiting.add(key);
      });
      return part;
    });
    const objects = watchedKinds.map((kind) => [kind, this.#objectsOf(kind)]);
    this.objects = Object.fromEntries(objects) as WatchedObjectsByKind;
  }

  /** Begins to watch; once. Resolves when every namespace is known. Errors: Unavailable when it is stopped before. */
  async start(): Promise<void> {
    await Promise.all(this.#parts.map((part) => this.#startPart(part)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.flatMap(({ caches }) => watchedKinds.map((kind) => caches[kind].stop())));
  }

  /** The kinds whose first list is missing, with their namespaces; for people. */
  missing(): string[] {
    return this.#parts.flatMap(({ namespace, caches }) =>
      watchedKinds
        .filter((kind) => !caches[kind].hasSynced)
        .map((kind) => (namespace === null ? kind : `${kind} in namespace ${namespace}`)),
    );
  }

  async #startPart(part: Part): Promise<void> {
    const synced = Promise.all(watchedKinds.map((kind) => part.caches[kind].whenSynced()));
    for (const kind of watchedKinds) part.caches[kind].start();
    await synced;
    const waiting = part.waiting ?? [];
    part.waiting = null;
    if (part.namespace !== null) this.#log.info({ namespace: part.namespace }, "the namespace is known; reconciling");
    for (const key of waiting) this.#look(key);
  }

  #objectsOf<K extends WatchedKind>(kind: K): WatchedObjects<K> {
    const all = this.#parts.map(({ namespace, caches }) => ({ namespace, cache: cacheOf(caches, kind) }));
    const only = all.length === 1 ? all[0] : undefined;
    if (only !== undefined && only.namespace === null) return only.cache;
    const byNamespace = new Map(all.map(({ namespace, cache }) => [namespace, cache]));
    return {
      list: () => all.flatMap(({ cache }) => cache.list()),
      figures: () => ({ objects: all.reduce((sum, { cache }) => sum + cache.figures().objects, 0) }),
      get: (key) => byNamespace.get(key.namespace)?.get(key) ?? null,
      byLabel: (namespace, label, value) => byNamespace.get(namespace)?.byLabel(namespace, label, value) ?? [],
      byOwner: (uid) => all.flatMap(({ cache }) => cache.byOwner(uid)),
      noteWrite: (object) => byNamespace.get(object.metadata.namespace)?.noteWrite(object),
      noteDelete: (key, uid) => byNamespace.get(key.namespace)?.noteDelete(key, uid),
    };
  }
}

/** A mapped type is not known to give the cache of its kind for a kind that is a parameter. */
function cacheOf<K extends WatchedKind>(caches: Caches, kind: K): WatchCache<K> {
  return caches[kind] as unknown as WatchCache<K>;
}
