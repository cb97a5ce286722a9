/**
 * Owns: deletion of what nobody owns any more, as Kubernetes' garbage collector does it.
 * Does not own: deleting itself. Called by: LocalApiServer, after each write.
 *
 * GC1 A dependent goes when none of its owners exists; while one does, it only loses the references to those that are gone.
 *     An owner is its uid: another object of the same name is none.
 * GC2 Foreground: the dependents are deleted first; the owner goes when those with blockOwnerDeletion are gone.
 * GC3 Orphan: the dependents lose the reference, then the owner goes.
 * GC4 Nothing happens inside the write that caused it: collection runs in a later turn, and again after a restart.
 * GC5 Owners of a kind that is not served here are taken as existing: what cannot be looked up is not gone.
 */
import { type Log, onNextTurn } from "../../base/index.ts";
import { isApiError, type Kind, resources } from "../../operator/kubernetes/api/index.ts";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from "./deletion.ts";
import { isObject, type JsonObject, listAt, type StoredMetadata, type StoredObject, textAt } from "./json-value.ts";
import { type ObjectTable, ownerUids, type Place, placeOf } from "./object-table.ts";

/** What the collector asks of the server. */
export type CollectorActions = {
  deleteObject(place: Place, uid: string, propagation: "Background" | "Foreground"): void;
  /** Writes metadata past all checks; removes an object that had only waited for it. */
  writeMetadata(place: Place, metadata: StoredMetadata): void;
};

/** Objects looked at before others have their turn. */
const OBJECTS_PER_TURN = 200;

export class GarbageCollector {
  readonly #table: ObjectTable;
  readonly #actions: CollectorActions;
  readonly #log: Log;
  readonly #suspects = new Map<string, Place>();
  #isScheduled = false;
  #isClosed = false;
  #idle: (() => void)[] = [];

  constructor(table: ObjectTable, actions: CollectorActions, log: Log) {
    this.#table = table;
    this.#actions = actions;
    this.#log = log;
  }

  /** Looks at everything: after a restart. */
  checkAll(): void {
    for (const { kind, object } of this.#table.everything()) this.afterWrite(kind, object);
  }

  /** An object was created or changed. */
  afterWrite(kind: Kind, object: StoredObject): void {
    const finalizers = listAt(object.metadata, "finalizers");
    const isCollectors = finalizers.includes(FOREGROUND_FINALIZER) || finalizers.includes(ORPHAN_FINALIZER);
    const isWaiting = object.metadata["deletionTimestamp"] !== undefined && isCollectors;
    const isOrphan = ownersOf(object).some((owner) => !this.#exists(owner, object));
    if (isWaiting || isOrphan) this.#suspect(placeOf(kind, object));
  }

  /** An object is gone. */
  afterRemoval(object: StoredObject): void {
    for (const place of this.#table.ownedBy(object.metadata.uid)) this.#suspect(place);
    for (const uid of ownerUids(object)) {
      const owner = this.#table.withUid(uid);
      const found = owner && this.#table.get(owner.kind, owner.key);
      if (owner !== undefined && found?.metadata["deletionTimestamp"] !== undefined) this.#suspect(owner);
    }
  }

  /** Resolves when there is nothing to collect. */
  settled(): Promise<void> {
    if (this.#suspects.size === 0 && !this.#isScheduled) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#suspects.clear();
    this.#tellIdle();
  }

  #suspect(place: Place): void {
    if (this.#isClosed) return;
    this.#suspects.set(`${place.kind}/${place.key.namespace}/${place.key.name}`, place);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    onNextTurn(() => {
      this.#isScheduled = false;
      this.#collect();
    });
  }

  #collect(): void {
    const batch = [...this.#suspects].slice(0, OBJECTS_PER_TURN);
    for (const [path, place] of batch) {
      this.#suspects.delete(path);
      try {
        this.#examine(place);
      } catch (error) {
        // The object changed under us, or the log cannot be written: the next write of it, or the next start, looks again.
        if (!isApiError(error, "NotFound", "Conflict")) {
          this.#log.error({ ...place, err: error }, "an object could not be garbage collected");
        }
      }
    }
    if (this.#suspects.size > 0) this.#schedule();
    else this.#tellIdle();
  }

  #tellIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  #examine(place: Place): void {
    const object = this.#table.get(place.kind, place.key);
    if (object === undefined) return;
    const isBeingDeleted = object.metadata["deletionTimestamp"] !== undefined;
    const finalizers = listAt(object.metadata, "finalizers");
    if (isBeingDeleted && finalizers.includes(ORPHAN_FINALIZER)) this.#orphan(place, object);
    else if (isBeingDeleted && finalizers.includes(FOREGROUND_FINALIZER)) this.#deleteForeground(place, object);
    else this.#dropIfUnowned(place, object);
  }

  #dropIfUnowned(place: Place, object: StoredObject): void {
    const owners = ownersOf(object);
    const remaining = owners.filter((owner) => this.#exists(owner, object));
    if (remaining.length === owners.length) return;
    if (remaining.length > 0) {
      this.#actions.writeMetadata(place, { ...object.metadata, ownerReferences: remaining });
    } else if (object.metadata["deletionTimestamp"] === undefined) {
      this.#actions.deleteObject(place, object.metadata.uid, "Background");
    }
  }

  #deleteForeground(place: Place, owner: StoredObject): void {
    const { uid } = owner.metadata;
    let isBlocked = false;
    for (const dependent of this.#table.ownedBy(uid)) {
      const object = this.#table.get(dependent.kind, dependent.key);
      if (object === undefined) continue;
      isBlocked ||= ownersOf(object).some((each) => each["uid"] === uid && each["blockOwnerDeletion"] === true);
      if (object.metadata["deletionTimestamp"] !== undefined) continue;
      const hasOwn = this.#table.ownedBy(object.metadata.uid).length > 0;
      this.#actions.deleteObject(dependent, object.metadata.uid, hasOwn ? "Foreground" : "Background");
      // Gone at once: it blocks nobody, and `afterRemoval` looks at the owner again.
    }
    if (!isBlocked) this.#removeFinalizer(place, FOREGROUND_FINALIZER);
  }

  #orphan(place: Place, owner: StoredObject): void {
    for (const dependent of this.#table.ownedBy(owner.metadata.uid)) {
      const object = this.#table.get(dependent.kind, dependent.key);
      if (object === undefined) continue;
      const ownerReferences = ownersOf(object).filter((each) => each["uid"] !== owner.metadata.uid);
      this.#actions.writeMetadata(dependent, { ...object.metadata, ownerReferences });
    }
    this.#removeFinalizer(place, ORPHAN_FINALIZER);
  }

  #removeFinalizer(place: Place, name: string): void {
    const object = this.#table.get(place.kind, place.key);
    if (object === undefined) return;
    const finalizers = listAt(object.metadata, "finalizers").filter((each) => each !== name);
    this.#actions.writeMetadata(place, { ...object.metadata, finalizers });
  }

  #exists(owner: JsonObject, dependent: StoredObject): boolean {
    const apiVersion = textAt(owner, "apiVersion");
    const kind = textAt(owner, "kind");
    const isServed = Object.entries(resources).some(
      ([name, resource]) => name === kind && groupPart(resource.apiVersion) === groupPart(apiVersion),
    );
    if (!isServed) return true;
    const place = this.#table.withUid(textAt(owner, "uid"));
    return place?.kind === kind && place.key.namespace === dependent.metadata.namespace;
  }
}

function groupPart(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

function ownersOf(object: StoredObject): JsonObject[] {
  return listAt(object.metadata, "ownerReferences").filter(isObject);
}
