import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WindowHistogram } from "./window-histogram.ts";

const histogramOf = (values: Iterable<number>): WindowHistogram => {
  const histogram = new WindowHistogram(() => assert.fail("a finite number was refused"));
  for (const value of values) histogram.update(value);
  return histogram;
};

test("a histogram without values is worth zeros", () => {
  assert.deepEqual([...new Set(Object.values(histogramOf([]).statistics))], [0]);
});

test("percentiles are those of the nearest rank", () => {
  const values = Array.from({ length: 1000 }, (_, index) => 1000 - index);
  const { stddev, ...rest } = histogramOf(values).statistics;
  assert.deepEqual(rest, {
    count: 1000,
    sum: 500_500,
    min: 1,
    max: 1000,
    mean: 500.5,
    p50: 500,
    p75: 750,
    p90: 900,
    p95: 950,
    p98: 980,
    p99: 990,
    p999: 999,
  });
  assert.equal(Math.round(stddev * 1000), 288_819);
  assert.equal(histogramOf([7]).statistics.stddev, 0);
  assert.equal(histogramOf([1, 9]).statistics.p50, 1);
  const { p50, p75, p99 } = histogramOf([30, 10, 20]).statistics;
  assert.deepEqual([p50, p75, p99], [20, 30, 30]);
});

test("the newest 1024 values count, count and sum are of all (WIH1)", () => {
  const histogram = histogramOf(Array.from({ length: 1025 }, (_, index) => index));
  const { count, sum, min, max } = histogram.statistics;
  assert.deepEqual([count, sum, min, max], [1025, (1025 * 1024) / 2, 1, 1024]);
  histogram.update(5000);
  assert.deepEqual([histogram.statistics.min, histogram.statistics.max], [2, 5000]);
});

test("what is read does not depend on when it is read (WIH1, WIH2)", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 3000 }), fc.integer({ min: 1, max: 100 }), (values, stride) => {
      const read = new WindowHistogram(() => undefined);
      for (const [index, value] of values.entries()) {
        read.update(value);
        if (index % stride === 0) void read.statistics;
      }
      assert.deepEqual(read.statistics, histogramOf(values).statistics);
    }),
    { numRuns: 30 },
  );
});
