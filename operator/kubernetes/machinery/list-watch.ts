/**
 * Owns: following one kind at an API server, whatever happens to the connection: list in pages, watch from there, watch again from
 * the last version, and list again when the server no longer knows it.
 * Not here: what is kept of it (cached-objects.ts). Called by: watch-cache.ts.
 *
 * LW1 Nothing but `stop` ends it. Every error is waited out with growing, jittered delays and tried again.
 * LW2 At most one list begins per second, whatever asks for it.
 * LW3 A watch that brings neither event nor bookmark for `readTimeoutMs` is cut and begun anew from the last version: a half-open
 *     connection looks just so. After three silent ones in a row it lists: the watch may be deaf.
 * LW4 A version that the server does not know any more (410, in any form), history that went back, three failed watches in a row, and
 *     `relist` lead to a list.
 * LW5 What a watch brings after it was cut is dropped. So is everything after `stop`, which also ends a wait at once.
 */
import type { Clock, Log, Random } from "../../../base/index.ts";
import {
  ApiError,
  isApiError,
  type Kind,
  type Kinds,
  type KubernetesApi,
  type ListOptions,
  type WatchEnd,
  type WatchEvent,
} from "../api/index.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import { callWithin, pause } from "./waiting.ts";

/** Where what is seen goes. */
export interface ListWatchTarget<K extends Kind> {
  /** Taken before a list is asked for. */
  mark(): number;
  /** A whole list. false: it is not believed, list again. */
  listed(items: readonly Kinds[K][], mark: number): boolean;
  /** An event. false: history went back, list again. */
  event(event: Exclude<WatchEvent<K>, { type: "BOOKMARK" }>): boolean;
}

export type ListWatchOptions<K extends Kind> = {
  readonly api: KubernetesApi;
  readonly kind: K;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly target: ListWatchTarget<K>;
  readonly namespace?: string | null;
  readonly labels?: Readonly<Record<string, string>>;
  /** Items per page. Default 500. */
  readonly pageSize?: number;
  /** Silence after which a watch is cut, and time for one page. Default 60 000. */
  readonly readTimeoutMs?: number;
};

export type ListWatchFigures = {
  readonly lists: number;
  readonly watches: number;
  /** Lists and watches that failed. */
  readonly failures: number;
};

const DEFAULT_PAGE_SIZE = 500;
const DEFAULT_READ_TIMEOUT_MS = 60_000;
const LIST_GAP_MS = 1000;
const BACKOFF: Backoff = { firstMs: 500, maxMs: 30_000 };
const WATCH_FAILURES_MAX = 3;
const SILENT_WATCHES_MAX = 3;
/** A watch that ends sooner and brought nothing counts as failed: a server that closes at once must not be asked in a circle. */
const SHORT_WATCH_MS = 1000;
/** Between the beginnings of two watches, when the first one was closed. */
const WATCH_GAP_MS = 100;

/** How a watch came to its end, as far as it matters for what is done next. */
type WatchOutcome = WatchEnd | { readonly kind: "silent" } | { readonly kind: "relist"; readonly reason: string };

export class ListWatch<K extends Kind> {
  readonly #options: ListWatchOptions<K>;
  readonly #stopping = new AbortController();
  /** Where to watch from; null: list first. */
  #resourceVersion: string | null = null;
  #endWatch: ((outcome: WatchOutcome) => void) | null = null;
  #lastListMs: number | null = null;
  #lastContactMs: number | null = null;
  #lists = 0;
  #watches = 0;
  #failures = 0;
  /** In a row, for the delay. */
  #failed = 0;
  #watchesFailed = 0;
  #watchesSilent = 0;
  /** After a page's token expired: the next list is asked for at once and whole. */
  #isWhole = false;

  constructor(options: ListWatchOptions<K>) {
    this.#options = options;
  }

  /** By the monotonic clock: when the server last said anything; null: never. */
  get lastContactMs(): number | null {
    return this.#lastContactMs;
  }

  figures(): ListWatchFigures {
    return { lists: this.#lists, watches: this.#watches, failures: this.#failures };
  }

  /** Follows until `stop`; resolves then. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const error = await (this.#resourceVersion === null ? this.#list() : this.#watch(this.#resourceVersion));
      if (signal.aborted) return;
      if (error === null) continue;
      this.#failures += 1;
      const retryAfterMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
      const waitMs = Math.max(retryAfterMs, backoffMs(BACKOFF, this.#failed, this.#options.random));
      this.#failed += 1;
      this.#options.log.warn(
        { kind: this.#options.kind, err: error, failures: this.#failed, delayMs: Math.round(waitMs) },
        "a list or watch failed; retrying",
      );
      await pause(this.#options.clock, waitMs, signal);
    }
  }

  /** Lists again as soon as LW2 allows it. */
  relist(reason: string): void {
    this.#resourceVersion = null;
    this.#endWatch?.({ kind: "relist", reason });
  }

  stop(): void {
    this.#stopping.abort(new ApiError("Unavailable", `following ${this.#options.kind} was stopped`));
    this.#endWatch?.({ kind: "closed" });
  }

  /** One whole list. Returns what went wrong, or null. */
  async #list(): Promise<unknown> {
    const { clock, random, target } = this.#options;
    const { signal } = this.#stopping;
    if (this.#lastListMs !== null) {
      const dueMs = this.#lastListMs + LIST_GAP_MS * (1 + random.next() / 2);
      await pause(clock, dueMs - clock.monotonicMs(), signal);
      if (signal.aborted) return null;
    }
    this.#lastListMs = clock.monotonicMs();
    this.#lists += 1;
    const mark = target.mark();
    const isWhole = this.#isWhole;
    this.#isWhole = false;
    try {
      const { items, resourceVersion } = await this.#pages(isWhole);
      if (signal.aborted) return null;
      this.#watchesFailed = 0;
      this.#watchesSilent = 0;
      if (target.listed(items, mark)) this.#resourceVersion = resourceVersion;
      return null;
    } catch (error) {
      if (isGone(error)) this.#isWhole = true;
      return error;
    }
  }

  async #pages(isWhole: boolean): Promise<{ items: Kinds[K][]; resourceVersion: string }> {
    const { api, kind, clock, pageSize = DEFAULT_PAGE_SIZE, readTimeoutMs = DEFAULT_READ_TIMEOUT_MS } = this.#options;
    const limits = { clock, timeoutMs: readTimeoutMs, signal: this.#stopping.signal, what: `list ${kind}` };
    const items: Kinds[K][] = [];
    let next: string | null = null;
    for (;;) {
      const options: ListOptions = {
        ...this.#scope(),
        ...(isWhole ? {} : { limit: pageSize }),
        ...(next === null ? {} : { continue: next }),
      };
      const page = await callWithin(limits, (signal) => api.list(kind, { ...options, signal }));
      this.#lastContactMs = clock.monotonicMs();
      for (const item of page.items) items.push(item);
      if (page.continue === null) return { items, resourceVersion: page.resourceVersion };
      next = page.continue;
    }
  }

  /** One watch to its end. Returns what went wrong, or null. */
  async #watch(from: string): Promise<unknown> {
    const { clock, log, kind } = this.#options;
    const beganMs = clock.monotonicMs();
    this.#watches += 1;
    const seen = { any: false };
    const outcome = await this.#watchUntilEnd(from, seen);
    const lastedMs = clock.monotonicMs() - beganMs;
    // Not by a list alone: where lists work and watches do not, the delays have to grow too.
    if (seen.any || lastedMs >= BACKOFF.maxMs) this.#failed = 0;
    if (seen.any) {
      this.#watchesFailed = 0;
      this.#watchesSilent = 0;
    }
    if (outcome.kind === "relist" || outcome.kind === "gone" || (outcome.kind === "failed" && isGone(outcome.error))) {
      const reason = outcome.kind === "relist" ? outcome.reason : "the server no longer knows the version";
      log.info({ kind, reason }, "listing again");
      this.#resourceVersion = null;
      return null;
    }
    if (outcome.kind === "silent") {
      this.#watchesSilent += 1;
      log.info({ kind, silentWatches: this.#watchesSilent }, "the watch was silent for too long and was cut");
      if (this.#watchesSilent >= SILENT_WATCHES_MAX) this.#resourceVersion = null;
      return null;
    }
    if (outcome.kind === "closed" && (seen.any || lastedMs >= SHORT_WATCH_MS)) {
      await pause(clock, WATCH_GAP_MS - lastedMs, this.#stopping.signal);
      return null;
    }
    this.#watchesFailed += 1;
    if (this.#watchesFailed >= WATCH_FAILURES_MAX) this.#resourceVersion = null;
    return outcome.kind === "failed"
      ? outcome.error
      : new ApiError("Unavailable", `watch ${kind} was closed by the API server as soon as it was open`);
  }

  #watchUntilEnd(from: string, seen: { any: boolean }): Promise<WatchOutcome> {
    const { api, kind, clock, target, readTimeoutMs = DEFAULT_READ_TIMEOUT_MS } = this.#options;
    const cut = new AbortController();
    let heardMs = clock.monotonicMs();
    return new Promise((resolve) => {
      const listen = (waitMs: number): { cancel(): void } =>
        clock.after(waitMs, () => {
          const silentMs = clock.monotonicMs() - heardMs;
          if (silentMs >= readTimeoutMs) end({ kind: "silent" });
          else timer = listen(readTimeoutMs - silentMs);
        });
      let timer = listen(readTimeoutMs);
      const end = (outcome: WatchOutcome): void => {
        if (cut.signal.aborted) return;
        timer.cancel();
        this.#endWatch = null;
        cut.abort(new ApiError("Timeout", `the watch of ${kind} is over`));
        resolve(outcome);
      };
      this.#endWatch = end;
      const onEvent = (event: WatchEvent<K>): void => {
        if (cut.signal.aborted) return;
        seen.any = true;
        heardMs = clock.monotonicMs();
        this.#lastContactMs = heardMs;
        if (event.type !== "BOOKMARK" && !target.event(event)) {
          end({ kind: "relist", reason: "history went back" });
          return;
        }
        const { resourceVersion } = event.type === "BOOKMARK" ? event : event.object.metadata;
        if (resourceVersion !== undefined && !cut.signal.aborted) this.#resourceVersion = resourceVersion;
      };
      const options = { ...this.#scope(), resourceVersion: from, signal: cut.signal };
      // It never rejects, by contract; one that does all the same, or throws, must not end the loop (LW1).
      const watched = async (): Promise<WatchEnd> => api.watch(kind, options, onEvent);
      watched().then(end, (error: unknown) => end({ kind: "failed", error }));
    });
  }

  #scope(): Pick<ListOptions, "namespace" | "labels"> {
    const { namespace = null, labels } = this.#options;
    return { namespace, ...(labels === undefined ? {} : { labels }) };
  }
}

/** 410 in any form: the port's own, or what a client library throws (`code`, `statusCode`, reason Expired), also as a cause. */
function isGone(error: unknown): boolean {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 8; depth++) {
    if (isApiError(at, "Gone")) return true;
    const { code, statusCode, reason, cause } = at as Record<string, unknown>;
    if (code === 410 || statusCode === 410 || reason === "Expired" || reason === "Gone") return true;
    at = cause;
  }
  return false;
}
