import assert from "node:assert/strict";
import { test } from "node:test";
import { TaskClock } from "./task-clock.ts";

test("a source paused by alignment is idle in the shares, and not in what counts for idleness (WM-3, SAL1)", () => {
  const clock = new TaskClock(0);
  clock.begin(0);
  clock.end(10, "paused");
  clock.begin(100);
  clock.end(100, "idle");
  assert.equal(clock.stalledMs, 90);
  assert.deepEqual(clock.takeShares(200), { busyRatio: 0.05, backPressuredRatio: 0, idleRatio: 0.95 });
  assert.equal(clock.stalledMs, 90);
});
