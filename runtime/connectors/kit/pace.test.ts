import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../testkit/index.ts";
import { Pace } from "./pace.ts";

/** Runs a pace for `spanMs`, polling whenever it wakes; returns when each record was given. */
function run(perSecond: number, spanMs: number, firstAfter = 0): number[] {
  const clock = new ManualClock();
  const timesMs: number[] = [];
  const poll = (): void => {
    const due = pace.due(1000);
    for (let record = 0; record < due; record++) timesMs.push(clock.monotonicMs());
    pace.spend(due);
    pace.wakeWhenDue();
  };
  const pace = new Pace(clock, perSecond, firstAfter, poll);
  poll();
  clock.advance(spanMs);
  return timesMs;
}

test("the rate is kept, slow or fast, whole or not", () => {
  for (const perSecond of [0.5, 1, 3, 7.5, 999, 1000, 250_000]) {
    const expected = perSecond * 20;
    const given = run(perSecond, 20_000).length;
    assert.ok(
      Math.abs(given - expected) <= Math.max(2, expected / 1000),
      `${given} in 20 s at ${perSecond} per second`,
    );
  }
});

test("records come evenly, not in heaps", () => {
  const timesMs = run(100, 1000);
  for (let index = 1; index < timesMs.length; index++) {
    const gapMs = (timesMs[index] as number) - (timesMs[index - 1] as number);
    assert.ok(gapMs >= 8 && gapMs <= 12, `a gap of ${gapMs} ms`);
  }
});

test("the first record comes at once, or after its share of a gap", () => {
  assert.equal(run(1, 5000)[0], 0);
  assert.equal(run(1, 5000, 0.75)[0], 750);
});

test("PA2 after a stall at most 100 ms are caught up", () => {
  const clock = new ManualClock();
  const pace = new Pace(clock, 1000, 1, () => undefined);
  assert.equal(pace.due(10_000), 0);
  clock.advance(5000);
  assert.equal(pace.due(10_000), 100);
});

test("PA3 however often it is polled, one timer waits, and none after close", () => {
  const clock = new ManualClock();
  const pace = new Pace(clock, 10, 1, () => undefined);
  for (let poll = 0; poll < 5; poll++) {
    assert.equal(pace.due(1), 0);
    pace.wakeWhenDue();
  }
  assert.equal(clock.armed, 1);
  pace.close();
  assert.equal(clock.armed, 0);
});
