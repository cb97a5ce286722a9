import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FromJobManager, TaskRef } from "../../rpc/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { WatermarkAlignment } from "./watermark-alignment.ts";

const task = (subtask: number, attempt = 1): TaskRef => ({ vertex: 0, subtask, attempt });

function world(): {
  readonly alignment: WatermarkAlignment;
  readonly clock: ManualClock;
  readonly told: () => Readonly<Record<string, number | null>>;
  readonly gone: Set<number>;
} {
  const clock = new ManualClock();
  const gone = new Set<number>();
  let sent: FromJobManager[] = [];
  const alignment = new WatermarkAlignment({
    epoch: 1,
    turns: { after: (delayMs, turn) => clock.after(delayMs, turn) },
    isRunning: ({ subtask }) => !gone.has(subtask),
    send: (_to, message) => sent.push(message),
  });
  const told = (): Readonly<Record<string, number | null>> => {
    const lowest: Record<string, number | null> = {};
    for (const message of sent)
      if (message.kind === "alignWatermarks") lowest[`${message.group}/${message.tasks[0]?.subtask}`] = message.lowest;
    sent = [];
    return lowest;
  };
  return { alignment, clock, told, gone };
}

const report = (alignment: WatermarkAlignment, group: string, subtask: number, watermark: number | null): void =>
  alignment.report({ kind: "watermarkReport", epoch: 1, task: task(subtask), group, watermark, updateMs: 1000 });

describe("the lowest watermark of a group", () => {
  it("is told to all that are in it each second, of those that run and are not idle (WAL1, WAL2)", () => {
    const { alignment, clock, told, gone } = world();
    report(alignment, "a", 0, 500);
    report(alignment, "a", 1, 30);
    report(alignment, "b", 2, 7);
    assert.deepEqual(told(), {});
    clock.advance(1000);
    assert.deepEqual(told(), { "a/0": 30, "a/1": 30, "b/2": 7 });
    report(alignment, "a", 1, null);
    clock.advance(1000);
    assert.deepEqual(told(), { "a/0": 500, "a/1": 500, "b/2": 7 });
    report(alignment, "a", 0, null);
    clock.advance(1000);
    assert.deepEqual(told(), { "a/0": null, "a/1": null, "b/2": 7 });
    report(alignment, "a", 1, 40);
    gone.add(1);
    report(alignment, "a", 0, 900);
    clock.advance(1000);
    assert.deepEqual(told(), { "a/0": 900, "b/2": 7 });
  });

  it("needs no timer once nobody is left, and begins again with the next report", () => {
    const { alignment, clock, told, gone } = world();
    report(alignment, "a", 0, 1);
    gone.add(0);
    clock.advance(1000);
    assert.deepEqual(told(), {});
    assert.equal(clock.armed, 0);
    gone.clear();
    report(alignment, "a", 0, 2);
    clock.advance(1000);
    assert.deepEqual(told(), { "a/0": 2 });
    alignment.close();
    assert.equal(clock.armed, 0);
  });
});
