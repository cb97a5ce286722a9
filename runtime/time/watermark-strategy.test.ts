import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MAX_WATERMARK, NO_TIMESTAMP } from "../record/index.ts";
import {
  forBoundedOutOfOrderness,
  forMonotonousTimestamps,
  noWatermarks,
  type WatermarkGenerator,
} from "./watermark-strategy.ts";

const identity = (value: number): number => value;
const nothing = { watermark: null, idle: null };

describe("watermark generators", () => {
  it("stay delay + 1 ms behind the highest timestamp, rise only, and report only rises (WM-1, WS1)", () => {
    const action = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constant("periodic" as const));
    fc.assert(
      fc.property(fc.nat({ max: 50 }), fc.array(action), (delayMs, actions) => {
        const generator = forBoundedOutOfOrderness(delayMs, identity).createGenerator();
        let highest: number | null = null;
        let last: number | null = null;
        for (const each of actions) {
          if (each !== "periodic") {
            assert.equal(generator.onEvent(each), false);
            highest = Math.max(highest ?? each, each);
            continue;
          }
          const due: number | null = highest === null ? null : highest - delayMs - 1;
          assert.deepEqual(generator.onPeriodic(0), { watermark: due === last ? null : due, idle: null });
          last = due;
        }
      }),
    );
  });

  it("give the highest timestamp - 1 for monotonous ones, and nothing for records without a timestamp", () => {
    const generator = forMonotonousTimestamps(identity).createGenerator();
    generator.onEvent(NO_TIMESTAMP);
    assert.deepEqual(generator.onPeriodic(0), nothing);
    generator.onEvent(10);
    assert.deepEqual(generator.onPeriodic(0), { watermark: 9, idle: null });
  });

  it("stay below MAX_WATERMARK, which is for the end of the data (WS1)", () => {
    const generator = forMonotonousTimestamps(identity).createGenerator();
    generator.onEvent(Number.MAX_VALUE);
    assert.equal(generator.onPeriodic(0).watermark, MAX_WATERMARK - 1);
  });

  it("refuse a delay or an idle time that makes no sense, in words", () => {
    assert.throws(
      () => forBoundedOutOfOrderness(-1, identity),
      /forBoundedOutOfOrderness: -1 is not a duration: it is negative/,
    );
    assert.throws(() => forBoundedOutOfOrderness(Number.NaN, identity), /NaN is not a duration/);
    assert.throws(() => forBoundedOutOfOrderness("a while", identity), /"a while" is not a duration: write it like/);
    assert.throws(() => noWatermarks().withIdleness(0), /withIdleness: the duration is 0; give a longer one/);
    assert.throws(() => noWatermarks().withIdleness("-1s"), /withIdleness: "-1s" is not a duration: it is negative/);
  });

  it("take their times as durations", () => {
    const generator = forBoundedOutOfOrderness("2 s", identity).withIdleness("1m30s").createGenerator();
    generator.onEvent(10_000);
    assert.deepEqual(generator.onPeriodic(0), { watermark: 7_999, idle: null });
    assert.deepEqual(generator.onPeriodic(89_999), nothing);
    assert.deepEqual(generator.onPeriodic(90_000), { watermark: null, idle: true });
  });
});

describe("idleness", () => {
  it("comes after the time without a record, once, and ends with the first record (WM-3, WS3)", () => {
    const generator = forMonotonousTimestamps(identity).withIdleness(1000).createGenerator();
    assert.equal(generator.onEvent(5), false);
    assert.deepEqual(generator.onPeriodic(0), { watermark: 4, idle: null });
    assert.deepEqual(generator.onPeriodic(999), nothing);
    assert.deepEqual(generator.onPeriodic(1000), { watermark: null, idle: true });
    assert.deepEqual(generator.onPeriodic(5000), nothing);
    assert.equal(generator.onEvent(6), true);
    assert.equal(generator.onEvent(7), false);
    assert.deepEqual(generator.onPeriodic(5200), { watermark: 6, idle: null });
    assert.deepEqual(generator.onPeriodic(6199), nothing);
    assert.deepEqual(generator.onPeriodic(6200), { watermark: null, idle: true });
  });

  it("also comes when there was never a record", () => {
    const generator = noWatermarks().withIdleness(100).createGenerator();
    assert.deepEqual(generator.onPeriodic(7000), nothing);
    assert.deepEqual(generator.onPeriodic(7100), { watermark: null, idle: true });
  });

  it("is never early, and at most one period late, with stalled time taken out (WM-3, WS2)", () => {
    const period = fc.record({
      lengthMs: fc.integer({ min: 1, max: 300 }),
      stalledPart: fc.double({ min: 0, max: 1, noNaN: true }),
      record: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.array(period, { maxLength: 40 }), (idleAfterMs, periods) => {
        const generator: WatermarkGenerator = noWatermarks<number>(identity)
          .withIdleness(idleAfterMs)
          .createGenerator();
        let nowMs = 0;
        let stalledMs = 0;
        let silentMs = 0;
        let silentFromCallMs = Number.NaN;
        let idle = false;
        for (const { lengthMs, stalledPart, record } of periods) {
          const stalled = Math.floor(lengthMs * stalledPart);
          nowMs += lengthMs;
          stalledMs += stalled;
          // A record comes at the period's end: the latest it can, so what is early shows.
          silentMs = record ? 0 : silentMs + lengthMs - stalled;
          silentFromCallMs = record ? Number.NaN : silentFromCallMs + lengthMs - stalled;
          if (record) {
            assert.equal(generator.onEvent(0), idle);
            idle = false;
          }
          const change = generator.onPeriodic(nowMs, stalledMs);
          if (Number.isNaN(silentFromCallMs)) silentFromCallMs = 0;
          if (change.idle === true) {
            assert.equal(idle, false);
            idle = true;
          }
          if (idle) assert.ok(silentMs >= idleAfterMs, "early");
          else assert.ok(silentFromCallMs < idleAfterMs, "late");
        }
      }),
      { numRuns: 500 },
    );
  });
});
