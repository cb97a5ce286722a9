import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RestartStrategy } from "../../graph/index.ts";
import { decideRestart, NO_FAILURES, type RestartDecision } from "./restart-strategy.ts";

/** The decisions for failures at these times. */
function play(strategy: RestartStrategy, timesMs: readonly number[], chance = 0.5): RestartDecision[] {
  let memory = NO_FAILURES;
  return timesMs.map((nowMs) => {
    const step = decideRestart(strategy, memory, { destiny: "retry", nowMs, chance });
    memory = step.memory;
    return step.decision;
  });
}

const kinds = (decisions: readonly RestartDecision[]): string[] => decisions.map((decision) => decision.kind);
const delays = (decisions: readonly RestartDecision[]): (number | null)[] =>
  decisions.map((decision) => (decision.kind === "restart" ? decision.delayMs : null));

const exponential = {
  kind: "exponential-delay",
  initialMs: 1000,
  multiplier: 1.5,
  maxMs: 60_000,
  jitter: 0.1,
  resetAfterMs: 3_600_000,
  attempts: null,
} as const satisfies RestartStrategy;
const rate = { kind: "failure-rate", maxFailures: 3, intervalMs: 1000, delayMs: 10 } as const satisfies RestartStrategy;

test("RS-8 a terminal error fails whatever the strategy", () => {
  for (const strategy of [exponential, rate, { kind: "fixed-delay", attempts: 9, delayMs: 1 }] as const) {
    const step = decideRestart(strategy, NO_FAILURES, { destiny: "terminal", nowMs: 1, chance: 0.5 });
    assert.equal(step.decision.kind, "fail");
  }
});

test("RS-1 none never restarts", () => {
  assert.deepEqual(kinds(play({ kind: "none" }, [1])), ["fail"]);
});

test("RS-2 fixed-delay(3, 10 s): failures 1 to 3 restart after the delay, the 4th fails however late it is", () => {
  const decisions = play({ kind: "fixed-delay", attempts: 3, delayMs: 10_000 }, [0, 20_000, 40_000, 9_000_000]);
  assert.deepEqual(delays(decisions), [10_000, 10_000, 10_000, null]);
});

test("RS-3 failure-rate: failure m+1 within T fails, at exactly T too, and one millisecond later it restarts", () => {
  assert.deepEqual(kinds(play(rate, [0, 300, 600, 999])), ["restart", "restart", "restart", "fail"]);
  assert.deepEqual(kinds(play(rate, [0, 300, 600, 1000])), ["restart", "restart", "restart", "fail"]);
  assert.deepEqual(kinds(play(rate, [0, 300, 600, 1001])), ["restart", "restart", "restart", "restart"]);
  assert.deepEqual(kinds(play(rate, [0, 300, 600, 1001, 1300])), ["restart", "restart", "restart", "restart", "fail"]);
});

test("RS-3 failure-rate restarts exactly when fewer than m failures that restarted lie within T before", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(800), { maxLength: 30 }), (gaps) => {
      let nowMs = 0;
      const times = gaps.map((gap) => (nowMs += gap));
      const restarted: number[] = [];
      const decisions = play(rate, times);
      decisions.forEach((decision, index) => {
        const at = times[index] ?? 0;
        const mayRestart = restarted.filter((timeMs) => at - timeMs <= rate.intervalMs).length < rate.maxFailures;
        assert.equal(decision.kind, mayRestart ? "restart" : "fail");
        if (mayRestart) restarted.push(at);
      });
    }),
  );
});

test("RS-1 exponential: 1 s, times 1.5, up to a minute", () => {
  let nowMs = 0;
  const times = Array.from({ length: 13 }, () => (nowMs += 100_000));
  assert.deepEqual(delays(play(exponential, times)).slice(0, 5), [1000, 1500, 2250, 3375, 5063]);
  assert.equal(delays(play(exponential, times))[12], 60_000);
});

test("RS-1 exponential: jitter is at most a tenth of the delay, and never above the cap", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 30 }),
      (chance, n) => {
        const times = Array.from({ length: n }, (_, index) => (index + 1) * 100_000);
        delays(play(exponential, times, chance)).forEach((delayMs, index) => {
          const base = Math.min(60_000, 1000 * 1.5 ** index);
          assert.ok(delayMs !== null && delayMs >= base * 0.9 - 1 && delayMs <= Math.min(60_000, base * 1.1 + 1));
        });
      },
    ),
  );
});

test("RS-4 exponential: failures up to the planned restart merge into it, the next millisecond begins another", () => {
  const decisions = play(exponential, [0, 10, 1000, 1001]);
  assert.deepEqual(
    decisions.map((decision) => decision.kind === "restart" && [decision.atMs, decision.isMerged]),
    [
      [1000, false],
      [1000, true],
      [1000, true],
      [1001 + 1500, false],
    ],
  );
});

test("RS-1 exponential: after an hour of health the delay begins anew, a millisecond before it does not", () => {
  assert.deepEqual(delays(play(exponential, [0, 1000 + 3_600_000])), [1000, 1000]);
  assert.deepEqual(delays(play(exponential, [0, 1000 + 3_599_999])), [1000, 1500]);
});

test("RS-1 exponential with attempts fails after them, and merged failures use none", () => {
  assert.deepEqual(kinds(play({ ...exponential, attempts: 2 }, [0, 5, 9, 50_000, 100_000])), [
    "restart",
    "restart",
    "restart",
    "restart",
    "fail",
  ]);
});
