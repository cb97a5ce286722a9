/** Owns: waiting for a condition at a real API server, or for what a cluster does in its own time. */
import assert from "node:assert/strict";
import { sleep, systemClock } from "../../base/index.ts";

/** A new garbage collector looks every 30 s for kinds that are new. */
const DEADLINE_MS = 120_000;

/** Errors: AssertionError with `what`, when it does not hold in time. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + deadlineMs;
  while (!(await holds())) {
    assert.ok(systemClock.monotonicMs() < endMs, `not within ${deadlineMs} ms: ${what}`);
    await sleep(systemClock, 50);
  }
}
