/**
 * Owns: all objects as they are now, by kind and name, and the indexes over them: by uid, and by owner.
 * Does not own: rules, history, the log. Called by: LocalApiServer, GarbageCollector.
 *
 * OT1 A write costs what it changes: no index is built anew, and only a creation or a removal makes the order of a list stale.
 */
import type { Kind, ObjectKey } from "../../operator/kubernetes/api/index.ts";
import { isObject, listAt, type StoredObject, textAt } from "./json-value.ts";

/** Which object: its kind and key. */
export type Place = { readonly kind: Kind; readonly key: ObjectKey };

type OfKind = { readonly objects: Map<string, StoredObject>; order: readonly string[] | null };

export class ObjectTable {
  readonly #kinds = new Map<Kind, OfKind>();
  readonly #places = new Map<string, Place>();
  readonly #dependents = new Map<string, Map<string, Place>>();

  get(kind: Kind, key: ObjectKey): StoredObject | undefined {
    return this.#kinds.get(kind)?.objects.get(pathOf(key));
  }

  /** By namespace and name. */
  *ordered(kind: Kind): Iterable<StoredObject> {
    const ofKind = this.#kinds.get(kind);
    if (ofKind === undefined) return;
    ofKind.order ??= [...ofKind.objects.keys()].sort();
    for (const path of ofKind.order) {
      const object = ofKind.objects.get(path);
      if (object !== undefined) yield object;
    }
  }

  /** Those written longest ago first. */
  *eldest(kind: Kind): Iterable<StoredObject> {
    yield* this.#kinds.get(kind)?.objects.values() ?? [];
  }

  put(kind: Kind, object: StoredObject): void {
    const ofKind: OfKind = this.#kinds.get(kind) ?? { objects: new Map(), order: null };
    this.#kinds.set(kind, ofKind);
    const place = placeOf(kind, object);
    const path = pathOf(place.key);
    const previous = ofKind.objects.get(path);
    if (previous === undefined) {
      ofKind.order = null;
      this.#places.set(object.metadata.uid, place);
    } else {
      // Deleted first, so that `eldest` goes by the last write.
      ofKind.objects.delete(path);
    }
    ofKind.objects.set(path, object);
    this.#indexOwners(previous, object, place);
  }

  remove(kind: Kind, object: StoredObject): void {
    const ofKind = this.#kinds.get(kind);
    const place = placeOf(kind, object);
    if (ofKind === undefined || !ofKind.objects.delete(pathOf(place.key))) return;
    ofKind.order = null;
    this.#places.delete(object.metadata.uid);
    this.#indexOwners(object, undefined, place);
  }

  withUid(uid: string): Place | undefined {
    return this.#places.get(uid);
  }

  /** Objects that name this uid as an owner. */
  ownedBy(uid: string): readonly Place[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  *everything(): Iterable<{ readonly kind: Kind; readonly object: StoredObject }> {
    for (const [kind, { objects }] of this.#kinds) for (const object of objects.values()) yield { kind, object };
  }

  #indexOwners(previous: StoredObject | undefined, next: StoredObject | undefined, place: Place): void {
    if (previous?.metadata["ownerReferences"] === next?.metadata["ownerReferences"]) return;
    const path = `${place.kind}/${pathOf(place.key)}`;
    for (const uid of previous === undefined ? [] : ownerUids(previous)) {
      const ofOwner = this.#dependents.get(uid);
      ofOwner?.delete(path);
      if (ofOwner?.size === 0) this.#dependents.delete(uid);
    }
    for (const uid of next === undefined ? [] : ownerUids(next)) {
      const ofOwner = this.#dependents.get(uid) ?? new Map<string, Place>();
      this.#dependents.set(uid, ofOwner.set(path, place));
    }
  }
}

export function placeOf(kind: Kind, { metadata }: StoredObject): Place {
  return { kind, key: { namespace: metadata.namespace, name: metadata.name } };
}

export function ownerUids(object: StoredObject): string[] {
  return listAt(object.metadata, "ownerReferences").map((owner) => textAt(isObject(owner) ? owner : undefined, "uid"));
}

/** "/" is in no name. The order of a list is the order of these, as in etcd. */
function pathOf({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}
