/** Owns: waiting for a condition in tests of this folder that have no run of their own to wait with. */
import assert from "node:assert/strict";
import { sleep, systemClock } from "../../base/index.ts";

const DEADLINE_MS = 180_000;
const LOOK_EVERY_MS = 5;

/** Errors: AssertionError with `what`, when it does not hold in time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + deadlineMs;
  while (!(await holds())) {
    assert.ok(systemClock.monotonicMs() < endMs, `${what}: not within ${deadlineMs} ms`);
    await sleep(systemClock, LOOK_EVERY_MS);
  }
}
