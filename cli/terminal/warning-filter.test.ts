import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "../../base/index.ts";
import { WarningFilter } from "./warning-filter.ts";

/** Time that passes when it is told to. */
function createScene() {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; callback: () => void }>();
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, callback) => {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  };
  const shown: string[] = [];
  const filter = new WarningFilter(clock, (text) => shown.push(text));
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const timer of timers) if (timer.atMs <= nowMs) timer.callback();
  };
  return { filter, shown, pass };
}

describe("a warning of a process", () => {
  it("is shown with its process, a moment later", () => {
    const { filter, shown, pass } = createScene();
    filter.take("taskmanager-1", "there is no text to read", false);
    assert.deepEqual(shown, []);
    pass(250);
    assert.deepEqual(shown, ["taskmanager-1: there is no text to read"]);
  });

  it("is dropped when the story tells the same, before or right after it (WF1)", () => {
    const { filter, shown, pass } = createScene();
    filter.take("taskmanager-1", "task failed: no such word", false);
    pass(100);
    filter.tell("no such word");
    filter.take("jobmanager", "restarting regions after a failure: no such word", false);
    pass(1000);
    assert.deepEqual(shown, []);
  });

  it("is shown when the same was told long ago", () => {
    const { filter, shown, pass } = createScene();
    filter.tell("no such word");
    pass(6000);
    filter.take("taskmanager-1", "task failed: no such word", false);
    pass(250);
    assert.equal(shown.length, 1);
  });

  it("is dropped when it turns out to repeat what is known", () => {
    const { filter, shown, pass } = createScene();
    let isKnown = false;
    filter.take("taskmanager-1", "the connection broke", false, () => isKnown);
    isKnown = true;
    pass(250);
    assert.deepEqual(shown, []);
  });

  it("is not lost when everything ends", () => {
    const { filter, shown, pass } = createScene();
    filter.take("taskmanager-1", "the commit has to wait", false);
    filter.flush();
    pass(1000);
    assert.deepEqual(shown, ["taskmanager-1: the commit has to wait"]);
  });
});
