/**
 * Owns: which key is worked on when: each once at a time, none lost, none in the way of another.
 * Not here: what the work is. Called by: the controller.
 *
 * WQ1 A key waits at most once, however often it is added.
 * WQ2 A key is never worked on twice at a time; one that is added meanwhile is worked on again afterwards.
 * WQ3 Of several delayed adds of a key the earliest counts. An add without delay does not take it back: to look once more is cheap, to
 *     forget is not.
 * WQ4 First come, first served, and a key that fails waits outside of the queue: it holds up nobody and occupies no worker.
 * WQ5 Work that fails is retried with a delay that doubles per key until work on it succeeds.
 */
import { assert, type Clock, type Log, type Random, type Timer } from "../../../base/index.ts";
import { type Backoff, backoffMs } from "./backoff.ts";

export type WorkQueueOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How many keys are worked on at a time. Default 4. */
  readonly workers?: number;
  /** Delays of retries. Default 50 ms to 60 s. */
  readonly backoff?: Backoff;
  /**
   * Works on a key. Resolves: done, its failures are forgotten, unless it called `retry`. Rejects: logged, and retried (WQ5).
   * The signal ends with `stop`.
   */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
};

export type WorkQueueFigures = {
  /** Keys that wait for a worker. */
  readonly depth: number;
  /** Keys with a delayed add. */
  readonly delayed: number;
  readonly inWork: number;
  /** Retries since the start. */
  readonly retries: number;
  /** Keys whose last work failed. */
  readonly failing: number;
  /** Age of the oldest work that is running; 0: none is. */
  readonly longestRunningMs: number;
};

const DEFAULT_WORKERS = 4;
const DEFAULT_BACKOFF: Backoff = { firstMs: 50, maxMs: 60_000 };

type Running = { readonly sinceMs: number; isAddedAgain: boolean; isRetried: boolean };
type Delayed = { readonly dueMs: number; readonly timer: Timer };
type State = "created" | "running" | "draining" | "stopped";

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #ready = new Set<string>();
  readonly #running = new Map<string, Running>();
  readonly #delayed = new Map<string, Delayed>();
  /** Failures in a row of a key. */
  readonly #failures = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #idleWaiters = new Set<() => void>();
  #state: State = "created";
  #retries = 0;

  constructor(options: WorkQueueOptions) {
    assert((options.workers ?? DEFAULT_WORKERS) >= 1, "a work queue needs at least one worker");
    this.#options = options;
  }

  /** Begins to work, on what was added before too. */
  start(): void {
    assert(this.#state === "created", "the work queue was started before");
    this.#state = "running";
    this.#pump();
  }

  /** Wants the key worked on as soon as a worker is free. Ignored while draining and after stop. */
  add(key: string): void {
    if (this.#state === "draining" || this.#state === "stopped") return;
    const running = this.#running.get(key);
    if (running !== undefined) running.isAddedAgain = true;
    else this.#ready.add(key);
    this.#pump();
  }

  /** Wants the key worked on after a delay (WQ3). */
  addAfter(key: string, delayMs: number): void {
    if (this.#state === "draining" || this.#state === "stopped") return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.dueMs <= dueMs) return;
    earlier?.timer.cancel();
    const timer = clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, timer });
  }

  /** Counts a failure of the key and adds it after the delay that it has earned; returns that delay. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#retries += 1;
    const running = this.#running.get(key);
    if (running !== undefined) running.isRetried = true;
    const delayMs = backoffMs(this.#options.backoff ?? DEFAULT_BACKOFF, failures, this.#options.random);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** Forgets the failures of a key: its next retry is quick again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Takes nothing more, works off what is ready, and resolves when that is done. Delayed adds are dropped. */
  async drain(): Promise<void> {
    if (this.#state === "created") this.start();
    if (this.#state === "running") this.#state = "draining";
    this.#dropDelayed();
    await this.#whenIdle();
  }

  /** Takes and begins nothing more, ends the signal of what is running, and resolves when that has ended. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#dropDelayed();
    this.#ready.clear();
    this.#stopping.abort();
    await this.#whenIdle();
  }

  figures(): WorkQueueFigures {
    const nowMs = this.#options.clock.monotonicMs();
    let longestRunningMs = 0;
    for (const { sinceMs } of this.#running.values()) longestRunningMs = Math.max(longestRunningMs, nowMs - sinceMs);
    return {
      depth: this.#ready.size,
      delayed: this.#delayed.size,
      inWork: this.#running.size,
      retries: this.#retries,
      failing: this.#failures.size,
      longestRunningMs,
    };
  }

  #pump(): void {
    if (this.#state === "created" || this.#state === "stopped") return;
    for (const key of this.#ready) {
      if (this.#running.size >= (this.#options.workers ?? DEFAULT_WORKERS)) return;
      this.#ready.delete(key);
      void this.#work(key);
    }
  }

  /** Never rejects. */
  async #work(key: string): Promise<void> {
    const running: Running = { sinceMs: this.#options.clock.monotonicMs(), isAddedAgain: false, isRetried: false };
    this.#running.set(key, running);
    try {
      // Not in the turn of whoever added it: a cache has others to tell first.
      await Promise.resolve();
      await this.#options.work(key, this.#stopping.signal);
      if (!running.isRetried) this.forget(key);
    } catch (error) {
      const delayMs = running.isRetried ? null : Math.round(this.retry(key));
      if (this.#state !== "stopped") this.#options.log.warn({ key, err: error, delayMs }, "work on a key failed");
    }
    this.#running.delete(key);
    if (running.isAddedAgain && this.#state !== "stopped") this.#ready.add(key);
    this.#pump();
    this.#tellIdle();
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.add(resolve);
      this.#tellIdle();
    });
  }

  #tellIdle(): void {
    if (this.#ready.size > 0 || this.#running.size > 0) return;
    for (const resolve of this.#idleWaiters) resolve();
    this.#idleWaiters.clear();
  }

  #dropDelayed(): void {
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
  }
}
