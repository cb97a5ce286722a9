/**
 * Owns: an API server in memory: the port KubernetesApi with Kubernetes' semantics, for the embedded control plane and for tests.
 * Does not own: processes (kubelet), the network (http-server.ts), files (file-object-log.ts).
 * Called by: the CLI's control plane, the kubelet and its controllers, tests.
 *
 * LAS1 Each write happens within one turn: optimistic locking has nothing to race with, and all see writes in one order.
 * LAS2 One counter of resourceVersions for all kinds; each write takes the next one, a write that changes nothing takes none.
 * LAS3 A write is in the log (if there is one) before anybody sees it; when it cannot be logged it has not happened.
 * LAS4 What is given out is frozen; it never changes (KA1).
 * Semantics: object-writer.ts, admission.ts, deletion.ts, garbage-collector.ts, managed-fields.ts, watch-hub.ts, list-pages.ts.
 * Not done: namespaces as objects (every name is one), generateName, admission webhooks, quotas, RBAC, other kinds.
 */
import { assert, type Clock, type Log, type Random, silentLog, toErrorInfo } from "../../base/index.ts";
import {
  ApiError,
  type ApplyObject,
  type ApplyOptions,
  type CallOptions,
  type CreateOptions,
  type DeleteOptions,
  type Kind,
  type Kinds,
  type KubernetesApi,
  type ListOptions,
  type ListPage,
  type LogOptions,
  type ObjectKey,
  type PatchOptions,
  type Pod,
  type WatchEnd,
  type WatchEvent,
  type WatchOptions,
} from "../../operator/kubernetes/api/index.ts";
import { Admission } from "./admission.ts";
import { decideDeletion, isDone, timestamp } from "./deletion.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import {
  frozenCopy,
  isObject,
  type JsonObject,
  type StoredMetadata,
  type StoredObject,
  textAt,
  without,
} from "./json-value.ts";
import { kindRules } from "./kind-rules.ts";
import { ListPages } from "./list-pages.ts";
import { applyFields, lastWriteOf, type Writer } from "./managed-fields.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ObjectLog } from "./object-log.ts";
import { ObjectTable, type Place } from "./object-table.ts";
import { ObjectWriter, type Proposal } from "./object-writer.ts";
import { field, refusal } from "./refusals.ts";
import { isSelected, type Selection } from "./selection.ts";
import { type Change, WatchHub } from "./watch-hub.ts";

/** Text of a pod's container; the kubelet has it. */
export type PodLogs = (pod: Pod, options: LogOptions) => Promise<string>;

export type LocalApiServerOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  /** Absent: the objects end with the process. The server closes it. */
  readonly objectLog?: ObjectLog;
  /** Changes of each kind that a watch can resume over. Default 2000. */
  readonly historyMax?: number;
  /** Events that may wait for one watcher, before it is cut. Default 10 000. */
  readonly watchBacklogMax?: number;
  /** Default 10 s. */
  readonly bookmarkIntervalMs?: number;
  /** Who creates, updates and patches, for managedFields, unless `as` says so. Default "streamjob". */
  readonly fieldManager?: string;
  /** False: as a server whose CRDs have no rules (CEL); what those would refuse gets in. For tests of what must hold then. Default true. */
  readonly withRules?: boolean;
};

const GARBAGE_COLLECTOR = "garbage-collector";
/** Kubernetes keeps events for an hour after their last write: a series that goes on is not forgotten. */
const EVENT_AGE_MAX_MS = 3_600_000;

/** Starts a server with what its log holds. Errors: StreamError when the log cannot be read. */
export async function openLocalApiServer(options: LocalApiServerOptions): Promise<LocalApiServer> {
  const state = await options.objectLog?.load();
  // Not 0: that one means "from the beginning" to a watch.
  return new LocalApiServer(options, state ?? { resourceVersion: 1, objects: [] });
}

export class LocalApiServer implements KubernetesApi {
  readonly #clock: Clock;
  readonly #objectLog: ObjectLog | undefined;
  readonly #table = new ObjectTable();
  readonly #admission: Admission;
  readonly #writer: ObjectWriter;
  readonly #hub: WatchHub;
  readonly #pages: ListPages;
  readonly #collector: GarbageCollector;
  readonly #own: KubernetesApi;
  #resourceVersion: number;
  #podLogs: PodLogs | null = null;
  #isClosed = false;

  /** By openLocalApiServer. */
  constructor(options: LocalApiServerOptions, state: Awaited<ReturnType<ObjectLog["load"]>>) {
    const { clock, random, objectLog, log = silentLog, historyMax = 2000, watchBacklogMax = 10_000 } = options;
    this.#clock = clock;
    this.#objectLog = objectLog;
    this.#resourceVersion = state.resourceVersion;
    this.#admission = new Admission(options.withRules ?? true);
    this.#writer = new ObjectWriter({ admission: this.#admission, clock, random });
    this.#pages = new ListPages(clock, random.hex(8));
    this.#hub = new WatchHub(state.resourceVersion, {
      clock,
      historyMax,
      backlogMax: watchBacklogMax,
      bookmarkIntervalMs: options.bookmarkIntervalMs ?? 10_000,
    });
    this.#collector = new GarbageCollector(
      this.#table,
      {
        deleteObject: (place, uid, propagation) => this.#remove(place.kind, place.key, { uid, propagation }),
        writeMetadata: (place, metadata) => this.#writeMetadata(place, metadata),
      },
      log,
    );
    for (const { kind, object } of state.objects) this.#table.put(kind, frozenCopy(object) as StoredObject);
    this.#collector.checkAll();
    this.#own = this.as(options.fieldManager ?? "streamjob");
  }

  /** The same server, for one who writes under this name (managedFields). */
  as(fieldManager: string): KubernetesApi {
    const writer = (subresource: "" | "status"): Writer => ({
      manager: fieldManager,
      operation: "Update",
      subresource,
    });
    return {
      get: (kind, key, options) => this.get(kind, key, options),
      list: (kind, options) => this.list(kind, options),
      watch: (kind, options, onEvent) => this.watch(kind, options, onEvent),
      create: async (kind, object, options) => this.#createObject(kind, object, writer(""), options),
      update: async (kind, object, options) => this.#updateObject(kind, object, writer(""), options),
      updateStatus: async (kind, object, options) => this.#updateObject(kind, object, writer("status"), options),
      patch: async (kind, key, patch, options = {}) =>
        this.#patchObject(kind, key, { patch, writer: writer(options.subresource ?? "") }, options),
      apply: (kind, object, options) => this.apply(kind, object, options),
      delete: (kind, key, options) => this.delete(kind, key, options),
      logs: (pod, options) => this.logs(pod, options),
    };
  }

  /** Gives the server its kubelet's logs; until then `logs` fails. */
  serveLogs(podLogs: PodLogs): void {
    this.#podLogs = podLogs;
  }

  /** Tells every watcher how far it has come, without waiting for the interval. */
  sendBookmarks(): void {
    this.#hub.sendBookmarks();
  }

  /** Forgets old changes, so that every watch that resumes is told `gone`. */
  compactHistory(): void {
    this.#hub.forgetHistory();
  }

  /** Ends all watches with `closed`, as a server that restarts does. */
  cutWatches(): void {
    this.#hub.closeAll();
  }

  /** Fields of an object that its kind does not have and that would be pruned. */
  unknownFields(kind: Kind, object: object): string[] {
    return this.#admission.unknownFields(kind, object as JsonObject);
  }

  /** Resolves when the garbage collector has nothing to do. */
  collected(): Promise<void> {
    return this.#collector.settled();
  }

  /** Ends all watches; every call after it fails. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hub.closeAll();
    this.#collector.close();
    await this.#objectLog?.close();
  }

  async get<K extends Kind>(kind: K, key: ObjectKey, options?: CallOptions): Promise<Kinds[K] | null> {
    this.#begin(options);
    return typed<K>(this.#table.get(kind, key)) ?? null;
  }

  async list<K extends Kind>(kind: K, options: ListOptions = {}): Promise<ListPage<K>> {
    this.#begin(options);
    const { limit, continue: token } = options;
    const page =
      token === undefined || token === ""
        ? this.#pages.first(this.#select(kind, selectionOf(options)), String(this.#resourceVersion), limit)
        : this.#pages.next(token, limit);
    return page as unknown as ListPage<K>;
  }

  watch<K extends Kind>(kind: K, options: WatchOptions, onEvent: (event: WatchEvent<K>) => void): Promise<WatchEnd> {
    if (this.#isClosed) return Promise.resolve({ kind: "failed", error: stopped() });
    const selection = selectionOf(options);
    const isFromBegin = options.resourceVersion === "" || options.resourceVersion === "0";
    const resourceVersion = isFromBegin ? this.#resourceVersion : Number(options.resourceVersion);
    if (!Number.isSafeInteger(resourceVersion)) {
      const message = `resourceVersion: Invalid value: ${JSON.stringify(options.resourceVersion)}: it must be one that a list or an object gave`;
      return Promise.resolve({ kind: "failed", error: new ApiError("BadRequest", message) });
    }
    const initial = isFromBegin ? this.#select(kind, selection) : [];
    const request = { ...selection, resourceVersion, initial, signal: options.signal };
    return this.#hub.watch(kind, request, (event) => onEvent(event as unknown as WatchEvent<K>));
  }

  create<K extends Kind>(kind: K, object: Kinds[K], options?: CreateOptions): Promise<Kinds[K]> {
    return this.#own.create(kind, object, options);
  }

  update<K extends Kind>(kind: K, object: Kinds[K], options?: CallOptions): Promise<Kinds[K]> {
    return this.#own.update(kind, object, options);
  }

  updateStatus<K extends Kind>(kind: K, object: Kinds[K], options?: CallOptions): Promise<Kinds[K]> {
    return this.#own.updateStatus(kind, object, options);
  }

  patch<K extends Kind>(kind: K, key: ObjectKey, patch: object, options?: PatchOptions): Promise<Kinds[K]> {
    return this.#own.patch(kind, key, patch, options);
  }

  async apply<K extends Kind>(kind: K, object: ApplyObject<K>, options: ApplyOptions): Promise<Kinds[K]> {
    this.#begin(options);
    const { fieldManager, force = true } = options;
    if (fieldManager === "") throw new ApiError("BadRequest", "fieldManager is required for apply patch");
    const given = frozenCopy(object) as JsonObject;
    if (isObject(given["metadata"]) && given["metadata"]["managedFields"] !== undefined) {
      throw new ApiError("BadRequest", "metadata.managedFields must be nil");
    }
    const key = keyOf(given);
    const live = this.#table.get(kind, key);
    const { hasStatus } = kindRules[kind];
    const config = hasStatus ? without(given, "status") : given;
    const writer: Writer = { manager: fieldManager, operation: "Apply", subresource: "" };
    const shape = this.#admission.shape(kind);
    const time = timestamp(this.#clock.nowMs());
    const applied = applyFields({ live, config, writer, force, shape, time });
    const proposal: Proposal = {
      kind,
      object: { ...applied.object, metadata: { ...identityOf(given), ...objectMetadata(applied.object) } },
      writer,
      managedFields: applied.entries,
      isPatched: true,
    };
    if (live !== undefined) return typed<K>(this.#store(kind, live, this.#writer.changed(live, proposal)));
    if (textAt(identityOf(given), "uid") !== "" || textAt(identityOf(given), "resourceVersion") !== "") {
      throw refusal.conflict(kind, key.name, "uid or resourceVersion mismatch: the object does not exist");
    }
    return typed<K>(this.#insert(kind, key, this.#writer.created(proposal, key)));
  }

  async delete(kind: Kind, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    this.#begin(options);
    this.#remove(kind, key, options);
  }

  async logs(key: ObjectKey, options: LogOptions = {}): Promise<string> {
    this.#begin(options);
    const pod = this.#table.get("Pod", key);
    if (pod === undefined) throw refusal.notFound("Pod", key.name);
    if (this.#podLogs === null) {
      throw new ApiError(
        "Unavailable",
        `no kubelet serves the logs of pod "${key.name}": start it before reading logs`,
      );
    }
    return this.#podLogs(typed<"Pod">(pod), options);
  }

  #createObject<K extends Kind>(kind: K, object: Kinds[K], writer: Writer, options?: CreateOptions): Kinds[K] {
    this.#begin(options);
    const given = frozenCopy(object) as JsonObject;
    const key = keyOf(given);
    const created = this.#writer.created({ kind, object: given, writer }, key);
    const present = this.#table.get(kind, key);
    if (present !== undefined) {
      throw refusal.alreadyExists(kind, key.name, present.metadata["deletionTimestamp"] !== undefined);
    }
    if (options?.isDryRun === true) return created as unknown as Kinds[K];
    return typed<K>(this.#insert(kind, key, created));
  }

  #updateObject<K extends Kind>(kind: K, object: Kinds[K], writer: Writer, options?: CallOptions): Kinds[K] {
    this.#begin(options);
    const rules = kindRules[kind];
    if (writer.subresource === "status" && !rules.hasStatus) throw refusal.noSubresource(kind);
    const given = frozenCopy(object) as JsonObject;
    const key = keyOf(given);
    const live = this.#present(kind, key);
    if (rules.needsResourceVersion && textAt(objectMetadata(given), "resourceVersion") === "") {
      throw refusal.invalid(kind, key.name, [
        field.invalid("metadata.resourceVersion", 0, "must be specified for an update"),
      ]);
    }
    return typed<K>(this.#store(kind, live, this.#writer.changed(live, { kind, object: given, writer })));
  }

  #patchObject<K extends Kind>(
    kind: K,
    key: ObjectKey,
    { patch, writer }: { readonly patch: object; readonly writer: Writer },
    options?: CallOptions,
  ): Kinds[K] {
    this.#begin(options);
    const given = frozenCopy(patch);
    if (!isObject(given)) throw new ApiError("BadRequest", "a merge patch must be an object");
    if (writer.subresource === "status" && !kindRules[kind].hasStatus) throw refusal.noSubresource(kind);
    const live = this.#present(kind, key);
    const object = mergePatch(live, given) as JsonObject;
    return typed<K>(this.#store(kind, live, this.#writer.changed(live, { kind, object, writer, isPatched: true })));
  }

  #remove(kind: Kind, key: ObjectKey, options: DeleteOptions): void {
    const live = this.#present(kind, key);
    const { uid, resourceVersion } = live.metadata;
    if (options.uid !== undefined && options.uid !== uid) {
      throw refusal.precondition(kind, key.name, "UID", options.uid, uid);
    }
    if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
      throw refusal.precondition(kind, key.name, "ResourceVersion", options.resourceVersion, resourceVersion);
    }
    const decision = decideDeletion(kind, live, options, this.#clock.nowMs());
    if (decision.kind === "remove") this.#erase(kind, live);
    else if (decision.kind === "mark") this.#store(kind, live, { ...live, metadata: decision.metadata });
  }

  #writeMetadata({ kind, key }: Place, metadata: StoredMetadata): void {
    const live = this.#present(kind, key);
    const writer: Writer = { manager: GARBAGE_COLLECTOR, operation: "Update", subresource: "" };
    this.#store(kind, live, this.#writer.changed(live, { kind, object: { ...live, metadata }, writer }));
  }

  #insert(kind: Kind, key: ObjectKey, created: JsonObject): StoredObject {
    assert(this.#table.get(kind, key) === undefined, `${kind} ${key.namespace}/${key.name} is created while it exists`);
    if (kind === "Event") this.#dropOldEvents();
    const object = this.#stamped(created);
    this.#commit(kind, "put", { resourceVersion: this.#resourceVersion + 1, type: "ADDED", object });
    return object;
  }

  /** Stores the next version, unless it is the one before (OBW4); an object that only waited to be deleted goes instead. */
  #store(kind: Kind, previous: StoredObject, next: StoredObject): StoredObject {
    if (next === previous) return previous;
    if (isDone(next.metadata)) return this.#erase(kind, previous, next);
    const object = this.#stamped(next, previous);
    this.#commit(kind, "put", { resourceVersion: this.#resourceVersion + 1, type: "MODIFIED", object, previous });
    return object;
  }

  #erase(kind: Kind, previous: StoredObject, last: StoredObject = previous): StoredObject {
    const object = this.#stamped(last, previous);
    this.#commit(kind, "delete", { resourceVersion: this.#resourceVersion + 1, type: "DELETED", object, previous });
    return object;
  }

  #stamped(object: JsonObject, like?: StoredObject): StoredObject {
    const metadata = { ...objectMetadata(object), resourceVersion: String(this.#resourceVersion + 1) };
    const { apiVersion, kind, ...body } = object;
    return frozenCopy({ apiVersion, kind, ...body, metadata }, like) as StoredObject;
  }

  /** LAS3: the log first, then everybody. */
  #commit(kind: Kind, type: "put" | "delete", change: Change): void {
    const { object, resourceVersion } = change;
    try {
      this.#objectLog?.append(resourceVersion, { type, kind, object });
    } catch (error) {
      const what = `${kind} "${object.metadata.name}" was not written`;
      const { code, message } = toErrorInfo(error);
      const remedy = "free space on its disk, then try again";
      throw new ApiError("Unavailable", `${what}: ${code === undefined ? "" : `${code}: `}${message}: ${remedy}`, {
        cause: error,
      });
    }
    this.#resourceVersion = resourceVersion;
    if (type === "put") this.#table.put(kind, object);
    else this.#table.remove(kind, object);
    this.#hub.publish(kind, change);
    if (type === "put") this.#collector.afterWrite(kind, object);
    else this.#collector.afterRemoval(object);
  }

  #dropOldEvents(): void {
    const before = timestamp(this.#clock.nowMs() - EVENT_AGE_MAX_MS);
    for (const event of this.#table.eldest("Event")) {
      if (lastWriteOf(event) >= before) return;
      this.#erase("Event", event);
    }
  }

  #present(kind: Kind, key: ObjectKey): StoredObject {
    const live = this.#table.get(kind, key);
    if (live === undefined) throw refusal.notFound(kind, key.name);
    return live;
  }

  #select(kind: Kind, selection: Selection): readonly StoredObject[] {
    return [...this.#table.ordered(kind)].filter((object) => isSelected(object, selection));
  }

  #begin(options: CallOptions | undefined): void {
    options?.signal?.throwIfAborted();
    if (this.#isClosed) throw stopped();
  }
}

function stopped(): ApiError {
  return new ApiError("Unavailable", "the API server of the embedded control plane has stopped: start it again");
}

function selectionOf({ namespace = null, labels = null }: Partial<Selection>): Selection {
  return { namespace, labels };
}

function keyOf(object: JsonObject): ObjectKey {
  const metadata = objectMetadata(object);
  return { namespace: textAt(metadata, "namespace") || "default", name: textAt(metadata, "name") };
}

function objectMetadata(object: JsonObject): JsonObject {
  const { metadata } = object;
  return isObject(metadata) ? metadata : {};
}

/** What of an applied object's metadata says which object is meant. */
function identityOf(object: JsonObject): JsonObject {
  const metadata = objectMetadata(object);
  const keys = ["name", "namespace", "uid", "resourceVersion"];
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => keys.includes(key)));
}

function typed<K extends Kind>(object: StoredObject): Kinds[K];
function typed<K extends Kind>(object: StoredObject | undefined): Kinds[K] | undefined;
function typed<K extends Kind>(object: StoredObject | undefined): Kinds[K] | undefined {
  return object as unknown as Kinds[K] | undefined;
}
