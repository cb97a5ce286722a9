import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Barrier } from "../record/index.ts";
import { BarrierAligner } from "./barrier-aligner.ts";

function barrier(checkpointId: number, aligned = true): Barrier {
  return { kind: "barrier", checkpointId, checkpointKind: "checkpoint", aligned, target: null, triggeredMs: 0 };
}

test("a channel whose barrier came is blocked until the last one's, exactly-once (BA1)", () => {
  const aligner = new BarrierAligner(3);
  assert.equal(aligner.onBarrier(0, barrier(1)).kind, "wait");
  assert.equal(aligner.onBarrier(2, barrier(1)).kind, "wait");
  assert.deepEqual(
    [0, 1, 2].map((channel) => aligner.isBlocked(channel)),
    [true, false, true],
  );
  assert.equal(aligner.onBarrier(1, barrier(1)).kind, "complete");
  assert.deepEqual(
    [0, 1, 2].map((channel) => aligner.isBlocked(channel)),
    [false, false, false],
  );
});

test("at least once nothing is blocked (BA2)", () => {
  const aligner = new BarrierAligner(2);
  aligner.onBarrier(0, barrier(1, false));
  assert.equal(aligner.isBlocked(0), false);
  assert.equal(aligner.onBarrier(0, barrier(2, false)).kind, "wait");
  assert.equal(aligner.onBarrier(1, barrier(1, false)).kind, "complete");
  assert.equal(aligner.onBarrier(1, barrier(2, false)).kind, "complete");
});

test("a newer barrier gives up the older alignment, whose late barrier is ignored (BA3, BA4)", () => {
  const aligner = new BarrierAligner(2);
  aligner.onBarrier(0, barrier(1));
  assert.equal(aligner.onBarrier(1, barrier(2)).kind, "wait");
  assert.deepEqual([aligner.isBlocked(0), aligner.isBlocked(1)], [false, true]);
  assert.equal(aligner.onBarrier(0, barrier(1)).kind, "ignore");
  assert.equal(aligner.onBarrier(0, barrier(2)).kind, "complete");
});

test("an aborted checkpoint frees its channels", () => {
  const aligner = new BarrierAligner(2);
  aligner.onBarrier(0, barrier(7));
  aligner.onAborted(7);
  assert.equal(aligner.isBlocked(0), false);
  assert.equal(aligner.isAligning, false);
  assert.equal(aligner.onBarrier(1, barrier(7)).kind, "ignore");
});

test("a checkpoint that was aborted before its first barrier came is ignored, and blocks nothing (BA4)", () => {
  const aligner = new BarrierAligner(2);
  aligner.onAborted(7);
  assert.equal(aligner.onBarrier(0, barrier(7)).kind, "ignore");
  assert.equal(aligner.onBarrier(1, barrier(7)).kind, "ignore");
  assert.deepEqual([aligner.isBlocked(0), aligner.isBlocked(1)], [false, false]);
  assert.equal(aligner.onBarrier(0, barrier(8)).kind, "wait");
  assert.equal(aligner.onBarrier(1, barrier(8)).kind, "complete");
});

test("an aborted checkpoint leaves an older one that is still aligning alone", () => {
  const aligner = new BarrierAligner(2);
  assert.equal(aligner.onBarrier(0, barrier(7)).kind, "wait");
  aligner.onAborted(8);
  assert.equal(aligner.isBlocked(0), true);
  assert.equal(aligner.onBarrier(1, barrier(7)).kind, "complete");
});

test("however many checkpoints are aborted, few are remembered, and the next one is aligned (BA4)", () => {
  const aligner = new BarrierAligner(2);
  for (let id = 1; id <= 1000; id++) aligner.onAborted(id);
  assert.equal(aligner.onBarrier(0, barrier(1)).kind, "ignore");
  assert.equal(aligner.onBarrier(0, barrier(1000)).kind, "ignore");
  assert.equal(aligner.onBarrier(0, barrier(1001)).kind, "wait");
  assert.equal(aligner.onBarrier(1, barrier(1001)).kind, "complete");
});

/** Channels as scripts: each holds records and the barriers 1..n in order; a run interleaves them as the aligner allows. */
test("whatever the order of arrival, the records before a completed checkpoint are exactly those before its barriers", () => {
  const script = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(script, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 60 }),
      (scripts, choices) => {
        const checkpoints = Math.min(...scripts.map((records) => records.length));
        const queues = scripts.map((records) =>
          records
            .slice(0, checkpoints)
            .flatMap((count, index): (Barrier | "record")[] => [
              ...new Array<"record">(count).fill("record"),
              barrier(index + 1),
            ]),
        );
        const expected = Array.from({ length: checkpoints }, (_none, id) =>
          scripts.reduce((sum, records) => sum + records.slice(0, id + 1).reduce((a, b) => a + b, 0), 0),
        );
        const aligner = new BarrierAligner(scripts.length);
        const snapshots: number[] = [];
        let processed = 0;
        for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
          const ready = queues.flatMap((queue, channel) =>
            queue.length > 0 && !aligner.isBlocked(channel) ? [channel] : [],
          );
          assert.ok(ready.length > 0, "an alignment never blocks every channel that has something");
          const channel = ready[(choices[turn % choices.length] as number) % ready.length] as number;
          const element = queues[channel]?.shift();
          if (element === "record") processed += 1;
          else if (element !== undefined && aligner.onBarrier(channel, element).kind === "complete")
            snapshots.push(processed);
        }
        assert.deepEqual(snapshots, expected);
      },
    ),
  );
});
