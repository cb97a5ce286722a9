import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { durationMs, formatDuration, parseDuration } from "./duration.ts";

describe("a duration", () => {
  const good: Readonly<Record<string, number>> = {
    "10s": 10_000,
    "500ms": 500,
    "5m": 300_000,
    "1h30m": 5_400_000,
    "1h2m3s4ms": 3_723_004,
    "0s": 0,
    "90m": 5_400_000,
    "168h": 604_800_000,
  };
  for (const [text, ms] of Object.entries(good)) {
    it(`${text} is ${ms} ms`, () => assert.equal(durationMs(text), ms));
  }

  const bad: Readonly<Record<string, RegExp>> = {
    "10": /the unit is missing; write "10s" or "10ms"/,
    "10 s": /contains a space/,
    "7d": /days are not supported; write hours, such as "168h"/,
    "1.5h": /fractions are not supported; write "1h30m"/,
    "-5s": /it is negative/,
    "30m1h": /each unit at most once, the largest first/,
    "5m5m": /each unit at most once, the largest first/,
    "": /"" is not a duration: write it like "10s"/,
    ten: /write it like "10s"/,
    "10S": /write it like "10s"/,
    "5s\n": /contains a space/,
    "1234567890h": /1234567890h/,
  };
  for (const [text, problem] of Object.entries(bad)) {
    it(`${JSON.stringify(text)} is refused with what to write instead (DU2)`, () => {
      const parsed = parseDuration(text);
      assert.equal(parsed.kind, "invalid");
      assert.match(parsed.kind === "invalid" ? parsed.problem : "", problem);
    });
  }

  it("that is formatted reads as the same number of milliseconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 366 * 86_400_000 }), (ms) => {
        assert.equal(durationMs(formatDuration(ms)), ms);
      }),
    );
  });
});
