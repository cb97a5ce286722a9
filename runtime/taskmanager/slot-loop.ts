/**
 * Owns: the one event loop of a slot: gives its tasks turns while they have work, and sleeps when none has.
 * Not here: what a task does in its turn (task.ts), where wake-ups come from (slot-exchange.ts, slot-host.ts).
 *
 * SLL1 A turn ends after TURN_MS at the latest (one record longer at most), and then sockets, timers and messages have theirs.
 * SLL2 A thread sleeps only after it announced so (`sleeping`) and looked again: a peer that saw it awake has had its work seen.
 * SLL3 Before it sleeps every collected record is sent: a batch that is not full never waits for a record that does not come.
 */
import { assert, type Clock } from "../../base/index.ts";

/** How long records are processed without a look at the event loop. */
const TURN_MS = 5;

export interface LoopTask {
  /** Works until `deadlineMs` (monotonic) or until there is nothing to do; true when it did something. */
  step(deadlineMs: number): boolean;
  /** True when `step` would do something. */
  readonly hasWork: boolean;
  /** Sends what has been collected for other tasks; true when there was something. */
  flush(): boolean;
}

export type LoopOptions = {
  readonly clock: Clock;
  readonly onNextTurn: (callback: () => void) => void;
  /** i32[slot] = 1 while asleep. */
  readonly sleeping: Int32Array;
  readonly slot: number;
  /** Moves what waits in channels; called at the start of every turn. */
  readonly pump: () => void;
  /** Sent at the latest after this time while the thread is busy. */
  readonly bufferTimeoutMs: () => number;
};

export class SlotLoop {
  readonly #options: LoopOptions;
  #tasks: readonly LoopTask[] = [];
  #isScheduled = false;
  #lastFlushMs = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    Atomics.store(options.sleeping, options.slot, 1);
  }

  add(task: LoopTask): void {
    this.#tasks = [...this.#tasks, task];
    this.wake();
  }

  remove(task: LoopTask): void {
    this.#tasks = this.#tasks.filter((candidate) => candidate !== task);
  }

  /** Something may have become possible. */
  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    Atomics.store(this.#options.sleeping, this.#options.slot, 0);
    this.#options.onNextTurn(() => this.#turn());
  }

  #turn(): void {
    assert(this.#isScheduled, "a turn runs only when it was scheduled");
    const { clock, pump } = this.#options;
    pump();
    const startMs = clock.monotonicMs();
    const deadlineMs = startMs + TURN_MS;
    let worked = this.#round(deadlineMs);
    while (worked && clock.monotonicMs() < deadlineMs) worked = this.#round(deadlineMs);
    if (!worked) {
      // What is flushed may be input for a task of this very thread.
      worked = this.#flush(startMs);
    } else if (startMs - this.#lastFlushMs >= this.#options.bufferTimeoutMs()) {
      this.#flush(startMs);
    }
    if (worked || !this.#fallAsleep()) this.#options.onNextTurn(() => this.#turn());
  }

  #round(deadlineMs: number): boolean {
    let worked = false;
    for (const task of this.#tasks) if (task.step(deadlineMs)) worked = true;
    return worked;
  }

  #flush(nowMs: number): boolean {
    this.#lastFlushMs = nowMs;
    let flushed = false;
    for (const task of this.#tasks) if (task.flush()) flushed = true;
    return flushed;
  }

  #fallAsleep(): boolean {
    const { sleeping, slot, pump } = this.#options;
    Atomics.store(sleeping, slot, 1);
    // A receiver that made room a moment ago saw this thread awake and rang no bell; it will not ring for that room again (SLL2).
    pump();
    if (this.#tasks.some((task) => task.hasWork)) {
      Atomics.store(sleeping, slot, 0);
      return false;
    }
    this.#isScheduled = false;
    return true;
  }
}
