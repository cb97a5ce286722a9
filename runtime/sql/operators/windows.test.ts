import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SlicedWindow, WindowSlices } from "./windows.ts";

const base = { time: 0, isProctime: false } as const;
const offset = fc.integer({ min: -20, max: 20 });
const anyWindow: fc.Arbitrary<SlicedWindow> = fc.oneof(
  fc
    .record({ size: fc.integer({ min: 1, max: 20 }), offset })
    .map((each) => ({ ...base, kind: "tumble" as const, ...each })),
  fc
    .record({ size: fc.integer({ min: 1, max: 20 }), slide: fc.integer({ min: 1, max: 20 }), offset })
    .map((each) => ({ ...base, kind: "hop" as const, ...each })),
  fc
    .record({ step: fc.integer({ min: 1, max: 6 }), steps: fc.integer({ min: 1, max: 5 }), offset })
    .map(({ step, steps, offset: by }) => ({
      ...base,
      kind: "cumulate" as const,
      step,
      size: step * steps,
      offset: by,
    })),
);

/** By definition: all [start, end) that the time is in. */
function windowsOf(window: SlicedWindow, time: number): readonly (readonly [number, number])[] {
  const windows: [number, number][] = [];
  const unit = window.kind === "hop" ? window.slide : window.size;
  const lengths =
    window.kind === "cumulate"
      ? Array.from({ length: window.size / window.step }, (_none, at) => (at + 1) * window.step)
      : [window.size];
  for (let start = time - window.size - 50; start <= time; start++) {
    if ((start - window.offset) % unit !== 0) continue;
    for (const length of lengths) if (start <= time && time < start + length) windows.push([start, start + length]);
  }
  return windows.toSorted(([, left], [, right]) => left - right);
}

test("the windows of a time are those of its slice, one after the other, each with its start (SQWN1, SQWN2)", () => {
  fc.assert(
    fc.property(
      anyWindow,
      fc.integer({ min: -100, max: 100 }),
      fc.integer({ min: -110, max: 130 }),
      (window, time, after) => {
        const slices = new WindowSlices(window);
        const slice = slices.sliceOf(time);
        assert.ok(time < slice);
        const found: [number, number][] = [];
        for (let end = slices.nextEnd(slice, after); end !== null; end = slices.nextEnd(slice, end))
          found.push([slices.startOf(end), end]);
        assert.deepEqual(
          found,
          windowsOf(window, time).filter(([, end]) => end > after),
        );
        // No window begins or ends in a slice.
        assert.equal(slices.sliceOf(slice - 1), slice);
      },
    ),
    { numRuns: 2000, seed: 11 },
  );
});
