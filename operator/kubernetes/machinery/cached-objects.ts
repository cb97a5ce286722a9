/**
 * Owns: what a watch cache holds: the objects of one kind, their indexes, and what of it is the cache's own write that the watch has
 * not confirmed yet. Plain data in, changes out: no clock, no API.
 * Not here: listing and watching (list-watch.ts), subscribers and timers (watch-cache.ts).
 *
 * The order problem. Two roads lead here: the watch, which brings every version of an object in order, and the answers to our own
 * writes, which overtake the watch or come after it. A resourceVersion cannot be compared (KA3), so neither says which is newer.
 * What decides instead:
 *
 * CO1 The watch brings each version once and in order. So while an own write is *pending* (shown, its own event not here yet), every
 *     event under its key is older than it and is held back; the event with the same uid and resourceVersion confirms it, and what
 *     comes after that is newer. An older event in flight can therefore not roll an own write back.
 * CO2 An answer that comes after its event is known by the versions that the watch brought (`watched`, the last 16 of an object), and
 *     an answer about an object that the watch saw deleted by the uids that went (`gone`): both are ignored.
 * CO3 A list that was asked for after an own write was noted contains it or something newer: it wins. One that was asked for before
 *     may lack it: the own write stays on top, and the watch that follows brings its event.
 * CO4 Two uids under one key are two objects: `deleted` and `added`, never `updated`.
 * CO5 A deletion is never undone: from `noteDelete` on, whatever shows that uid shows it with a deletionTimestamp. It is not removed,
 *     for a finalizer or a grace period may keep it: only the watch or a list says that it is gone.
 * CO6 A version that the watch brought before the present one, in an event or a list, proves that history went back (etcd restored) or
 *     that a server behind answered. The caller lists again; a list that says so twice in a row is believed.
 * CO7 What is held has no managedFields: nobody here reads them, and they are a large part of an object. An update without them leaves
 *     them as the API server has them. What else of a kind nobody reads is left out by `held`.
 *
 * What is left: an own write whose answer comes after a list that already had a still newer version, hides that until the pending write
 * is overdue (`overdue`) and the caller lists again. Writes built upon it fail by their resourceVersion, so nothing is overwritten.
 */
import { assert } from "../../../base/index.ts";
import { type Kind, type Kinds, managedFieldsOf, type ObjectKey, type WatchEvent } from "../api/index.ts";

/** What happened to one object. `old`: what was shown before, null for `added`. */
export type CacheChange<T> =
  | { readonly kind: "added"; readonly object: T; readonly old: null }
  | { readonly kind: "updated"; readonly object: T; readonly old: T }
  /** `object` is the last that was known of it. */
  | { readonly kind: "deleted"; readonly object: T; readonly old: T };

/** What an event did. `wentBack`: CO6; nothing was changed, list again. */
export type EventOutcome<T> =
  | { readonly kind: "changes"; readonly changes: readonly CacheChange<T>[] }
  | { readonly kind: "wentBack" };

export type CachedObjectsOptions<K extends Kind> = {
  /** Which objects belong here; null or absent: of all namespaces. */
  readonly namespace?: string | null;
  readonly labels?: Readonly<Record<string, string>>;
  /** Labels to look up by in constant time. */
  readonly indexLabels?: readonly string[];
  /** What of an object is kept (CO7): it must leave the metadata as it is. Default: all. */
  readonly held?: (object: Kinds[K]) => Kinds[K];
};

/** An own write or deletion that the watch has not brought yet. */
type Unconfirmed = { readonly note: number; readonly notedMs: number };

type Entry<T> = {
  readonly uid: string;
  object: T;
  /** Versions that the watch or a list brought, oldest first (CO2, CO6). */
  watched: string[];
  pending: Unconfirmed | null;
  /** Own deletion, with the time that is shown for it (CO5). */
  deletion: (Unconfirmed & { readonly stamp: string }) | null;
};

/** `byWatch`: the watch said so; else an own write did, and the watch still has older events of it. */
type Gone = { readonly byWatch: boolean; readonly note: number };

const WATCHED_MAX = 16;
/** More deleted uids than can have a write in flight. */
const GONE_MAX = 10_000;

const NOTHING = { kind: "changes", changes: [] } as const;

export class CachedObjects<K extends Kind> {
  readonly #options: CachedObjectsOptions<K>;
  readonly #entries = new Map<string, Entry<Kinds[K]>>();
  readonly #gone = new Map<string, Gone>();
  /** Index value → keys. */
  readonly #index = new Map<string, Set<string>>();
  /** Keys with something unconfirmed, in the order of their notes. */
  readonly #unconfirmed = new Map<string, number>();
  #notes = 0;

  constructor(options: CachedObjectsOptions<K> = {}) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: ObjectKey): Kinds[K] | null {
    return this.#entries.get(keyText(key))?.object ?? null;
  }

  *values(): IterableIterator<Kinds[K]> {
    for (const entry of this.#entries.values()) yield entry.object;
  }

  /** The objects of a namespace that carry this label with this value; the label must be one of `indexLabels`. */
  byLabel(namespace: string, label: string, value: string): Kinds[K][] {
    assert(this.#options.indexLabels?.includes(label), `the cache has no index of label ${label}`);
    return this.#indexed(labelIndex(namespace, label, value));
  }

  /** The objects that have an owner reference to this uid. */
  byOwner(uid: string): Kinds[K][] {
    return this.#indexed(ownerIndex(uid));
  }

  /** To be taken before a list is asked for, and given to `applyList` with its result (CO3). */
  mark(): number {
    return this.#notes;
  }

  /** Whether an own write or deletion was noted at or before this time and has not been confirmed. */
  overdue(notedBeforeMs: number): boolean {
    const first = this.oldestUnconfirmedMs();
    return first !== null && first <= notedBeforeMs;
  }

  oldestUnconfirmedMs(): number | null {
    for (const notedMs of this.#unconfirmed.values()) return notedMs;
    return null;
  }

  /** Whether a list shows what is known to be past (CO6). */
  showsThePast(items: readonly Kinds[K][], mark: number): boolean {
    const listed = new Set<string>();
    for (const object of items) {
      const key = keyText(object.metadata);
      listed.add(key);
      const { uid, resourceVersion } = identity(object);
      const gone = this.#gone.get(uid);
      // With a selector an object may come back after it went.
      if (gone !== undefined && gone.note <= mark && this.#options.labels === undefined) return true;
      const entry = this.#entries.get(key);
      if (entry === undefined || entry.uid !== uid || identity(entry.object).resourceVersion === resourceVersion)
        continue;
      if (entry.watched.includes(resourceVersion)) return true;
    }
    for (const [key, entry] of this.#entries) {
      if (entry.pending !== null && entry.pending.note <= mark && !listed.has(key)) return true;
    }
    return false;
  }

  /** Takes over a whole list; what vanished is `deleted`. `mark` is from before it was asked for. */
  applyList(items: readonly Kinds[K][], mark: number): CacheChange<Kinds[K]>[] {
    const changes: CacheChange<Kinds[K]>[] = [];
    const listed = new Set<string>();
    for (const object of items) {
      const gone = this.#gone.get(identity(object).uid);
      if (gone !== undefined && gone.note > mark) continue;
      this.#gone.delete(identity(object).uid);
      listed.add(keyText(object.metadata));
      this.#applyListed(object, mark, changes);
    }
    for (const [key, entry] of this.#entries) {
      if (listed.has(key) || (entry.pending !== null && entry.pending.note > mark)) continue;
      changes.push(this.#remove(key, entry, true));
    }
    // The watch that follows this list has none of their older events any more.
    for (const [uid, gone] of this.#gone) {
      if (!gone.byWatch && gone.note <= mark) this.#gone.set(uid, { byWatch: true, note: gone.note });
    }
    return changes;
  }

  /** Takes over an event of the watch. */
  applyEvent(event: Exclude<WatchEvent<K>, { type: "BOOKMARK" }>): EventOutcome<Kinds[K]> {
    if (event.type === "DELETED") return this.#applyDeleted(event.object);
    const { object } = event;
    const { uid, resourceVersion } = identity(object);
    const gone = this.#gone.get(uid);
    if (gone !== undefined) {
      if (!gone.byWatch) return NOTHING;
      if (this.#options.labels === undefined) return { kind: "wentBack" };
      this.#gone.delete(uid);
    }
    const key = keyText(object.metadata);
    const entry = this.#entries.get(key);
    if (entry === undefined) return changesOf(this.#add(key, object, [resourceVersion]));
    if (entry.uid !== uid) {
      if (entry.pending !== null) return NOTHING;
      return changesOf(this.#remove(key, entry, true), this.#add(key, object, [resourceVersion]));
    }
    const isShown = identity(entry.object).resourceVersion === resourceVersion;
    if (!isShown && entry.watched.includes(resourceVersion)) return { kind: "wentBack" };
    remember(entry, resourceVersion);
    if (isShown) this.#confirm(key, entry);
    if (entry.pending !== null) return NOTHING;
    return { kind: "changes", changes: this.#show(key, entry, object) };
  }

  /** Takes over the answer to an own write (CO1, CO2). Of several writes to one object: in their order. */
  noteWrite(object: Kinds[K], nowMs: number): CacheChange<Kinds[K]>[] {
    const { uid, resourceVersion } = identity(object);
    const { namespace = null, labels = {} } = this.#options;
    if (this.#gone.has(uid) || (namespace !== null && object.metadata.namespace !== namespace)) return [];
    const key = keyText(object.metadata);
    const entry = this.#entries.get(key);
    const isKnown = entry?.uid === uid;
    if (isKnown && identity(entry.object).resourceVersion === resourceVersion) return [];
    if (isKnown && entry.watched.includes(resourceVersion)) return [];
    this.#notes += 1;
    if (!hasLabels(object, labels)) return isKnown ? [this.#remove(key, entry, false)] : [];
    const changes: CacheChange<Kinds[K]>[] = [];
    if (entry !== undefined && !isKnown) changes.push(this.#remove(key, entry, false));
    if (isKnown) changes.push(...this.#show(key, entry, object));
    else changes.push(this.#add(key, object, []));
    const shown = this.#entries.get(key) as Entry<Kinds[K]>;
    shown.pending = { note: this.#notes, notedMs: nowMs };
    this.#awaitConfirmation(key, nowMs);
    return changes;
  }

  /** Takes over that a deletion was accepted (CO5). `stamp`: shown as its deletionTimestamp. */
  noteDelete(key: ObjectKey, uid: string, nowMs: number, stamp: string): CacheChange<Kinds[K]>[] {
    const text = keyText(key);
    const entry = this.#entries.get(text);
    if (entry === undefined || entry.uid !== uid || entry.object.metadata.deletionTimestamp !== undefined) return [];
    this.#notes += 1;
    entry.deletion = { note: this.#notes, notedMs: nowMs, stamp };
    this.#awaitConfirmation(text, nowMs);
    return this.#show(text, entry, entry.object);
  }

  #applyListed(object: Kinds[K], mark: number, changes: CacheChange<Kinds[K]>[]): void {
    const { uid, resourceVersion } = identity(object);
    const key = keyText(object.metadata);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      changes.push(this.#add(key, object, [resourceVersion]));
      return;
    }
    const isNewer = entry.pending !== null && entry.pending.note > mark;
    if (entry.uid !== uid) {
      if (isNewer) return;
      changes.push(this.#remove(key, entry, true), this.#add(key, object, [resourceVersion]));
      return;
    }
    const isShown = identity(entry.object).resourceVersion === resourceVersion;
    // A list that was believed though it went back begins a new history.
    if (!isShown && !isNewer && entry.watched.includes(resourceVersion)) entry.watched = [];
    remember(entry, resourceVersion);
    if (isNewer && !isShown) return;
    if (entry.deletion !== null && entry.deletion.note <= mark) entry.deletion = null;
    this.#confirm(key, entry);
    changes.push(...this.#show(key, entry, object));
  }

  #applyDeleted(object: Kinds[K]): EventOutcome<Kinds[K]> {
    const { uid } = identity(object);
    const key = keyText(object.metadata);
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.uid !== uid) {
      this.#bury(uid, true);
      return NOTHING;
    }
    // An object that only left the selection may have been brought back by the pending write; without one, deleted is for good.
    if (entry.pending !== null && this.#options.labels !== undefined) return NOTHING;
    return changesOf(this.#remove(key, entry, true));
  }

  #add(key: string, version: Kinds[K], watched: string[]): CacheChange<Kinds[K]> {
    const object = this.#held(version);
    this.#entries.set(key, { uid: identity(object).uid, object, watched, pending: null, deletion: null });
    this.#setIndex(key, object, true);
    return { kind: "added", object, old: null };
  }

  /** Puts a version of the same object in place. No change when it is what is shown already. */
  #show(key: string, entry: Entry<Kinds[K]>, version: Kinds[K]): CacheChange<Kinds[K]>[] {
    const old = entry.object;
    let object = this.#held(version);
    if (version.metadata.deletionTimestamp !== undefined) {
      if (entry.deletion !== null) {
        entry.deletion = null;
        this.#confirm(key, entry);
      }
    } else if (entry.deletion !== null) {
      const metadata = { ...object.metadata, deletionTimestamp: entry.deletion.stamp };
      object = { ...object, metadata };
    }
    const isSame =
      identity(old).resourceVersion === identity(object).resourceVersion &&
      old.metadata.deletionTimestamp === object.metadata.deletionTimestamp;
    if (isSame) return [];
    this.#setIndex(key, old, false);
    entry.object = object;
    this.#setIndex(key, object, true);
    return [{ kind: "updated", object, old }];
  }

  #remove(key: string, entry: Entry<Kinds[K]>, byWatch: boolean): CacheChange<Kinds[K]> {
    this.#entries.delete(key);
    this.#unconfirmed.delete(key);
    this.#setIndex(key, entry.object, false);
    this.#bury(entry.uid, byWatch);
    return { kind: "deleted", object: entry.object, old: entry.object };
  }

  #bury(uid: string, byWatch: boolean): void {
    this.#gone.delete(uid);
    this.#gone.set(uid, { byWatch, note: byWatch ? 0 : this.#notes });
    if (this.#gone.size <= GONE_MAX) return;
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest);
      return;
    }
  }

  /** The time of the first unconfirmed note of a key counts: writing on must not hide a watch that is deaf. */
  #awaitConfirmation(key: string, notedMs: number): void {
    if (!this.#unconfirmed.has(key)) this.#unconfirmed.set(key, notedMs);
  }

  /** The watch or a list has brought what is shown. */
  #confirm(key: string, entry: Entry<Kinds[K]>): void {
    entry.pending = null;
    if (entry.deletion === null) this.#unconfirmed.delete(key);
  }

  #held(version: Kinds[K]): Kinds[K] {
    const object = withoutManagedFields(version);
    return this.#options.held?.(object) ?? object;
  }

  #indexed(index: string): Kinds[K][] {
    const keys = this.#index.get(index);
    if (keys === undefined) return [];
    return [...keys].map((key) => (this.#entries.get(key) as Entry<Kinds[K]>).object);
  }

  #setIndex(key: string, object: Kinds[K], isIn: boolean): void {
    const { namespace, labels = {}, ownerReferences = [] } = object.metadata;
    const indexes = ownerReferences.map((owner) => ownerIndex(owner.uid));
    for (const label of this.#options.indexLabels ?? []) {
      const value = labels[label];
      if (value !== undefined) indexes.push(labelIndex(namespace, label, value));
    }
    for (const index of indexes) {
      const keys = this.#index.get(index) ?? new Set();
      if (isIn) keys.add(key);
      else keys.delete(key);
      if (keys.size === 0) this.#index.delete(index);
      else this.#index.set(index, keys);
    }
  }
}

function identity(object: Kinds[Kind]): { uid: string; resourceVersion: string } {
  const { uid, resourceVersion, namespace, name } = object.metadata;
  assert(
    uid !== undefined && resourceVersion !== undefined,
    `${object.kind} ${namespace}/${name} has no uid or resourceVersion: it is not from an API server`,
  );
  return { uid, resourceVersion };
}

/** CO7 */
function withoutManagedFields<T extends Kinds[Kind]>(object: T): T {
  if (managedFieldsOf(object).length === 0) return object;
  const { managedFields: _, ...metadata } = object.metadata as T["metadata"] & { readonly managedFields?: unknown };
  return { ...object, metadata };
}

function remember(entry: { watched: string[] }, resourceVersion: string): void {
  if (entry.watched.includes(resourceVersion)) return;
  entry.watched.push(resourceVersion);
  if (entry.watched.length > WATCHED_MAX) entry.watched.shift();
}

function hasLabels(object: Kinds[Kind], wanted: Readonly<Record<string, string>>): boolean {
  const labels = object.metadata.labels ?? {};
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}

function changesOf<T>(...changes: CacheChange<T>[]): EventOutcome<T> {
  return { kind: "changes", changes };
}

// Neither names, namespaces, labels nor uids contain a space.
const keyText = (key: ObjectKey): string => `${key.namespace} ${key.name}`;
const labelIndex = (namespace: string, label: string, value: string): string => `${namespace} ${label} ${value}`;
const ownerIndex = (uid: string): string => `owner ${uid}`;
