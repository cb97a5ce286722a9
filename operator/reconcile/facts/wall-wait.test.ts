import assert from "node:assert/strict";
import test from "node:test";
import { dueAt } from "../snapshots/schedule.ts";
import { waitLeftMs } from "./wall-wait.ts";

const HOUR_MS = 3_600_000;

test("WW1: a wait that was written before the clock was set back is over, others last as long as they were to", () => {
  assert.equal(waitLeftMs(10_000, 4000, 6000), 6000);
  assert.equal(waitLeftMs(10_000, 9999, 6000), 1);
  assert.equal(waitLeftMs(10_000, 10_000, 6000), 0);
  assert.equal(waitLeftMs(10_000, 20_000, 6000), 0, "the clock was set forward");
  assert.equal(waitLeftMs(HOUR_MS + 6000, 0, 6000), 0, "the clock was set back by an hour");
  assert.equal(waitLeftMs(7000, 0, 6000), 7000, "two clocks that differ by a second");
});

test("a schedule goes on from now when the clock was set back behind the savepoint before", () => {
  const noon = Date.parse("2031-01-01T12:00:00Z");
  const due = (since: string, nowMs: number): string | null => {
    const found = dueAt("*/5 * * * *", since, nowMs);
    return found === null ? null : new Date(found.ms).toISOString();
  };
  assert.equal(due("2031-01-01T11:55:00Z", noon - 1), "2031-01-01T12:00:00.000Z");
  assert.equal(due("2031-01-01T12:55:10Z", noon + 1000), "2031-01-01T12:05:00.000Z");
});
