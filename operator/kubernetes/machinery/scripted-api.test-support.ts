/**
 * Owns: an API server for the tests of this room, with the faults that a well-behaved one never shows: lists and watches are played by
 * the test, single objects live in a small store with conflicts, and any call can be made to fail, hang, or lose its answer.
 * Not here: what a real one does; that is embedded, held to the contract's tests.
 */
import { nextTurn } from "../../../base/index.ts";
import {
  ApiError,
  type Kind,
  type Kinds,
  type KubernetesApi,
  type ListOptions,
  type ListPage,
  type ObjectKey,
  type WatchEnd,
  type WatchEvent,
} from "../api/index.ts";

/** A watch that the cache under test has opened. */
export type OpenWatch = {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  send(type: "ADDED" | "MODIFIED" | "DELETED", object: Kinds[Kind]): void;
  bookmark(resourceVersion: string): void;
  end(end: WatchEnd): void;
};

/** What a call meets: nothing special, an error instead of being done, done but its answer lost or late, or never an answer. */
export type Fault =
  | null
  | { readonly error: unknown }
  | { readonly lost: unknown }
  | { readonly late: Promise<void> }
  | "hang";

export class ScriptedApi implements KubernetesApi {
  /** Every call in order: "list Pod", "get Lease". */
  readonly calls: string[] = [];
  readonly listOptions: ListOptions[] = [];
  /** Played in order; the last one stays. */
  lists: (() => ListPage<Kind> | Promise<ListPage<Kind>>)[] = [];
  readonly watches: OpenWatch[] = [];
  /** Whether an opened watch ends when its signal does; a half-open one does not. */
  isDeaf = false;
  fault: (call: string) => Fault = () => null;
  readonly store = new Map<string, Kinds[Kind]>();
  #version = 100;

  get lastWatch(): OpenWatch {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error("no watch was opened");
    return watch;
  }

  count(call: string): number {
    return this.calls.filter((each) => each === call).length;
  }

  list<K extends Kind>(kind: K, options: ListOptions = {}): Promise<ListPage<K>> {
    this.listOptions.push(options);
    return this.#call(`list ${kind}`, async () => {
      const play = this.lists.length > 1 ? this.lists.shift() : this.lists[0];
      if (play === undefined) throw new Error("the test plays no list");
      return (await play()) as unknown as ListPage<K>;
    });
  }

  watch<K extends Kind>(
    kind: K,
    options: { resourceVersion: string; signal: AbortSignal },
    onEvent: (event: WatchEvent<K>) => void,
  ): Promise<WatchEnd> {
    this.calls.push(`watch ${kind}`);
    return new Promise((resolve) => {
      const { resourceVersion, signal } = options;
      if (!this.isDeaf) signal.addEventListener("abort", () => resolve({ kind: "closed" }));
      this.watches.push({
        resourceVersion,
        signal,
        send: (type, object) => onEvent({ type, object: object as Kinds[K] }),
        bookmark: (version) => onEvent({ type: "BOOKMARK", resourceVersion: version }),
        end: resolve,
      });
      const fault = this.fault(`watch ${kind}`);
      if (fault !== null && fault !== "hang" && "error" in fault) resolve({ kind: "failed", error: fault.error });
    });
  }

  get<K extends Kind>(kind: K, key: ObjectKey): Promise<Kinds[K] | null> {
    return this.#call(`get ${kind}`, () => (this.store.get(nameOf(kind, key)) as Kinds[K] | undefined) ?? null);
  }

  create<K extends Kind>(kind: K, object: Kinds[K]): Promise<Kinds[K]> {
    return this.#call(`create ${kind}`, () => {
      const name = nameOf(kind, object.metadata);
      if (this.store.has(name)) throw new ApiError("AlreadyExists", `${name} exists`);
      return this.#put(name, object, `uid-${++this.#version}`);
    });
  }

  update<K extends Kind>(kind: K, object: Kinds[K]): Promise<Kinds[K]> {
    return this.#call(`update ${kind}`, () => {
      const name = nameOf(kind, object.metadata);
      const present = this.#present(name);
      const { resourceVersion } = object.metadata;
      if (resourceVersion !== undefined && resourceVersion !== present.metadata.resourceVersion) {
        throw new ApiError("Conflict", `${name} was changed`);
      }
      return this.#put(name, object, present.metadata.uid as string);
    });
  }

  updateStatus<K extends Kind>(kind: K, object: Kinds[K]): Promise<Kinds[K]> {
    return this.update(kind, object);
  }

  patch<K extends Kind>(kind: K, key: ObjectKey, patch: object): Promise<Kinds[K]> {
    return this.#call(`patch ${kind}`, () => {
      const name = nameOf(kind, key);
      const present = this.#present(name) as Kinds[K];
      return this.#put(name, { ...present, ...patch }, present.metadata.uid as string);
    });
  }

  apply<K extends Kind>(kind: K, object: Kinds[K]): Promise<Kinds[K]> {
    return this.#call(`apply ${kind}`, () => this.#put(nameOf(kind, object.metadata), object, "uid-applied"));
  }

  delete(kind: Kind, key: ObjectKey): Promise<void> {
    return this.#call(`delete ${kind}`, () => {
      this.#present(nameOf(kind, key));
      this.store.delete(nameOf(kind, key));
    });
  }

  logs(): Promise<string> {
    return this.#call("logs Pod", () => "");
  }

  async #call<T>(call: string, act: () => T | Promise<T>): Promise<T> {
    this.calls.push(call);
    const fault = this.fault(call);
    if (fault === "hang") return new Promise<T>(() => undefined);
    if (fault !== null && "error" in fault) throw fault.error;
    const result = await act();
    if (fault !== null && "lost" in fault) throw fault.lost;
    await fault?.late;
    return result;
  }

  #present(name: string): Kinds[Kind] {
    const present = this.store.get(name);
    if (present === undefined) throw new ApiError("NotFound", `there is no ${name}`);
    return present;
  }

  #put<T extends Kinds[Kind]>(name: string, object: T, uid: string): T {
    const resourceVersion = `${++this.#version}`;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
    this.store.set(name, stored);
    return stored;
  }
}

/** A ConfigMap as a server would give it. */
export function configMap(
  name: string,
  resourceVersion: string,
  more: Partial<Kinds["ConfigMap"]["metadata"]> = {},
): Kinds["ConfigMap"] {
  const metadata = { namespace: "default", name, uid: `uid-${name}`, resourceVersion, ...more };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}

export function page(
  items: readonly Kinds[Kind][],
  resourceVersion: string,
  next: string | null = null,
): ListPage<Kind> {
  return { items, resourceVersion, continue: next };
}

/** Lets everything run that needs no time to pass. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await nextTurn();
}

/** Moves a clock in steps, letting what wakes at each of them run: timers that are armed after an await are met too. */
export async function pass(clock: { advance(byMs: number): void }, spanMs: number, stepMs = spanMs): Promise<void> {
  await settled();
  for (let passedMs = 0; passedMs < spanMs; passedMs += stepMs) {
    clock.advance(Math.min(stepMs, spanMs - passedMs));
    await settled();
  }
}

function nameOf(kind: Kind, key: ObjectKey): string {
  return `${kind} ${key.namespace}/${key.name}`;
}
