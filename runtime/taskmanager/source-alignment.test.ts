import assert from "node:assert/strict";
import { test } from "node:test";
import type { PollResult } from "../ports/index.ts";
import { SourceAlignment } from "./source-alignment.ts";

test("a source that may go on is polled at once, and is not woken for nothing (SAL1)", () => {
  let woken = 0;
  const alignment = new SourceAlignment({ report: () => undefined, wake: () => void woken++ });
  alignment.pause(false);
  alignment.pause(true);
  assert.deepEqual([alignment.isPaused, woken], [true, 0]);
  alignment.pause(false);
  assert.deepEqual([alignment.isPaused, woken], [false, 1]);
});

test("splits are paused where the reader can, which is polled then (SAL2)", () => {
  let woken = 0;
  const paused: string[][] = [];
  const alignment = new SourceAlignment({ report: () => undefined, wake: () => void woken++ });
  const reader = { poll: (): PollResult => "idle", snapshot: () => [] };
  alignment.reader = reader;
  assert.equal(alignment.pausesSplits, false);
  alignment.reader = { ...reader, pauseSplits: (ids) => void paused.push([...ids]) };
  assert.equal(alignment.pausesSplits, true);
  alignment.pauseSplits(new Set(["a"]));
  assert.deepEqual([paused, woken], [[["a"]], 1]);
});
