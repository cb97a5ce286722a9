import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../testkit/index.ts";
import { MinuteMeter } from "./minute-meter.ts";

test("a steady stream has its rate from the first second on, whenever it is read", () => {
  const clock = new ManualClock(123);
  const meter = new MinuteMeter(clock);
  for (let tick = 0; tick < 1300; tick++) {
    meter.mark();
    clock.advance(100);
    if (tick >= 9) assert.ok(Math.abs(meter.rate - 10) < 1e-9, `${meter.rate} after ${tick + 1} ticks`);
  }
  assert.equal(meter.count, 1300);
});

test("within the first second the rate is what was marked: it is not divided by less than a second", () => {
  const clock = new ManualClock();
  const meter = new MinuteMeter(clock);
  assert.equal(meter.rate, 0);
  meter.mark(5);
  clock.advance(10);
  assert.equal(meter.rate, 5);
  clock.advance(1990);
  assert.equal(meter.rate, 2.5);
});

test("what was marked more than a minute ago does not count, the count stays", () => {
  const clock = new ManualClock();
  const meter = new MinuteMeter(clock);
  meter.mark(600);
  clock.advance(59_999);
  assert.ok(meter.rate > 10);
  clock.advance(1);
  assert.equal(meter.rate, 10);
  clock.advance(1_000);
  assert.equal(meter.rate, 0);
  clock.advance(3_600_000);
  meter.mark(60);
  assert.equal(meter.rate, 1);
  assert.equal(meter.count, 660);
});

test("the rate is that of the marks in the window, however marks, reads and pauses follow each other (MM1)", () => {
  const step = fc.record({ pauseMs: fc.nat({ max: 40_000 }), marks: fc.nat({ max: 9 }), isRead: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const clock = new ManualClock();
      const meter = new MinuteMeter(clock);
      const marked: { second: number; marks: number }[] = [];
      for (const { pauseMs, marks, isRead } of steps) {
        clock.advance(pauseMs);
        meter.mark(marks);
        marked.push({ second: Math.floor(clock.nowMs() / 1000), marks });
        if (isRead) void meter.rate;
      }
      const seconds = clock.nowMs() / 1000;
      const second = Math.floor(seconds);
      const inWindow = marked.filter((each) => second - each.second <= 60).reduce((sum, each) => sum + each.marks, 0);
      const spanned = Math.max(1, seconds - Math.max(0, second - 60));
      assert.ok(Math.abs(meter.rate - inWindow / spanned) < 1e-9);
    }),
  );
});
