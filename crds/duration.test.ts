import assert from "node:assert/strict";
import { it } from "node:test";
import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { parseDuration } from "../base/index.ts";
import { celDurationWithin, celMilliseconds } from "./duration.ts";

const environment = new Environment({ unlistedVariablesAreDyn: true });
const cel = (rule: string, self: string): unknown => {
  try {
    return environment.parse(rule)({ self });
  } catch {
    return "error";
  }
};

const YEAR_MS = 31_536_000_000;
const amount = fc.oneof(
  fc.nat({ max: 400 }).map(String),
  fc.nat({ max: 999_999_999 }).map(String),
  fc.tuple(fc.nat({ max: 99 }), fc.constantFrom("0", "5", "29", "001", "999", "0005")).map(([a, b]) => `${a}.${b}`),
);
const longerUnits = "d day days h hour hours m min minute minutes s sec secs second seconds".split(" ");
const millisecondUnits = "ms milli millis millisecond milliseconds MS".split(" ");
const unit = fc.constantFrom("", ...longerUnits, ...millisecondUnits, "Min", "H", "x", "mi", "us");
const one = fc.tuple(amount, fc.constantFrom("", " ", "   "), unit).map((parts) => parts.join(""));
const several = fc
  .tuple(...["h", "m", "s", "ms"].map((name) => fc.option(fc.nat({ max: 2000 }).map((count) => `${count}${name}`))))
  .map((parts) => parts.map((part) => part ?? "").join(""));
const text = fc.oneof(
  one,
  several,
  one,
  fc.tuple(several, one).map((parts) => parts.join(" ")),
);

it("an API server accepts the durations that we accept, and no others; they are the same number of milliseconds (DU1)", () => {
  const seen = { duration: 0, invalid: 0 };
  const milliseconds = celMilliseconds("self");
  const isAny = celDurationWithin(0, Number.MAX_SAFE_INTEGER);
  const isWithinYear = celDurationWithin(10, YEAR_MS);
  fc.assert(
    fc.property(text, (self) => {
      const parsed = parseDuration(self);
      seen[parsed.kind]++;
      const isWithin = parsed.kind === "duration" && parsed.ms >= 10 && parsed.ms <= YEAR_MS;
      if (self !== "") assert.equal(cel(isWithinYear, self) === true, isWithin, self);
      if (parsed.kind === "invalid") return self === "" || assert.notEqual(cel(isAny, self), true, self);
      return assert.equal(cel(milliseconds, self), BigInt(parsed.ms), self);
    }),
    { numRuns: 2000 },
  );
  assert.ok(seen.duration > 400 && seen.invalid > 400, JSON.stringify(seen));
});
