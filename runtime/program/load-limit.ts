/**
 * Owns: how long a job's own code may take to become a job.
 * Called by: load.ts.
 *
 * LOL1 What never settles is an error: at the end of its time, or as soon as nothing is open in the process that could ever settle it. Without this a command would end
 *     without a word and with success, and a JobManager or a slot would wait without an end.
 * LOL2 Code that does not return to the event loop is not ended: nothing else runs in its thread.
 */
import { ifStillAlive, onNothingLeft } from "../../base/index.ts";

/** Why it was waited for in vain: its time is over, or nothing can come any more. */
export type Unsettled = "late" | "never";

/** What `work` comes to. `onUnsettled`: the error instead, when it does not. */
export async function settledWithin<R>(
  work: Promise<R>,
  limitMs: number,
  onUnsettled: (why: Unsettled) => Error,
): Promise<R> {
  const unsettled = Promise.withResolvers<never>();
  const fail = (why: Unsettled): void => unsettled.reject(onUnsettled(why));
  // A timer that kept the process alive would hide that nothing else does.
  const timer = ifStillAlive(limitMs, () => fail("late"));
  const forget = onNothingLeft(() => fail("never"));
  try {
    return await Promise.race([work, unsettled.promise]);
  } finally {
    timer.cancel();
    forget();
  }
}
