import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DURATION_PATTERN, durationMs, formatDuration, parseDuration, readDelay, readDuration } from "./duration.ts";

describe("a duration", () => {
  const good: Readonly<Record<string, number>> = {
    "10s": 10_000,
    "10 s": 10_000,
    "10S": 10_000,
    "500ms": 500,
    "500 ms": 500,
    "500  millis": 500,
    "1 millisecond": 1,
    "250": 250,
    "5m": 300_000,
    "10 min": 600_000,
    "10 MIN": 600_000,
    "2minutes": 120_000,
    "1.5s": 1500,
    "0.001 s": 1,
    "0.29 min": 17_400,
    "1.5 h": 5_400_000,
    "90m": 5_400_000,
    "168h": 604_800_000,
    "7 d": 604_800_000,
    "1 day": 86_400_000,
    "1h30m": 5_400_000,
    "1h2m3s4ms": 3_723_004,
    "0s": 0,
    "0": 0,
  };
  for (const [text, ms] of Object.entries(good)) {
    it(`${text} is ${ms} ms (DUR1)`, () => {
      assert.equal(durationMs(text), ms);
      assert.match(text.toLowerCase(), new RegExp(DURATION_PATTERN));
    });
  }

  const bad: readonly (readonly [unknown, RegExp])[] = [
    ["-5s", /"-5s" is not a duration: it is negative/],
    [-5, /-5 is not a duration: it is negative/],
    ["30m1h", /the largest first/],
    ["5m5m", /the largest first/],
    ["1 h 30 min", /without spaces, such as 1h30m/],
    ["1d12h", /several units are hours, minutes, seconds/],
    ["0.5ms", /milliseconds are whole numbers/],
    ["1.5", /milliseconds are whole numbers/],
    ["0.0005s", /at most three decimals/],
    ["", /"" is not a duration: write it like "500 ms"/],
    ["ten", /write it like "500 ms"/],
    ["s", /write it like "500 ms"/],
    ["1 fortnight", /write it like "500 ms"/],
    ["1 constructor", /write it like "500 ms"/],
    [" 2m", /begins or ends with a space/],
    ["5s\n", /begins or ends with a space/],
    ["1234567890h", /1234567890h/],
    ["999999999d", /999999999d/],
    [Number.NaN, /NaN is not a duration/],
    [Number.POSITIVE_INFINITY, /Infinity is not a duration/],
    [null, /null is not a duration: .* or as a number of milliseconds/],
    [undefined, /undefined is not a duration/],
    [{}, /\{\} is not a duration/],
  ];
  for (const [value, problem] of bad) {
    it(`${JSON.stringify(value)} is refused with what to write instead (DUR3)`, () => {
      const parsed = parseDuration(value);
      assert.equal(parsed.kind, "invalid");
      assert.match(parsed.kind === "invalid" ? parsed.problem : "", problem);
    });
  }

  it("that is a number is milliseconds as they are", () => {
    assert.deepEqual([durationMs(0), durationMs(1500), durationMs(0.25)], [0, 1500, 0.25]);
  });

  it("that is none is an error that begins with where it stands", () => {
    assert.throws(() => readDuration("soon", "configure.bufferTimeout"), {
      code: "OPTION_INVALID",
      destiny: "terminal",
      message: /^configure\.bufferTimeout: "soon" is not a duration: /,
    });
  });

  it("until something is due may be below 0 as a number: then it is due", () => {
    assert.deepEqual([readDelay(-5, "wakeAfter"), readDelay("1s", "wakeAfter")], [0, 1000]);
    assert.throws(
      () => readDelay("-5s", "wakeAfter"),
      /^StreamError: wakeAfter: "-5s" is not a duration: it is negative/,
    );
  });

  it("that is formatted reads as the same number of milliseconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 366 * 86_400_000 }), (ms) => {
        assert.equal(durationMs(formatDuration(ms)), ms);
      }),
    );
  });

  it("of whatever text is a whole number of milliseconds, or refused (DUR2)", () => {
    const number = fc.oneof(fc.nat().map(String), fc.double({ min: 0, max: 1e6 }).map(String));
    const unit = fc.constantFrom("", " ", "ms", " ms", "s", " sec", "m", " min", "h", "d", " days", "x");
    fc.assert(
      fc.property(number, unit, (amount, word) => {
        const parsed = parseDuration(`${amount}${word}`);
        assert.ok(parsed.kind === "invalid" || Number.isSafeInteger(parsed.ms), `${amount}${word}`);
      }),
    );
  });
});
