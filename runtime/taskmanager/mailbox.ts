/**
 * Owns: what a task has to do between records: checkpoints to trigger, notifications, and timers that are due. First in, first out.
 *
 * MB1 Mail is run only while the task is active and nothing blocks it; it waits otherwise.
 * MB2 What timers do belongs to the data: they run only while the task reads its input. After a stop-with-savepoint's barrier, or
 *     the end of data, what they would emit would come after it (SP-2, P-2); they wait, in case the task goes on.
 * MB3 Timers are cancelled with the task: none fires after `close`.
 */
import { type Clock, type Timer, waitUntil } from "../../base/index.ts";

export class Mailbox {
  readonly #clock: Clock;
  readonly #onMail: () => void;
  readonly #mail: (() => void)[] = [];
  readonly #due: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  #isClosed = false;

  constructor(clock: Clock, onMail: () => void) {
    this.#clock = clock;
    this.#onMail = onMail;
  }

  /** True when `runOne` would run something. */
  hasMail(withTimers: boolean): boolean {
    return this.#mail.length > 0 || (withTimers && this.#due.length > 0);
  }

  post(action: () => void): void {
    if (this.#isClosed) return;
    this.#mail.push(action);
    this.#onMail();
  }

  postAfter(delayMs: number, action: () => void): Timer {
    return this.#postWhen((fire) => this.#clock.after(delayMs, fire), action);
  }

  /** `timeMs`: of the wall clock, which may be set in between. */
  postAt(timeMs: number, action: () => void): Timer {
    return this.#postWhen((fire) => waitUntil(this.#clock, timeMs, fire), action);
  }

  #postWhen(arm: (fire: () => void) => Timer, action: () => void): Timer {
    const timer = arm(() => {
      this.#timers.delete(timer);
      if (this.#isClosed) return;
      this.#due.push(action);
      this.#onMail();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  /** Runs the oldest mail; a due timer only when there is none, and only `withTimers`. */
  runOne(withTimers: boolean): void {
    const action = this.#mail.shift() ?? (withTimers ? this.#due.shift() : undefined);
    action?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#mail.length = 0;
    this.#due.length = 0;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
