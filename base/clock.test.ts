import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../runtime/testkit/index.ts";
import { waitUntil } from "./clock.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

test("a wait until a time ends at that time, and not before", () => {
  for (const waitMs of [0, 1, 29_999, 30_000, 30_001, 10 * HOUR_MS]) {
    const clock = new ManualClock(1000);
    let endedMs: number | null = null;
    waitUntil(clock, 1000 + waitMs, () => {
      endedMs = clock.nowMs();
    });
    clock.advance(20 * HOUR_MS);
    assert.equal(endedMs, 1000 + waitMs);
    assert.equal(clock.armed, 0);
  }
});

test("a time that is over is called back once, not in the same turn", () => {
  const clock = new ManualClock(1000);
  let calls = 0;
  waitUntil(clock, 5, () => calls++);
  assert.equal(calls, 0);
  clock.advance(0);
  assert.equal(calls, 1);
  clock.advance(HOUR_MS);
  assert.equal(calls, 1);
});

test("a clock that is set back for two seconds holds up a wait that was armed in them by less than a minute", () => {
  const clock = new ManualClock(10 * HOUR_MS);
  let endedMs: number | null = null;
  clock.setBack(HOUR_MS);
  waitUntil(clock, 10 * HOUR_MS + 1000, () => {
    endedMs = clock.monotonicMs();
  });
  clock.advance(2000);
  clock.setForward(HOUR_MS);
  clock.advance(MINUTE_MS);
  assert.ok(endedMs !== null, "within a minute");
});

test("a wait follows a clock that is set forward, and one that is set back, within a minute", () => {
  for (const [set, isOver] of [
    [(clock: ManualClock) => clock.setForward(HOUR_MS), true],
    [(clock: ManualClock) => clock.setBack(HOUR_MS), false],
  ] as const) {
    const clock = new ManualClock(10 * HOUR_MS);
    let calls = 0;
    waitUntil(clock, clock.nowMs() + HOUR_MS, () => calls++);
    clock.advance(1000);
    set(clock);
    clock.advance(MINUTE_MS);
    assert.equal(calls, isOver ? 1 : 0);
    // Set back it lasts as long as the clock says.
    clock.advance(2 * HOUR_MS - 2 * MINUTE_MS);
    assert.equal(calls, isOver ? 1 : 0);
    clock.advance(2 * MINUTE_MS);
    assert.equal(calls, 1);
  }
});

test("a wait that was cancelled, before or after it was cut, is not called back", () => {
  for (const beforeMs of [0, 5 * MINUTE_MS]) {
    const clock = new ManualClock();
    const timer = waitUntil(clock, HOUR_MS, () => assert.fail("called back"));
    clock.advance(beforeMs);
    timer.cancel();
    clock.advance(2 * HOUR_MS);
    assert.equal(clock.armed, 0);
  }
});
