import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "../../graph/index.ts";
import { isBeyondTolerance, nextTrigger } from "./checkpoint-policy.ts";

const settings = { ...defaultConfiguration().checkpoints, intervalMs: 1000, minPauseMs: 0, maxConcurrent: 1 };
const facts = { runningSinceMs: 100, lastStartMs: null, lastEndMs: null, inFlight: 0 };

const cases = {
  "CK-1 no interval: never": [{ ...settings, intervalMs: null }, facts, { kind: "never" }],
  "the first comes an interval after the start": [settings, facts, { kind: "at", timeMs: 1100 }],
  "CK-3 the next comes an interval after the start of the last": [
    settings,
    { ...facts, lastStartMs: 2000, lastEndMs: 2300 },
    { kind: "at", timeMs: 3000 },
  ],
  "CK-3 a slow one is followed at once": [
    settings,
    { ...facts, lastStartMs: 2000, lastEndMs: 5300 },
    { kind: "at", timeMs: 5300 },
  ],
  "CK-3 the pause counts from the end of the last": [
    { ...settings, minPauseMs: 900 },
    { ...facts, lastStartMs: 2000, lastEndMs: 2300 },
    { kind: "at", timeMs: 3200 },
  ],
  "CK-3 with the most in flight the end of one is waited for": [
    settings,
    { ...facts, lastStartMs: 2000, inFlight: 1 },
    { kind: "whenOneEnds" },
  ],
  "CK-3 two may be in flight": [
    { ...settings, maxConcurrent: 2 },
    { ...facts, lastStartMs: 2000, inFlight: 1 },
    { kind: "at", timeMs: 3000 },
  ],
  "after a restart the interval begins anew": [
    settings,
    { ...facts, runningSinceMs: 9000, lastStartMs: 2000, lastEndMs: 2300 },
    { kind: "at", timeMs: 10_000 },
  ],
} as const;

for (const [sentence, [given, when, expected]] of Object.entries(cases)) {
  test(sentence, () => assert.deepEqual(nextTrigger(given, when), expected));
}

test("CK-5 k failures in a row are borne, one more is not; unlimited bears any number", () => {
  assert.equal(isBeyondTolerance({ ...settings, tolerableFailures: 2 }, 2), false);
  assert.equal(isBeyondTolerance({ ...settings, tolerableFailures: 2 }, 3), true);
  assert.equal(isBeyondTolerance({ ...settings, tolerableFailures: 0 }, 1), true);
  assert.equal(isBeyondTolerance({ ...settings, tolerableFailures: null }, 1_000_000), false);
});
