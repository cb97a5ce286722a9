/**
 * Owns: how a version of an object becomes the next one: what the server writes itself, what it keeps, what it refuses.
 * Does not own: storing it, telling watchers (LocalApiServer). Pure but for time and randomness.
 *
 * OBW1 uid, creationTimestamp, generation, deletion marks and managedFields are the server's: what a caller says of them is ignored.
 * OBW2 A write of the object leaves its status, a write of the status leaves all else (kinds with that subresource).
 * OBW3 Generation rises when the spec changes and when deletion begins, and not otherwise.
 * OBW4 A write that changes nothing gives back the very version before: no new resourceVersion, no event.
 */
import type { Clock, Random } from "../../base/index.ts";
import { ApiError, type Kind, type ObjectKey, resources } from "../../operator/kubernetes/api/index.ts";
import type { Admission } from "./admission.ts";
import { timestamp } from "./deletion.ts";
import {
  frozenCopy,
  isEqual,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  type StoredObject,
  textAt,
  without,
} from "./json-value.ts";
import { firstStatus } from "./kind-defaults.ts";
import { kindRules, malformedMicroTime } from "./kind-rules.ts";
import { recordUpdate, type Writer } from "./managed-fields.ts";
import { field, refusal } from "./refusals.ts";

/** Metadata that a caller may write. */
const writable = ["labels", "annotations", "finalizers", "ownerReferences"];
/** Metadata that only the server writes, kept from version to version. */
const kept = [
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
];

export type WriterOptions = { readonly admission: Admission; readonly clock: Clock; readonly random: Random };

/** A proposal for the next version. */
export type Proposal = {
  readonly kind: Kind;
  readonly object: JsonObject;
  readonly writer: Writer;
  /** The managed fields to store, when apply has found them; absent: they are recorded as of an update. */
  readonly managedFields?: readonly Json[];
  /** The object was made from the present one by a patch: another uid in it is a change of the uid, not a precondition. */
  readonly isPatched?: boolean;
};

export class ObjectWriter {
  readonly #admission: Admission;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor({ admission, clock, random }: WriterOptions) {
    this.#admission = admission;
    this.#clock = clock;
    this.#random = random;
  }

  /** A new object, still without resourceVersion. Errors: BadRequest, Invalid. */
  created({ kind, object, writer, managedFields }: Proposal, key: ObjectKey): JsonObject {
    assertReadable(kind, object);
    if (textAt(objectAt(object, "metadata"), "resourceVersion") !== "") {
      throw new ApiError("BadRequest", "resourceVersion should not be set on objects to be created");
    }
    const rules = kindRules[kind];
    const metadata: JsonObject = {
      ...writableMetadata(object),
      ...key,
      uid: this.#uid(),
      creationTimestamp: timestamp(this.#clock.nowMs()),
      ...(rules.generation === "none" ? {} : { generation: 1 }),
    };
    const status = firstStatus[kind];
    const body = rules.hasStatus
      ? { ...without(object, "status"), ...(status === undefined ? {} : { status }) }
      : object;
    const complete = this.#complete(kind, { ...body, metadata });
    this.#assertSound(kind, key.name, complete, undefined);
    const entries =
      managedFields ?? recordUpdate(undefined, withoutStatus(kind, complete), writer, this.#shape(kind), this.#time());
    return withManagedFields(complete, entries);
  }

  /** The next version of an object, with the resourceVersion of the one before; OBW4. Errors: BadRequest, Conflict, Invalid. */
  changed(previous: StoredObject, { kind, object, writer, managedFields, isPatched = false }: Proposal): StoredObject {
    assertReadable(kind, object);
    assertSameObject(kind, previous, object, isPatched);
    const body = this.#bodyOf(kind, previous, object, writer);
    const complete = frozenCopy(this.#complete(kind, body), previous) as StoredObject;
    this.#assertSound(kind, previous.metadata.name, complete, previous);
    const entries = managedFields ?? recordUpdate(previous, complete, writer, this.#shape(kind), this.#time());
    const generation = this.#generationAfter(kind, previous, complete);
    const next = withManagedFields({ ...complete, metadata: { ...complete.metadata, ...generation } }, entries);
    return frozenCopy(next, previous) as StoredObject;
  }

  #bodyOf(kind: Kind, previous: StoredObject, object: JsonObject, writer: Writer): JsonObject {
    const { status: statusBefore } = previous;
    if (writer.subresource === "status")
      return { ...without(previous, "status"), ...member("status", object["status"]) };
    const metadata = {
      ...writableMetadata(object),
      name: previous.metadata.name,
      namespace: previous.metadata.namespace,
      ...Object.fromEntries(kept.flatMap((key) => Object.entries(member(key, previous.metadata[key])))),
      ...member("managedFields", previous.metadata["managedFields"]),
    };
    const body = kindRules[kind].hasStatus
      ? { ...without(object, "status"), ...member("status", statusBefore) }
      : object;
    return { ...body, metadata };
  }

  #complete(kind: Kind, object: JsonObject): JsonObject {
    return { ...this.#admission.complete(kind, object), apiVersion: resources[kind].apiVersion, kind };
  }

  #assertSound(kind: Kind, name: string, object: JsonObject, previous: StoredObject | undefined): void {
    const problems = this.#admission.problems(kind, object, previous);
    if (problems.length > 0) throw refusal.invalid(kind, name, problems);
  }

  #generationAfter(kind: Kind, previous: StoredObject, next: StoredObject): JsonObject {
    const { generation } = kindRules[kind];
    const before = previous.metadata["generation"];
    if (generation === "none" || typeof before !== "number") return {};
    const bodyOf = (object: StoredObject): JsonObject =>
      generation === "spec" ? objectAt(object, "spec") : without(object, "metadata", "status");
    return { generation: isEqual(bodyOf(previous), bodyOf(next)) ? before : before + 1 };
  }

  #shape(kind: Kind): ReturnType<Admission["shape"]> {
    return this.#admission.shape(kind);
  }

  #time(): string {
    return timestamp(this.#clock.nowMs());
  }

  /** A random UUID (version 4). */
  #uid(): string {
    const hex = this.#random.hex(16);
    const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

/** The metadata that a caller may write; what is empty is absent, as in Kubernetes' own JSON. */
export function writableMetadata(object: JsonObject): JsonObject {
  const metadata = objectAt(object, "metadata");
  return Object.fromEntries(
    writable.flatMap((key) => {
      const value = metadata[key];
      const isEmpty = value === undefined || value === null || Object.keys(value).length === 0;
      return isEmpty ? [] : [[key, value] as const];
    }),
  );
}

export function withManagedFields(object: JsonObject, entries: readonly Json[]): JsonObject {
  const metadata = without(objectAt(object, "metadata"), "managedFields");
  return { ...object, metadata: { ...metadata, ...(entries.length === 0 ? {} : { managedFields: entries }) } };
}

/** Whether a body can be read as an object of this kind at all. */
function assertReadable(kind: Kind, object: JsonObject): void {
  const { apiVersion } = resources[kind];
  if (object["apiVersion"] !== apiVersion || object["kind"] !== kind) {
    const given = `${JSON.stringify(object["apiVersion"] ?? null)}, Kind=${JSON.stringify(object["kind"] ?? null)}`;
    throw new ApiError(
      "BadRequest",
      `the object provided is ${given}, but apiVersion "${apiVersion}", Kind="${kind}" is served here`,
    );
  }
  if (!isObject(object["metadata"]))
    throw new ApiError("BadRequest", `${kind} in version "${apiVersion}" has no metadata`);
  const problem = malformedMicroTime(kind, object);
  if (problem !== null)
    throw new ApiError("BadRequest", `${kind} in version "${apiVersion}" cannot be handled: ${problem}`);
}

function assertSameObject(kind: Kind, previous: StoredObject, object: JsonObject, isPatched: boolean): void {
  const { name, namespace, uid, resourceVersion } = previous.metadata;
  const metadata = objectAt(object, "metadata");
  const givenName = textAt(metadata, "name");
  if (givenName !== name) {
    throw new ApiError(
      "BadRequest",
      `the name of the object (${givenName}) does not match the name on the URL (${name})`,
    );
  }
  const givenNamespace = textAt(metadata, "namespace");
  if (givenNamespace !== "" && givenNamespace !== namespace) {
    throw new ApiError(
      "BadRequest",
      `the namespace of the provided object does not match the namespace sent on the request (${givenNamespace}, ${namespace})`,
    );
  }
  const given = textAt(metadata, "resourceVersion");
  if (given !== "" && given !== resourceVersion) throw refusal.stale(kind, name);
  const givenUid = textAt(metadata, "uid");
  if (givenUid === "" || givenUid === uid) return;
  throw isPatched
    ? refusal.invalid(kind, name, [field.invalid("metadata.uid", givenUid, "field is immutable")])
    : refusal.precondition(kind, name, "UID", givenUid, uid);
}

function withoutStatus(kind: Kind, object: JsonObject): JsonObject {
  return kindRules[kind].hasStatus ? without(object, "status") : object;
}

function member(key: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [key]: value };
}
