/** Owns: what the job threw, as events: each once, for observed are only those that are news. */
import type { PlannedEvent } from "../actions/plan.ts";
import type { Situation } from "../facts/situation.ts";

/** More at once tell nothing new. */
const EVENTS_MAX = 5;

/** The newest ones, oldest first. */
export function exceptionEvents({ observed }: Situation): readonly PlannedEvent[] {
  return observed.exceptions
    .toSorted((a, b) => b.timeMs - a.timeMs)
    .slice(0, EVENTS_MAX)
    .reverse()
    .map(({ message, taskName }) => ({
      type: "Warning",
      reason: "JobException",
      note: taskName === null ? message : `${taskName}: ${message}`,
    }));
}
