import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../testkit/index.ts";
import { Mailbox } from "./mailbox.ts";
import { watchProcessingTime } from "./processing-time.ts";

const HOUR_MS = 3_600_000;

/** Timers as a keyed back end has them; `tick` lets time pass and does what has fallen due. */
function setting(): {
  clock: ManualClock;
  fired: number[];
  register: (timestamp: number) => void;
  tick: (ms: number) => void;
} {
  const clock = new ManualClock(10 * HOUR_MS);
  const mailbox = new Mailbox(clock, () => undefined);
  const waiting: number[] = [];
  const fired: number[] = [];
  let listener: (timestamp: number) => void = () => undefined;
  watchProcessingTime(
    {
      onEarliestProcessingTime: (heard) => {
        listener = heard;
      },
      fireProcessingTime: (nowMs) => {
        while (waiting[0] !== undefined && waiting[0] <= nowMs) fired.push(waiting.shift() as number);
        return waiting[0] ?? null;
      },
    },
    mailbox,
    clock,
    () => true,
  );
  return {
    clock,
    fired,
    register: (timestamp) => {
      waiting.push(timestamp);
      waiting.sort((left, right) => left - right);
      if (waiting[0] === timestamp) listener(timestamp);
    },
    tick: (ms) => {
      clock.advance(ms);
      while (mailbox.hasMail(true)) mailbox.runOne(true);
    },
  };
}

test("PRT3 timers fire in the order of their times", () => {
  const { clock, fired, register, tick } = setting();
  const now = clock.nowMs();
  register(now + 100);
  register(now + 50);
  tick(50);
  assert.deepEqual(fired, [now + 50]);
  tick(50);
  assert.deepEqual(fired, [now + 50, now + 100]);
});

test("PRT3 a clock set back by an hour for two seconds does not stop timers for an hour", () => {
  const { clock, fired, register, tick } = setting();
  const now = clock.nowMs();
  register(now + 1000);
  clock.setBack(HOUR_MS);
  // Due by the clock that never goes back; not by the wall clock.
  tick(1000);
  assert.deepEqual(fired, []);
  tick(1000);
  clock.setForward(HOUR_MS);
  tick(60_000);
  assert.deepEqual(fired, [now + 1000]);
  register(now + 100_000);
  tick(38_000);
  assert.deepEqual(fired, [now + 1000, now + 100_000]);
});
