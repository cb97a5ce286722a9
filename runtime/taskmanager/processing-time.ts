/**
 * Owns: when a task's processing-time timers fire.
 *
 * PRT3 One wait per keyed back end, for its earliest timer. The wait follows the wall clock, which may be set (`waitUntil`): timers
 *     that fell due fire within half a minute of it, and none fires before its time.
 */
import type { Clock } from "../../base/index.ts";
import type { Mailbox } from "./mailbox.ts";

/** What is needed of a keyed back end. */
export type ProcessingTimers = {
  onEarliestProcessingTime(listener: (timestamp: number) => void): void;
  fireProcessingTime(nowMs: number, mayGoOn: () => boolean): number | null;
};

/** `mayGoOn`: asked between two timers; false leaves the rest for later. */
export function watchProcessingTime(
  timers: ProcessingTimers,
  mailbox: Mailbox,
  clock: Clock,
  mayGoOn: () => boolean,
): void {
  let cancel = (): void => undefined;
  const arm = (timestamp: number): void => {
    cancel();
    const timer = mailbox.postAt(timestamp, () => {
      const next = timers.fireProcessingTime(clock.nowMs(), mayGoOn);
      if (next !== null) arm(next);
    });
    cancel = () => timer.cancel();
  };
  timers.onEarliestProcessingTime(arm);
}
