import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MIN_WATERMARK } from "../record/index.ts";
import { SplitWatermarks } from "./split-watermarks.ts";
import { forMonotonousTimestamps, noWatermarks } from "./watermark-strategy.ts";

const IDS = ["a", "b", "c"];
const nothing = { watermark: null, idle: null };

type Step =
  | { readonly kind: "open" | "finish"; readonly id: string }
  | { readonly kind: "record"; readonly id: string; readonly timestamp: number }
  | { readonly kind: "time"; readonly ms: number };

const id = fc.constantFrom(...IDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("open" as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("finish" as const), id }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("record" as const), id, timestamp: fc.nat({ max: 50 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.nat({ max: 80 }) }) },
);

const IDLE_AFTER_MS = 100;

describe("the watermark of a reader's splits", () => {
  it("is the lowest of those that are not idle, never goes back, and is told when it rises (WM-8, SPW1)", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const splits = new SplitWatermarks(() =>
          forMonotonousTimestamps<number>().withIdleness(IDLE_AFTER_MS).createGenerator(),
        );
        // By hand: the highest timestamp of each, and since when it is silent, as seen at a look.
        const model = new Map<
          string,
          { highest: number; silentSinceMs: number | null; sawRecord: boolean; isIdle: boolean }
        >();
        let nowMs = 0;
        let emitted = MIN_WATERMARK;
        let isIdle = false;
        for (const each of steps) {
          if (each.kind === "finish") {
            splits.finish(each.id);
            model.delete(each.id);
          } else if (each.kind === "time") {
            nowMs += each.ms;
            const change = splits.onPeriodic(nowMs, 0);
            for (const split of model.values()) {
              if (split.sawRecord || split.silentSinceMs === null) {
                split.silentSinceMs = nowMs;
                split.sawRecord = false;
              } else if (nowMs - split.silentSinceMs >= IDLE_AFTER_MS) split.isIdle = true;
            }
            const all = [...model.values()];
            if (all.length === 0) {
              assert.deepEqual(change, nothing);
              continue;
            }
            const active = all.filter((split) => !split.isIdle).map(({ highest }) => highest - 1);
            const target = active.length > 0 ? Math.min(...active) : Math.max(...all.map(({ highest }) => highest - 1));
            assert.equal(change.watermark, target > emitted ? target : null);
            emitted = Math.max(emitted, target);
            const idleNow = active.length === 0;
            assert.equal(change.idle, idleNow === isIdle ? null : idleNow);
            isIdle = idleNow;
            assert.equal(splits.isIdle, isIdle);
          } else {
            if (!model.has(each.id)) {
              model.set(each.id, { highest: MIN_WATERMARK + 1, silentSinceMs: null, sawRecord: true, isIdle: false });
              isIdle = false;
            }
            const generator = splits.open(each.id);
            if (each.kind !== "record") continue;
            const split = model.get(each.id);
            assert.ok(split !== undefined);
            const ends = generator.onEvent(each.timestamp);
            assert.equal(ends, split.isIdle);
            if (ends) {
              assert.equal(splits.activate(each.id), isIdle);
              isIdle = false;
            }
            split.highest = Math.max(split.highest, each.timestamp);
            split.sawRecord = true;
            split.isIdle = false;
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("counts neither stalled time nor that in which a split was paused as silence (WM-3)", () => {
    const splits = new SplitWatermarks(() => noWatermarks().withIdleness(100).createGenerator());
    splits.open("a");
    splits.open("b");
    assert.deepEqual(splits.onPeriodic(0, 0), nothing);
    assert.deepEqual(splits.onPeriodic(200, 150), nothing);
    const pausedMsOf = (split: string): number => (split === "a" ? 300 : 0);
    assert.deepEqual(splits.onPeriodic(400, 150, pausedMsOf), nothing);
    assert.deepEqual(splits.onPeriodic(500, 150, pausedMsOf), nothing);
    assert.deepEqual(splits.onPeriodic(650, 150, pausedMsOf), { watermark: null, idle: true });
  });
});
