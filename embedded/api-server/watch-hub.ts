/**
 * Owns: the recent changes of each kind and those who watch them.
 * Does not own: the objects themselves (object-table.ts) and the wire (http-server.ts). Called by: LocalApiServer.
 *
 * WH1 Each watcher hears of every change it asked for after its resourceVersion, in order, once, and never inside the call that
 *     made the change.
 * WH2 Changes are kept per kind, so that a busy kind does not drive out a quiet one; who asks for older ones is told `gone`.
 * WH3 A watcher that falls behind by more than `backlogMax` is cut (`closed`); nothing grows without bound and nobody waits.
 * WH4 A bookmark stands in the queue like an event: what came before it was delivered before it.
 * WH5 With labels, a watcher sees the objects that match: one that begins to match is ADDED, one that ceases to is DELETED.
 */
import { type Clock, onNextTurn, type Timer } from "../../base/index.ts";
import type { Kind, WatchEnd } from "../../operator/kubernetes/api/index.ts";
import type { StoredObject } from "./json-value.ts";
import { matchesLabels, type Selection } from "./selection.ts";

/** One change. `previous` is absent for a creation. `object` of a deletion carries the resourceVersion of the deletion. */
export type Change = {
  readonly resourceVersion: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
  readonly previous?: StoredObject;
};

export type RawWatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: StoredObject }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export type WatchHubOptions = {
  readonly clock: Clock;
  /** Changes remembered per kind. */
  readonly historyMax: number;
  /** Events that a watcher may have waiting. */
  readonly backlogMax: number;
  readonly bookmarkIntervalMs: number;
};

export type WatchRequest = Selection & {
  /** Events after this one. */
  readonly resourceVersion: number;
  /** What is told first, as ADDED: for a watch from the beginning. */
  readonly initial?: readonly StoredObject[];
  readonly signal: AbortSignal;
};

/** Events given to one watcher before the others have their turn. */
const EVENTS_PER_TURN = 256;

export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #histories = new Map<Kind, History>();
  readonly #watchers = new Map<Kind, Set<Watcher>>();
  #resourceVersion: number;
  /** Nothing at or before this one is remembered. */
  readonly #begin: number;
  #bookmarkTimer: Timer | null = null;

  constructor(resourceVersion: number, options: WatchHubOptions) {
    this.#options = options;
    this.#resourceVersion = resourceVersion;
    this.#begin = resourceVersion;
  }

  /** Remembers a change and has all watchers of its kind told. */
  publish(kind: Kind, change: Change): void {
    this.#resourceVersion = change.resourceVersion;
    this.#historyOf(kind).push(change);
    for (const watcher of this.#watchers.get(kind) ?? []) watcher.offer(change);
  }

  watch(kind: Kind, request: WatchRequest, onEvent: (event: RawWatchEvent) => void): Promise<WatchEnd> {
    if (request.signal.aborted) return Promise.resolve({ kind: "closed" });
    const gone = this.#historyOf(kind).whyGone(request.resourceVersion, this.#resourceVersion);
    if (gone !== null) return Promise.resolve({ kind: "gone", message: gone });
    return new Promise((resolve) => {
      const watcher = new Watcher(request, onEvent, this.#options.backlogMax, (end) => {
        this.#watchers.get(kind)?.delete(watcher);
        resolve(end);
      });
      const ofKind = this.#watchers.get(kind) ?? new Set();
      this.#watchers.set(kind, ofKind.add(watcher));
      for (const object of request.initial ?? []) watcher.push({ type: "ADDED", object });
      for (const change of this.#historyOf(kind).after(request.resourceVersion)) watcher.offer(change);
      this.#armBookmarks();
    });
  }

  /** Tells every watcher how far it has come. */
  sendBookmarks(): void {
    const bookmark: RawWatchEvent = { type: "BOOKMARK", resourceVersion: String(this.#resourceVersion) };
    for (const watcher of this.#everyWatcher()) watcher.push(bookmark);
  }

  /** Ends all watches, as a server that goes away does. */
  closeAll(): void {
    for (const watcher of this.#everyWatcher()) watcher.end({ kind: "closed" });
    this.#bookmarkTimer?.cancel();
    this.#bookmarkTimer = null;
  }

  /** Forgets the history, so that every watch that resumes is told `gone`: what a compaction does. */
  forgetHistory(): void {
    for (const history of this.#histories.values()) history.forget(this.#resourceVersion);
  }

  #everyWatcher(): Watcher[] {
    return [...this.#watchers.values()].flatMap((ofKind) => [...ofKind]);
  }

  #historyOf(kind: Kind): History {
    const known = this.#histories.get(kind);
    if (known !== undefined) return known;
    const history = new History(this.#begin, this.#options.historyMax);
    this.#histories.set(kind, history);
    return history;
  }

  #armBookmarks(): void {
    this.#bookmarkTimer ??= this.#options.clock.after(this.#options.bookmarkIntervalMs, () => {
      this.#bookmarkTimer = null;
      this.sendBookmarks();
      if (this.#everyWatcher().length > 0) this.#armBookmarks();
    });
  }
}

class History {
  readonly #max: number;
  #changes: Change[] = [];
  /** The newest change that is no longer here. */
  #forgottenThrough: number;

  constructor(begin: number, max: number) {
    this.#forgottenThrough = begin;
    this.#max = max;
  }

  push(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length < this.#max * 2) return;
    // Cut in halves, so that a change costs no copy of the whole.
    const cut = this.#changes.length - this.#max;
    this.#forgottenThrough = this.#changes[cut - 1]?.resourceVersion ?? this.#forgottenThrough;
    this.#changes = this.#changes.slice(cut);
  }

  forget(resourceVersion: number): void {
    this.#changes = [];
    this.#forgottenThrough = resourceVersion;
  }

  whyGone(resourceVersion: number, newest: number): string | null {
    if (resourceVersion < this.#forgottenThrough) {
      return `too old resource version: ${resourceVersion} (${this.#forgottenThrough}): list again`;
    }
    // A real server answers 504 here; the objects that the caller knows are of a server that is no more, so `list again` is right.
    if (resourceVersion > newest) return `too large resource version: ${resourceVersion} (${newest}): list again`;
    return null;
  }

  after(resourceVersion: number): readonly Change[] {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.resourceVersion ?? 0) <= resourceVersion) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }
}

class Watcher {
  readonly #selection: Selection;
  readonly #onEvent: (event: RawWatchEvent) => void;
  readonly #backlogMax: number;
  readonly #onEnd: (end: WatchEnd) => void;
  readonly #signal: AbortSignal;
  #queue: RawWatchEvent[] = [];
  #isScheduled = false;
  #isOver = false;
  readonly #onAbort = (): void => this.end({ kind: "closed" });

  constructor(
    request: WatchRequest,
    onEvent: (event: RawWatchEvent) => void,
    backlogMax: number,
    onEnd: (end: WatchEnd) => void,
  ) {
    this.#selection = request;
    this.#onEvent = onEvent;
    this.#backlogMax = backlogMax;
    this.#onEnd = onEnd;
    this.#signal = request.signal;
    this.#signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Queues a change if the watcher asked for it (WH5). */
  offer({ type, object, previous }: Change): void {
    if (this.#selection.namespace !== null && object.metadata.namespace !== this.#selection.namespace) return;
    const matchesNow = type !== "DELETED" && matchesLabels(object, this.#selection.labels);
    const matchedBefore = previous !== undefined && matchesLabels(previous, this.#selection.labels);
    if (matchesNow) this.push({ type: matchedBefore ? "MODIFIED" : "ADDED", object });
    else if (matchedBefore) this.push({ type: "DELETED", object });
  }

  push(event: RawWatchEvent): void {
    if (this.#isOver) return;
    if (this.#queue.length >= this.#backlogMax) {
      this.end({ kind: "closed" });
      return;
    }
    this.#queue.push(event);
    this.#schedule();
  }

  end(end: WatchEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue = [];
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#onEnd(end);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    onNextTurn(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const batch = this.#queue.splice(0, EVENTS_PER_TURN);
    for (const event of batch) {
      if (this.#isOver) return;
      try {
        this.#onEvent(event);
      } catch (error) {
        this.end({ kind: "failed", error });
      }
    }
    if (this.#queue.length > 0) this.#schedule();
  }
}
