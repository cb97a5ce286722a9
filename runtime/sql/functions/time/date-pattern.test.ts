import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { datePattern } from "./date-pattern.ts";

it("a pattern that has written other times before writes the same", () => {
  const patterns = "yyyy-MM-dd|HH:mm|h a|EEE|yyyy-MM-dd HH:mm:ss|ss.SSS|HH XXX|D".split("|");
  const pattern = fc.constantFrom(...patterns);
  // Steps of all lengths, also backwards and before 1970.
  const step = fc.constantFrom(0, 1, 999, 1000, 59_000, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000);
  const steps = fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 12 });
  const zones = [0, 3_600_000].map((offsetMs) => ({ name: "zone", offsetMs }));
  fc.assert(
    fc.property(pattern, steps, (written, moves) => {
      const { write } = datePattern(written);
      let clockMs = 0;
      for (const [index, [ms, isBack]] of moves.entries()) {
        clockMs += isBack ? -ms : ms;
        const zone = zones[index % 2] as { name: string; offsetMs: number };
        assert.equal(write(clockMs, 0, zone), datePattern(written).write(clockMs, 0, zone));
      }
    }),
    { seed: 5, numRuns: 500 },
  );
});
