import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../../crds/index.ts";
import type { Behaviour } from "../simulated-jobmanager.test-support.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";

const more: Partial<StreamJobSpec> = { upgrade: { stability: { window: "3s" }, deployTimeout: "20s" } };

function world(behaviour: Behaviour = "good", spec: Partial<StreamJobSpec> = {}): SimulatedWorld {
  const made = new SimulatedWorld(specOf(behaviour, 1, { ...more, ...spec }));
  made.run(60_000);
  return made;
}

/** Ready, Reconciling, Stalled, and the phase. */
const truth: Readonly<Record<string, readonly [() => SimulatedWorld, string]>> = {
  "runs and has a checkpoint": [() => world(), "True False False Running"],
  "has finished": [() => world("finish"), "True False False Finished"],
  "has failed": [() => world("fail-early"), "False False True Failed"],
  "is suspended as asked": [() => world("good", { state: "suspended" }), "True False False Suspended"],
  "does not load": [() => world("refuse"), "False False True Stalled"],
  "cannot be restored": [() => world("refuse-activation"), "False False True Deploying"],
  "is being deployed": [
    () => {
      const made = new SimulatedWorld(specOf("good", 1, more));
      made.run(200);
      return made;
    },
    "False True False Deploying",
  ],
  "is invalid": [() => world("good", { parallelism: 0 }), "False False True Stalled"],
  "is being upgraded": [
    () => {
      const made = world();
      made.patch(() => specOf("good", 2, more));
      made.run(200);
      return made;
    },
    "False True False Upgrading",
  ],
  "was rolled back": [
    () => {
      const made = world();
      made.patch(() => specOf("fail-early", 2, more));
      made.run(60_000);
      return made;
    },
    "False False True Running",
  ],
  "does not answer": [
    () => {
      const made = world();
      if (made.active !== null) made.active.unreachableUntilMs = Number.POSITIVE_INFINITY;
      made.run(20_000);
      return made;
    },
    "False True False Running",
  ],
  "waits for approval": [
    () => {
      const made = world();
      made.patch((old) => ({ ...old, image: "b", upgrade: { ...old.upgrade, approval: "manual" } }));
      made.run(20_000);
      return made;
    },
    "False True False Running",
  ],
};

for (const [name, [make, expected]] of Object.entries(truth)) {
  test(`P-23, kstatus: a job that ${name} is ${expected}`, () => {
    const made = make();
    const { conditions, phase, observedGeneration } = made.status;
    const value = (type: string) => conditions.find((condition) => condition.type === type)?.status;
    assert.equal([value("Ready"), value("Reconciling"), value("Stalled"), phase].join(" "), expected);
    assert.equal(observedGeneration, made.job?.metadata.generation);
    for (const { type, observedGeneration: of } of conditions) assert.equal(of, observedGeneration, type);
    const stalled = conditions.find(({ type }) => type === "Stalled");
    if (stalled?.status === "True") assert.notEqual(stalled.message, "");
  });
}

test("P-23: Ready of a new generation is never True before its first checkpoint", () => {
  const made = world();
  made.patch(() => specOf("good", 2, more));
  let isReady = false;
  made.run(60_000, () => {
    const { conditions, active } = made.status;
    isReady = conditions.find(({ type }) => type === "Ready")?.status === "True";
    if (isReady) assert.notEqual(active?.firstCheckpointAt, null);
    if (isReady) assert.equal(active?.incarnation, 2);
    return isReady;
  });
  assert.ok(isReady);
});

test("T42 CheckpointHealthy is False with the reason while checkpoints fail, long before the last one is too old", () => {
  const made = world();
  const healthy = () => made.status.conditions.find(({ type }) => type === "CheckpointHealthy");
  const { active } = made;
  assert.ok(active !== null);
  const reason = "the store has not answered for 60000 ms";
  for (const [failures, status] of [
    [1, "True"],
    [2, "False"],
  ] as const) {
    active.checkpointTrouble = { failures, sinceMs: made.nowMs, reason };
    made.run(20_000);
    assert.equal(healthy()?.status, status);
  }
  assert.equal(healthy()?.reason, "Failing");
  assert.match(healthy()?.message ?? "", /2 consecutive checkpoints have failed since .*: the store has not answered/);
  active.checkpointTrouble = null;
  made.run(20_000);
  assert.equal(healthy()?.status, "True");
});

test("CheckpointHealthy is False with the store's words when a checkpoint cannot be written for some seconds, long before it counts as failed", () => {
  const made = world();
  const healthy = () => made.status.conditions.find(({ type }) => type === "CheckpointHealthy");
  const { active } = made;
  assert.ok(active !== null);
  active.checkpointTrouble = { failures: 0, sinceMs: made.nowMs, reason: "503 SlowDown" };
  made.run(5000);
  assert.equal(healthy()?.status, "True");
  made.run(30_000);
  assert.deepEqual([healthy()?.status, healthy()?.reason], ["False", "Failing"]);
  assert.match(healthy()?.message ?? "", /no checkpoint has been completed since .*: 503 SlowDown/);
});

test("CheckpointHealthy is Unknown while the job restarts: no checkpoint is taken then", () => {
  const made = world();
  const { active } = made;
  assert.ok(active !== null);
  active.jobStatus = "RESTARTING";
  made.look();
  const healthy = made.status.conditions.find(({ type }) => type === "CheckpointHealthy");
  assert.deepEqual([healthy?.status, healthy?.reason], ["Unknown", "NotRunning"]);
});

test("a condition's time of transition changes with its status alone", () => {
  const made = world();
  const before = made.status.conditions;
  made.patch((old) => ({ ...old, savepoints: { retain: { count: 2 } } }));
  made.run(20_000);
  assert.deepEqual(
    made.status.conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    before.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
  );
});

test("while it is paused nothing is done and only Paused changes; a deletion is not held up by it", () => {
  const made = world();
  made.annotate({ "streamjob.dev/paused": "true" });
  made.patch(() => specOf("good", 2, more));
  made.run(30_000);
  assert.equal(made.status.incarnations, 1);
  assert.equal(made.status.conditions.find(({ type }) => type === "Paused")?.status, "True");
  made.delete();
  made.run(30_000);
  assert.equal(made.job, null);
});
