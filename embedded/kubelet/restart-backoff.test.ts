import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultRestartBackoff, RestartBackoff } from "./restart-backoff.ts";

test("the first restart is at once, the next ones wait longer and longer, up to the limit (RB1)", () => {
  const backoff = new RestartBackoff(defaultRestartBackoff);
  const waits = Array.from({ length: 9 }, () => backoff.next(10));
  assert.deepEqual(waits, [0, 250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test("a container that lived long enough is restarted at once again (RB2)", () => {
  const backoff = new RestartBackoff(defaultRestartBackoff);
  for (let i = 0; i < 5; i++) backoff.next(59_999);
  assert.equal(backoff.next(60_000), 0);
  assert.equal(backoff.next(0), 250);
});

test("what never started is not tried again at once", () => {
  const backoff = new RestartBackoff(defaultRestartBackoff);
  assert.deepEqual([backoff.nextTry(), backoff.nextTry()], [250, 500]);
});
