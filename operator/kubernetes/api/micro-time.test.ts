import assert from "node:assert/strict";
import { test } from "node:test";
import { microTime, secondsTime } from "./micro-time.ts";

test("MIT1 MicroTime has exactly six digits, whatever the fraction", () => {
  for (const epochMs of [0, 1, 999, 1_900_000_000_000, 1_900_000_000_123.5]) {
    assert.match(microTime(epochMs), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  }
  assert.equal(microTime(1.5), "1970-01-01T00:00:00.001500Z");
});

test("times of metadata are in whole seconds", () => {
  assert.equal(secondsTime(1999), "1970-01-01T00:00:01Z");
});
