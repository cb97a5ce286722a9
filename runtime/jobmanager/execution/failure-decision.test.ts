import assert from "node:assert/strict";
import { test } from "node:test";
import { decideDrainFailure, decideFailure, type FailureFacts } from "./failure-decision.ts";
import { NO_FAILURES } from "./restart-strategy.ts";

const facts: FailureFacts = {
  status: "RUNNING",
  error: { destiny: "retry", message: "the map function threw" },
  areStopping: false,
  hasStopped: false,
  isFinishing: false,
  isDraining: false,
  strategy: { kind: "fixed-delay", attempts: 1, delayMs: 100 },
  memory: NO_FAILURES,
  nowMs: 5000,
  chance: 0.5,
};
const usedUp = { ...NO_FAILURES, attempts: 1 };
const terminal = { destiny: "terminal", message: "the state does not fit" } as const;

const cases: Record<string, [change: Partial<FailureFacts>, kind: string, reason: RegExp]> = {
  "a failure restarts the region": [{}, "restart regions", /fixed-delay allows it/],
  "a second one, when one restart is allowed, fails the job": [{ memory: usedUp }, "fail", /used up/],
  "RS-8 a terminal one fails the job at once": [{ error: terminal }, "fail", /cannot cure/],
  "FD1 one of a region that is being stopped is an echo": [{ areStopping: true }, "echo", /being stopped/],
  "FD1 … also when no restart is left": [{ areStopping: true, memory: usedUp }, "echo", /being stopped/],
  "FD1 … but not a terminal one": [{ areStopping: true, error: terminal }, "fail", /cannot cure/],
  "FD1 one while the job fails is an echo": [{ status: "FAILING" }, "echo", /fails already/],
  "FD1 … a terminal one, too": [{ status: "FAILING", error: terminal }, "echo", /fails already/],
  "one while the job is cancelled is nothing": [{ status: "CANCELLING", error: terminal }, "ignore", /CANCELLING/],
  "one after the end is nothing": [{ status: "FINISHED" }, "ignore", /FINISHED/],
  "FD2 a job that has stopped restarts to commit": [{ hasStopped: true }, "restart regions", /allows it/],
  "FD2 … whatever the strategy": [{ hasStopped: true, memory: usedUp }, "commitAgain regions", /must be committed/],
  "FD2 … but not with an error that nothing cures": [{ hasStopped: true, error: terminal }, "fail", /cannot cure/],
  "FD3 when tasks were told to finish the whole job restarts": [{ isFinishing: true }, "restart job", /allows it/],
  "FD3 when a drain has made the sources end, too": [{ isDraining: true }, "restart job", /allows it/],
  "FD3 … and to commit": [{ isFinishing: true, hasStopped: true, memory: usedUp }, "commitAgain job", /committed/],
  "one while the job restarts uses up an attempt": [{ status: "RESTARTING", memory: usedUp }, "fail", /used up/],
};

for (const [sentence, [change, kind, reason]] of Object.entries(cases)) {
  test(sentence, () => {
    const decision = decideFailure({ ...facts, ...change });
    assert.equal("scope" in decision ? `${decision.kind} ${decision.scope}` : decision.kind, kind);
    assert.match(decision.reason, reason);
  });
}

test("what the strategy remembers goes along, and times are the strategy's, or a second to commit again", () => {
  const restart = decideFailure(facts);
  assert.ok(restart.kind === "restart");
  assert.deepEqual([restart.atMs, restart.delayMs, restart.memory.attempts], [5100, 100, 1]);
  const again = decideFailure({ ...facts, hasStopped: true, memory: usedUp });
  assert.ok(again.kind === "commitAgain");
  assert.equal(again.atMs, 6000);
});

test("FD4 after a failed drain the job restarts at once, or together with a region that restarts later", () => {
  const drain = { status: "RUNNING", nowMs: 5000, plannedMs: [] } as const;
  assert.deepEqual(decideDrainFailure(drain), { kind: "restartAll", atMs: 5000 });
  assert.deepEqual(decideDrainFailure({ ...drain, plannedMs: [4000] }), { kind: "restartAll", atMs: 5000 });
  const restarting = { ...drain, status: "RESTARTING", plannedMs: [6000, 9000] } as const;
  assert.deepEqual(decideDrainFailure(restarting), { kind: "restartAll", atMs: 9000 });
});

for (const status of ["INITIALIZING", "CREATED", "FAILING", "CANCELLING", "FAILED", "CANCELED", "FINISHED"] as const) {
  test(`FD4 a failed drain restarts nothing while the job is ${status}`, () => {
    const decision = decideDrainFailure({ status, nowMs: 5000, plannedMs: [6000] });
    assert.deepEqual(decision, { kind: "ignore", reason: `the job is ${status}` });
  });
}
