/**
 * Owns: what a task has to do between records: checkpoints to trigger, timers that are due, notifications. First in, first out.
 *
 * MB1 Mail is run only while the task runs and nothing blocks it; it waits otherwise.
 * MB2 Timers are cancelled with the task: none fires after `close`.
 */
import type { Clock, Timer } from "../base/index.ts";

export class Mailbox {
  private readonly clock: Clock;
  private readonly onMail: () => void;
  private readonly mail: (() => void)[] = [];
  private readonly timers = new Set<Timer>();
  private isClosed = false;

  constructor(clock: Clock, onMail: () => void) {
    this.clock = clock;
    this.onMail = onMail;
  }

  get isEmpty(): boolean {
    return this.mail.length === 0;
  }

  post(action: () => void): void {
    if (this.isClosed) return;
    this.mail.push(action);
    this.onMail();
  }

  postAfter(delayMs: number, action: () => void): Timer {
    const timer = this.clock.after(delayMs, () => {
      this.timers.delete(timer);
      this.post(action);
    });
    this.timers.add(timer);
    return {
      cancel: () => {
        this.timers.delete(timer);
        timer.cancel();
      },
    };
  }

  /** Runs the oldest mail. */
  runOne(): void {
    this.mail.shift()?.();
  }

  close(): void {
    this.isClosed = true;
    this.mail.length = 0;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
  }
}
