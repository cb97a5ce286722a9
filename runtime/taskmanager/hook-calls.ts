/**
 * Owns: the hooks of operators that may take time (open, prepareSnapshot, endInput, commits, close): how long they may, and what a task
 * is waiting for just now.
 * Called by: whatever calls a hook (chain.ts, task.ts, task-checkpoints.ts).
 *
 * HK1 A hook that has not settled within its limit is an error that names operator, uid and hook; what it comes to later is of no
 *     account. A task never waits for ever without a word.
 * HK2 What fails in a hook is blamed on its operator (COO2).
 */
import { type Clock, StreamError, type Timer } from "../../base/index.ts";
import { blame, type Operator } from "./code-owner.ts";

/** `open` is part of a deployment, which the JobManager gives a minute; `close` of a cancellation. */
const OPEN_MS_MAX = 50_000;
const CLOSE_MS_MAX = 20_000;

export type Waiting = { readonly on: string; readonly forMs: number };

export type Wait = {
  readonly operator: Operator;
  readonly what: string;
  readonly sinceMs: number;
  timer: Timer | null;
};

type Hook = "open" | "prepareSnapshot" | "endInput" | "onCheckpointComplete" | "close";

export class HookCalls {
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** In the order in which it began. */
  readonly #active = new Set<Wait>();

  /** `limitMs`: the job's `hookTimeoutMs`. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** Calls a hook; returns nothing when it took no time. */
  call(operator: Operator, hook: Hook, run: () => void | Promise<void>): undefined | Promise<void> {
    try {
      const result: unknown = run();
      // Promises of other libraries are waited for as well.
      if (typeof (result as Promise<void> | undefined)?.then !== "function") return undefined;
      return this.#settled(operator, hook, Promise.resolve(result as Promise<void>));
    } catch (error) {
      throw blame(error, operator);
    }
  }

  /**
   * The task begins to wait for an operator: for a hook, or for a promise of its own, which may take as long as it likes
   * (backpressure). Taken back by `leave`.
   */
  enter(operator: Operator, what: string): Wait {
    const wait: Wait = { operator, what, sinceMs: this.#clock.monotonicMs(), timer: null };
    this.#active.add(wait);
    return wait;
  }

  leave(wait: Wait): void {
    this.#active.delete(wait);
  }

  /** The task is over: nothing that it waited for matters any more, and no timer of it keeps the thread. */
  abandon(): void {
    for (const { timer } of this.#active) timer?.cancel();
    this.#active.clear();
  }

  /** What has been waited for longest. */
  waiting(): Waiting | null {
    const [oldest] = this.#active;
    if (oldest === undefined) return null;
    const { operator, what, sinceMs } = oldest;
    return { on: `${operator.name} (uid ${operator.uid}): ${what}`, forMs: this.#clock.monotonicMs() - sinceMs };
  }

  async #settled(operator: Operator, hook: Hook, result: Promise<void>): Promise<void> {
    const wait = this.enter(operator, `its ${hook}`);
    const limitMs = Math.min(this.#limitMs, hook === "open" ? OPEN_MS_MAX : hook === "close" ? CLOSE_MS_MAX : Infinity);
    try {
      await new Promise<void>((resolve, reject) => {
        wait.timer = this.#clock.after(limitMs, () => reject(tooLong(operator, hook, limitMs)));
        result.then(resolve, reject);
      });
    } catch (error) {
      throw blame(error, operator);
    } finally {
      wait.timer?.cancel();
      this.leave(wait);
    }
  }
}

function tooLong(operator: Operator, hook: Hook, limitMs: number): StreamError {
  return new StreamError(
    "HOOK_TIMEOUT",
    `${operator.name} (uid ${operator.uid}): ${hook} has not settled in ${limitMs} ms; check what it waits for, or raise pipeline.hook-timeout`,
  );
}
