/**
 * Owns: how a task's time is shared between work, waiting for input and waiting for others (BP-2).
 *
 * TAC1 The shares of a window sum to 1: what lies between two steps is put down to why the first one ended.
 */

/** Why a step ended: more to do (the thread's turn was over), no input, no credit, a promise or barriers to come, or a source paused by alignment. */
export type WaitReason = "ready" | "idle" | "backpressured" | "blocked" | "paused";

export type TimeShares = {
  readonly busyRatio: number;
  readonly backPressuredRatio: number;
  readonly idleRatio: number;
};

export class TaskClock {
  #sinceMs: number;
  #reason: WaitReason = "idle";
  #busyMs = 0;
  #backPressuredMs = 0;
  #idleMs = 0;
  #stalled = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** A step begins: what went before was waiting for the last step's reason. */
  begin(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    if (this.#reason === "idle" || this.#reason === "paused") this.#idleMs += elapsedMs;
    else if (this.#reason === "backpressured") this.#backPressuredMs += elapsedMs;
    // Waiting for the thread or for an operator's own promise is the task's work, as seen from outside.
    else this.#busyMs += elapsedMs;
    if (this.#reason === "backpressured" || this.#reason === "blocked" || this.#reason === "paused")
      this.#stalled += elapsedMs;
  }

  end(nowMs: number, reason: WaitReason): void {
    this.#busyMs += nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    this.#reason = reason;
  }

  /** Milliseconds in which the task could not take records though it might have had some (WM-3). */
  get stalledMs(): number {
    return this.#stalled;
  }

  /** The shares since the last call. */
  takeShares(nowMs: number): TimeShares {
    this.begin(nowMs);
    const total = this.#busyMs + this.#backPressuredMs + this.#idleMs;
    const share = (ms: number): number => (total === 0 ? 0 : ms / total);
    const shares = {
      busyRatio: share(this.#busyMs),
      backPressuredRatio: share(this.#backPressuredMs),
      idleRatio: total === 0 ? 1 : share(this.#idleMs),
    };
    this.#busyMs = 0;
    this.#backPressuredMs = 0;
    this.#idleMs = 0;
    return shares;
  }
}
