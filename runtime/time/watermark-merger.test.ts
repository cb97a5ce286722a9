import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MAX_WATERMARK, MIN_WATERMARK } from "../record/index.ts";
import { WatermarkMerger } from "./watermark-merger.ts";

type Call =
  | { readonly kind: "watermark"; readonly input: number; readonly timestamp: number }
  | { readonly kind: "status"; readonly input: number; readonly idle: boolean }
  | { readonly kind: "end"; readonly input: number };

type Input = { watermark: number; readonly idle: boolean; readonly ended: boolean };

/** The rules as sentences over the whole history, with nothing remembered but each input's last word and the last output. */
class NaiveMerger {
  inputs: Input[];
  current = MIN_WATERMARK;

  constructor(inputs: number) {
    this.inputs = Array.from({ length: inputs }, () => ({ watermark: MIN_WATERMARK, idle: false, ended: false }));
  }

  get isIdle(): boolean {
    const open = this.inputs.filter((input) => !input.ended);
    return open.length > 0 && open.every((input) => input.idle);
  }

  apply(call: Call): void {
    this.inputs = this.inputs.map((input, index) => (index === call.input ? after(input, call) : input));
    const candidates = [this.current];
    if (this.inputs.every((input) => input.watermark === MAX_WATERMARK)) candidates.push(MAX_WATERMARK);
    const active = this.inputs.filter((input) => !input.idle && !input.ended);
    const minimum = Math.min(...active.map((input) => input.watermark));
    if (active.length > 0 && minimum < MAX_WATERMARK) candidates.push(minimum);
    if (this.isIdle) {
      const idle = this.inputs.filter((input) => input.idle && !input.ended && input.watermark < MAX_WATERMARK);
      candidates.push(...idle.map((input) => input.watermark));
    }
    this.current = Math.max(...candidates);
  }
}

function after(input: Input, call: Call): Input {
  if (call.kind === "end") return { watermark: MAX_WATERMARK, idle: input.idle, ended: true };
  if (call.kind === "status") return { ...input, idle: call.idle };
  return { ...input, watermark: Math.max(input.watermark, call.timestamp) };
}

const calls = fc.integer({ min: 1, max: 5 }).chain((inputs) => {
  const input = fc.nat({ max: inputs - 1 });
  const timestamp = fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 40 }) },
    { weight: 1, arbitrary: fc.constant(MAX_WATERMARK) },
  );
  const call: fc.Arbitrary<Call> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("watermark" as const), input, timestamp }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("status" as const), input, idle: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), input }) },
  );
  return fc.record({ inputs: fc.constant(inputs), calls: fc.array(call, { maxLength: 60 }) });
});

describe("WatermarkMerger", () => {
  it("agrees with the naive model, and reports exactly what changed (WM-2, WM-3, WM-4, WM-7)", () => {
    fc.assert(
      fc.property(calls, ({ inputs, calls: history }) => {
        const merger = new WatermarkMerger(inputs);
        const model = new NaiveMerger(inputs);
        for (const call of history) {
          const before = { watermark: merger.current, idle: merger.isIdle };
          model.apply(call);
          const reported = run(merger, call);
          assert.equal(merger.current, model.current);
          assert.equal(merger.isIdle, model.isIdle);
          assert.ok(merger.current >= before.watermark, "it went back");
          assert.equal(reported.watermark, merger.current === before.watermark ? null : merger.current);
          assert.equal(reported.idle, merger.isIdle === before.idle ? null : merger.isIdle);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("ends in the same watermark whatever the order in which inputs became idle (WM-4)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        (watermarks, keys) => {
          const merger = new WatermarkMerger(watermarks.length);
          watermarks.forEach((timestamp, input) => merger.onWatermark(input, timestamp));
          const order = watermarks.map((_, input) => ({ input, key: keys.next().value as number }));
          for (const { input } of order.sort((left, right) => left.key - right.key)) merger.onStatus(input, true);
          assert.equal(merger.current, Math.max(...watermarks));
          assert.equal(merger.isIdle, true);
        },
      ),
    );
  });

  it("reaches MAX_WATERMARK only when every input has, also past idle ones (WM-7)", () => {
    const merger = new WatermarkMerger(3);
    merger.onWatermark(2, 7);
    merger.onStatus(2, true);
    assert.deepEqual(merger.onEnd(0), { watermark: null, idle: null });
    assert.equal(merger.onWatermark(1, MAX_WATERMARK), null);
    assert.deepEqual(merger.onEnd(1), { watermark: 7, idle: true });
    assert.deepEqual(merger.onStatus(2, false), { watermark: null, idle: false });
    assert.equal(merger.onWatermark(2, 9), 9);
    assert.deepEqual(merger.onEnd(2), { watermark: MAX_WATERMARK, idle: null });
    assert.equal(merger.isIdle, false);
  });

  it("lets an input that is active again hold the watermark where it is until it has caught up (WM-3)", () => {
    const merger = new WatermarkMerger(2);
    assert.equal(merger.onWatermark(0, 5), null);
    assert.deepEqual(merger.onStatus(1, true), { watermark: 5, idle: null });
    assert.equal(merger.onWatermark(0, 10), 10);
    assert.deepEqual(merger.onStatus(1, false), { watermark: null, idle: null });
    assert.equal(merger.onWatermark(0, 20), null);
    assert.equal(merger.onWatermark(1, 12), 12);
  });
});

function run(merger: WatermarkMerger, call: Call): { watermark: number | null; idle: boolean | null } {
  const wasIdle = merger.isIdle;
  switch (call.kind) {
    case "watermark": {
      const watermark = merger.onWatermark(call.input, call.timestamp);
      assert.equal(merger.isIdle, wasIdle, "a watermark changes no idleness");
      return { watermark, idle: null };
    }
    case "status":
      return merger.onStatus(call.input, call.idle);
    case "end":
      return merger.onEnd(call.input);
  }
}
