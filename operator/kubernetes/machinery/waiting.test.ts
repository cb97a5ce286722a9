import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../runtime/testkit/index.ts";
import { settled } from "./scripted-api.test-support.ts";
import { callWithin, pause } from "./waiting.ts";

test("WT1 a pause ends by time or by its signal, and leaves no timer", async () => {
  const clock = new ManualClock();
  const ending = new AbortController();
  let ended = 0;
  for (const waitMs of [10, 1000]) {
    void pause(clock, waitMs, ending.signal).then(() => {
      ended += 1;
    });
  }
  clock.advance(10);
  await settled();
  assert.equal(ended, 1);
  ending.abort();
  await settled();
  assert.equal(ended, 2);
  assert.equal(clock.armed, 0);
  await pause(clock, 1000, ending.signal);
});

test("WT2 a call that ignores its signal is left alone at the deadline, and its late failure harms nobody", async () => {
  const clock = new ManualClock();
  let signalOfCall: AbortSignal | undefined;
  let failLate: (error: Error) => void = () => undefined;
  const result = callWithin({ clock, timeoutMs: 100, what: "get Pod a/b" }, (signal) => {
    signalOfCall = signal;
    return new Promise((_, reject) => {
      failLate = reject;
    });
  });
  clock.advance(100);
  await assert.rejects(result, { reason: "Timeout", destiny: "retry" });
  assert.equal(signalOfCall?.aborted, true);
  failLate(new Error("late"));
  await settled();
});

test("a call that throws instead of rejecting leaves no timer either", async () => {
  const clock = new ManualClock();
  const thrown = callWithin({ clock, timeoutMs: 100, what: "x" }, () => {
    throw new Error("thrown");
  });
  await assert.rejects(thrown, /thrown/);
  assert.equal(clock.armed, 0);
});
