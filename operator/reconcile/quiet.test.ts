import assert from "node:assert/strict";
import test from "node:test";
import type { OperationStep, StreamJobSpec } from "../../crds/index.ts";
import { reconcile } from "./reconcile.ts";
import type { Behaviour } from "./simulated-jobmanager.test-support.ts";
import { settings, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";

const more: Partial<StreamJobSpec> = {
  upgrade: { stability: { window: "3s" }, deployTimeout: "20s" },
  recovery: { onFailed: "never" },
};

/** From then on; what the calls fail with is different each time. */
function silence(world: SimulatedWorld): void {
  if (world.active !== null) world.active.unreachableUntilMs = Number.POSITIVE_INFINITY;
}

function runUntil(world: SimulatedWorld, step: OperationStep): void {
  world.run(60_000, () => world.status.operation?.step === step);
  assert.equal(world.status.operation?.step, step);
}

const rests: Readonly<Record<string, (world: SimulatedWorld) => void>> = {
  "a job that runs": () => {},
  "a suspended job": (world) => world.patch((old) => ({ ...old, state: "suspended" })),
  "a job whose spec is invalid": (world) => world.patch((old) => ({ ...old, parallelism: 0 })),
  "a job whose change waits for approval": (world) =>
    world.patch((old) => ({ ...old, parallelism: 3, upgrade: { ...old.upgrade, approval: "manual" } })),
  "a job whose new version was refused": (world) => world.patch(() => specOf("refuse", 2, more)),
  "a paused job": (world) => world.annotate({ "streamjob.dev/paused": "true" }),
  "a job whose JobManager does not answer": silence,
  "an upgrade that waits for a JobManager that does not answer": (world) => {
    silence(world);
    world.patch(() => specOf("good", 2, more));
    runUntil(world, "Stopping");
  },
  "an upgrade whose new JobManager does not answer when it is to be activated": (world) => {
    world.patch(() => specOf("good", 2, more));
    runUntil(world, "Activating");
    silence(world);
  },
  "an upgrade whose new JobManager answers no more, longer than deployTimeout": (world) => {
    world.patch(() => specOf("good", 2, more));
    runUntil(world, "Proving");
    silence(world);
  },
  "a job with a snapshot": (world) => world.createSnapshot("asked"),
  "a job that was stopped by hand": (world) =>
    world.active?.trigger("by hand", { kind: "stop", target: "/by-hand", endsMs: world.nowMs }),
};

for (const [name, bring] of Object.entries(rests)) {
  test(`RE3: ${name} sees no write in a quiet minute and at most one in five, whatever its checkpoints do`, () => {
    const world = new SimulatedWorld(specOf("good", 1, more));
    assert.ok(world.settle());
    bring(world);
    world.run(60_000);
    let writes = 0;
    let actions = 0;
    const untilMs = world.nowMs + 300_000;
    while (world.nowMs < untilMs) {
      const plan = reconcile(world.observe(), settings, world.nowMs);
      if (plan.status !== null) writes++;
      actions += plan.actions.length;
      world.apply(world.observe(), plan);
      if (!name.includes("paused"))
        assert.ok(plan.wakeAfterMs !== null && plan.wakeAfterMs <= 10_000, "it looks again");
      world.advance(1000);
    }
    assert.equal(actions, 0);
    assert.ok(writes <= 1, `${writes} writes`);
    assert.deepEqual(world.violations, []);
  });
}

const ends: Readonly<Record<string, readonly [Behaviour, string]>> = {
  "finished by itself": ["finish", "Finished"],
  "failed on its first day": ["fail-early", "Failed"],
  "failed later": ["fail-late", "Failed"],
};

for (const [name, [behaviour, phase]] of Object.entries(ends)) {
  test(`P-27: a job that has ${name} is ${phase}, stays so with no writes, and is started by nothing but a change`, () => {
    const world = new SimulatedWorld(specOf(behaviour, 1, more));
    world.run(120_000);
    assert.equal(world.status.phase, phase);
    assert.deepEqual(world.podNames, []);
    const { statusWrites } = world;
    world.run(600_000);
    assert.equal(world.statusWrites, statusWrites);
    assert.equal(world.starts.length, 1);
    world.patch(() => specOf("good", 2, more));
    assert.ok(world.settle());
    assert.equal(world.status.phase, "Running");
    assert.deepEqual(world.violations, []);
    assert.equal(world.starts.at(-1)?.from.kind, behaviour === "finish" ? "none" : "latest");
  });
}

for (const [end, phase] of [
  ["finish", "Finished"],
  ["fail-late", "Failed"],
] as const) {
  test(`P-27, FA4: a job that is ${phase} stays so when the version after it cannot be loaded, and the next one is taken`, () => {
    const world = new SimulatedWorld(specOf(end, 1, { upgrade: { stability: { window: "2s" } } }));
    assert.ok(world.settle());
    const { active } = world.status;
    assert.equal(world.status.phase, phase);
    world.patch(() => specOf("refuse", 2));
    assert.ok(world.settle());
    assert.deepEqual([world.status.phase, world.status.active], [phase, active]);
    assert.deepEqual([world.status.failed?.generation, world.starts.length], [2, 1]);
    assert.equal(world.status.history.at(-1)?.what, "refused");
    assert.deepEqual(world.podNames, []);
    const stalled = world.status.conditions.find(({ type }) => type === "Stalled");
    assert.equal(stalled?.reason, "VersionFailed");
    world.patch(() => specOf("good", 3));
    assert.ok(world.settle());
    assert.equal(world.active?.jobStatus, "RUNNING");
    assert.equal(world.starts.length, 2);
    assert.deepEqual(world.violations, []);
  });
}

test("P-27, FA4: a job that did all its work is not done once more when the version after it fails", () => {
  const world = new SimulatedWorld(specOf("finish", 1));
  assert.ok(world.settle());
  assert.equal(world.status.stable, undefined);
  world.patch(() => specOf("fail-early", 2));
  assert.ok(world.settle());
  assert.deepEqual([world.status.phase, world.status.active?.generation], ["Failed", 2]);
  assert.equal(world.starts.length, 2);
  assert.deepEqual(world.violations, []);
});

test("P-27: a job that did all its work is not done once more by suspending and resuming it, nor when it ends meanwhile", () => {
  const world = new SimulatedWorld(specOf("finish", 1));
  assert.ok(world.settle());
  world.patch((spec) => ({ ...spec, state: "suspended" }));
  assert.ok(world.settle());
  const [ready] = world.status.conditions;
  assert.deepEqual([world.status.phase, ready?.type, ready?.status], ["Finished", "Ready", "True"]);
  world.patch((spec) => ({ ...spec, state: "running" }));
  assert.ok(world.settle());
  assert.deepEqual([world.status.phase, world.starts.length], ["Finished", 1]);

  const late = new SimulatedWorld(specOf("finish", 1));
  late.run(5000);
  // It is never asked to stop: its JobManager answers again when it has ended.
  if (late.active !== null) late.active.unreachableUntilMs = late.nowMs + 10_000;
  late.patch((spec) => ({ ...spec, state: "suspended" }));
  late.run(200, () => late.status.operation?.kind === "suspend");
  assert.equal(late.status.phase, "Suspending");
  assert.ok(late.settle());
  assert.deepEqual([late.status.phase, late.status.resume, late.podNames], ["Finished", undefined, []]);
  late.patch((spec) => ({ ...spec, state: "running" }));
  assert.ok(late.settle());
  assert.equal(late.starts.length, 1);
  assert.deepEqual([...world.violations, ...late.violations], []);
});
