/** Owns: waiting for what a cluster does in its own time. */
import assert from "node:assert/strict";
import { sleep, systemClock } from "../../base/index.ts";

const DEADLINE_MS = 120_000;

/** Errors: it was not so within two minutes. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() < endMs, `not within ${DEADLINE_MS} ms: ${what}`);
    await sleep(systemClock, 100);
  }
}
