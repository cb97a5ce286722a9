/**
 * Owns: a local picture of all objects of one kind, kept up to date, with own writes in it at once, and who is told of changes.
 * Not here: what counts as newer (cached-objects.ts explains why an older event in flight cannot roll an own write back), the
 * connection (list-watch.ts). Called by: the controller, observe; apply notes its writes here.
 *
 * WC1 Readers and subscribers see a list as a whole: every object is in place before the first change of it is told.
 * WC2 An own write whose event does not come for `ownWriteTimeoutMs` proves that the watch misses events: list again.
 * WC3 After `stop` nothing is told any more and no timer is left.
 * WC4 A list that shows the past is believed only when it is said twice in a row (CO6).
 */
import { assert, type Clock, type Log, type Random, type Timer } from "../../../base/index.ts";
import { ApiError, type Kind, type Kinds, type KubernetesApi, type ObjectKey, secondsTime } from "../api/index.ts";
import { type CacheChange, CachedObjects, type CachedObjectsOptions } from "./cached-objects.ts";
import { ListWatch, type ListWatchFigures } from "./list-watch.ts";

export type WatchCacheOptions<K extends Kind> = CachedObjectsOptions<K> & {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Items per page of a list. Default 500. */
  readonly pageSize?: number;
  /** Silence after which a watch is cut. Default 60 000. */
  readonly readTimeoutMs?: number;
  /** WC2. Default 10 000. */
  readonly ownWriteTimeoutMs?: number;
};

export type WatchCacheFigures = ListWatchFigures & {
  readonly objects: number;
  /** How long the server has said nothing; null: it never said anything. Above 60 000: the picture may be old. */
  readonly staleMs: number | null;
};

const DEFAULT_OWN_WRITE_TIMEOUT_MS = 10_000;

type Waiter = { resolve(): void; reject(reason: unknown): void };

export class WatchCache<K extends Kind> {
  readonly #kind: K;
  readonly #options: WatchCacheOptions<K>;
  readonly #objects: CachedObjects<K>;
  readonly #listWatch: ListWatch<K>;
  readonly #subscribers = new Set<(change: CacheChange<Kinds[K]>) => void>();
  readonly #waiters = new Set<Waiter>();
  #run: Promise<void> | null = null;
  #hasSynced = false;
  #isStopped = false;
  #isDoubting = false;
  #overdueTimer: Timer | null = null;

  constructor(api: KubernetesApi, kind: K, options: WatchCacheOptions<K>) {
    this.#kind = kind;
    this.#options = options;
    this.#objects = new CachedObjects(options);
    this.#listWatch = new ListWatch({
      ...options,
      api,
      kind,
      target: {
        mark: () => this.#objects.mark(),
        listed: (items, mark) => this.#listed(items, mark),
        event: (event) => {
          const outcome = this.#objects.applyEvent(event);
          if (outcome.kind === "wentBack") return false;
          this.#tell(outcome.changes);
          return true;
        },
      },
    });
  }

  /** Begins to follow; once. Subscribe before, or changes are missed. */
  start(): void {
    assert(this.#run === null && !this.#isStopped, `the watch cache of ${this.#kind} was started before`);
    this.#run = this.#listWatch.run();
  }

  /** Ends everything at once, also in the midst of a wait; resolves when it has. What is held can still be read. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#overdueTimer?.cancel();
    this.#listWatch.stop();
    for (const waiter of this.#waiters) waiter.reject(this.#stopped());
    await this.#run;
  }

  /** Whether the first list is in. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves when the first list is in. Errors: the signal's reason; Unavailable when the cache is stopped before. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#hasSynced) return Promise.resolve();
    if (this.#isStopped) return Promise.reject(this.#stopped());
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = (): void => done(() => reject(signal?.reason));
      const waiter = { resolve: () => done(resolve), reject: (reason: unknown) => done(() => reject(reason)) };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort);
    });
  }

  /** null: there is none, as far as is known. */
  get(key: ObjectKey): Kinds[K] | null {
    return this.#objects.get(key);
  }

  /** All objects, or those that the filter wants. */
  list(filter: (object: Kinds[K]) => boolean = () => true): Kinds[K][] {
    const objects: Kinds[K][] = [];
    for (const object of this.#objects.values()) if (filter(object)) objects.push(object);
    return objects;
  }

  /** In constant time: the objects of a namespace whose label has this value. The label must be one of `indexLabels`. */
  byLabel(namespace: string, label: string, value: string): Kinds[K][] {
    return this.#objects.byLabel(namespace, label, value);
  }

  /** In constant time: the objects with an owner reference to this uid. */
  byOwner(uid: string): Kinds[K][] {
    return this.#objects.byOwner(uid);
  }

  /** Calls back with every change from now on, own writes included; returns how to end that. It must not throw. */
  subscribe(onChange: (change: CacheChange<Kinds[K]>) => void): () => void {
    this.#subscribers.add(onChange);
    return () => void this.#subscribers.delete(onChange);
  }

  /** The object that an own create, update, patch or apply returned: readable from now on. Call it at once, in the order of the writes. */
  noteWrite(object: Kinds[K]): void {
    this.#tell(this.#objects.noteWrite(object, this.#options.clock.monotonicMs()));
    this.#watchOverdue();
  }

  /**
   * That the deletion of this very object was accepted: from now on it is shown as being deleted (a deletionTimestamp), until the
   * watch says that it is gone: finalizers and grace may keep it (CO5).
   */
  noteDelete(key: ObjectKey, uid: string): void {
    const { clock } = this.#options;
    this.#tell(this.#objects.noteDelete(key, uid, clock.monotonicMs(), secondsTime(clock.nowMs())));
    this.#watchOverdue();
  }

  /** By the monotonic clock: when the API server last said anything (a page, an event, a bookmark); null: never. */
  get lastContactMs(): number | null {
    return this.#listWatch.lastContactMs;
  }

  figures(): WatchCacheFigures {
    const { lastContactMs } = this;
    const staleMs = lastContactMs === null ? null : this.#options.clock.monotonicMs() - lastContactMs;
    return { ...this.#listWatch.figures(), objects: this.#objects.size, staleMs };
  }

  #stopped(): ApiError {
    return new ApiError("Unavailable", `the watch cache of ${this.#kind} was stopped before its first list came`);
  }

  #listed(items: readonly Kinds[K][], mark: number): boolean {
    if (!this.#isDoubting && this.#objects.showsThePast(items, mark)) {
      this.#isDoubting = true;
      this.#options.log.warn({ kind: this.#kind }, "a list shows the past; asking once more before it is believed");
      return false;
    }
    this.#isDoubting = false;
    this.#tell(this.#objects.applyList(items, mark));
    this.#hasSynced = true;
    for (const waiter of this.#waiters) waiter.resolve();
    return true;
  }

  #tell(changes: readonly CacheChange<Kinds[K]>[]): void {
    if (this.#isStopped) return;
    for (const change of changes) {
      for (const subscriber of this.#subscribers) {
        try {
          subscriber(change);
        } catch (error) {
          // The picture must stay whole for the others; whoever threw learns it from the log.
          this.#options.log.error({ kind: this.#kind, err: error }, "a subscriber of the watch cache failed");
        }
      }
    }
  }

  /** Has one timer wait for the oldest own write to be confirmed, as long as there is one (WC2). */
  #watchOverdue(): void {
    const { clock, ownWriteTimeoutMs = DEFAULT_OWN_WRITE_TIMEOUT_MS } = this.#options;
    const oldestMs = this.#objects.oldestUnconfirmedMs();
    if (oldestMs === null || this.#overdueTimer !== null || this.#isStopped) return;
    const waitMs = Math.max(0, oldestMs + ownWriteTimeoutMs - clock.monotonicMs());
    this.#overdueTimer = clock.after(waitMs, () => {
      this.#overdueTimer = null;
      if (this.#objects.overdue(clock.monotonicMs() - ownWriteTimeoutMs)) {
        this.#listWatch.relist(`an own write was not seen in the watch for ${ownWriteTimeoutMs} ms`);
        // Time for the list to come.
        this.#overdueTimer = clock.after(ownWriteTimeoutMs, () => {
          this.#overdueTimer = null;
          this.#watchOverdue();
        });
        return;
      }
      this.#watchOverdue();
    });
  }
}
