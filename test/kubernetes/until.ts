/** Owns: waiting for a condition at a real API server: a minute, and where its garbage collector is waited for two. */
import assert from "node:assert/strict";
import { sleep, systemClock } from "../../base/index.ts";

/** A new garbage collector looks every 30 s for kinds that are new. */
const DEADLINE_MS = 120_000;

/** Errors: AssertionError with `what`, when it does not hold in time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await holds())) {
    assert.ok(systemClock.monotonicMs() < endMs, `not within ${DEADLINE_MS} ms: ${what}`);
    await sleep(systemClock, 50);
  }
}
