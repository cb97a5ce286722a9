import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../../crds/index.ts";
import type { PlannedEvent } from "../actions/plan.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import type { WorldOptions } from "../world-options.test-support.ts";

type Upgrade = NonNullable<StreamJobSpec["upgrade"]>;
const upgrade: Upgrade = { stability: { window: "3s" }, deployTimeout: "20s" };
const allowing: Partial<StreamJobSpec> = { upgrade: { ...upgrade, allowNonRestoredState: true } };
const more: Partial<StreamJobSpec> = { upgrade };

class Rig extends SimulatedWorld {
  readonly told: PlannedEvent[] = [];

  constructor(spec: StreamJobSpec, options?: Partial<WorldOptions>) {
    super(spec, options);
    this.plantState("/first", 5);
    assert.ok(this.settles());
  }

  settles(): boolean {
    let quiet = 0;
    this.run(15 * 60_000, (plan) => {
      this.told.push(...plan.events);
      const isQuiet = plan.status === null && plan.actions.length === 0 && this.status.operation === undefined;
      quiet = isQuiet && (this.status.active?.stableAt ?? null) !== null ? quiet + 1 : 0;
      return quiet >= 3;
    });
    return quiet >= 3;
  }

  get leftBehind(): readonly string[] {
    return this.told.filter(({ reason }) => reason === "StateLeftBehind").map(({ type, note }) => `${type}: ${note}`);
  }

  message(type: string): string {
    return this.status.conditions.find((condition) => condition.type === type)?.message ?? "";
  }
}

for (const standby of ["warm", "cold"] as const) {
  test(`T2: a permission of restore is not one of a later upgrade (${standby})`, () => {
    const restore = { path: "/first", allowNonRestoredState: true };
    const world = new Rig(specOf("good", 1, { ...more, restore }));
    world.patch(() => specOf("renamed", 2, { upgrade: { ...upgrade, standby }, restore }));
    assert.ok(world.settles());
    assert.equal(world.status.active?.generation, 1);
    assert.match(world.message("Stalled"), /no operator has uid "count": set upgrade\.allowNonRestoredState: true/);
    assert.deepEqual(world.leftBehind, []);
    assert.deepEqual(world.violations, []);
  });

  test(`LO1: the change that is applied with the permission leaves state behind and says which, the next one does not (${standby})`, () => {
    const world = new Rig(specOf("good", 1, more));
    const cold = { upgrade: { ...allowing.upgrade, standby } };
    world.patch(() => specOf("renamed", 2, cold));
    assert.ok(world.settles());
    assert.equal(world.status.active?.generation, 2);
    assert.deepEqual(world.leftBehind, [
      'Warning: generation 2 left behind the state of the operators with uid "count", as upgrade.allowNonRestoredState allows',
    ]);
    assert.match(world.status.history.at(-1)?.why ?? "", /without the state of the operators with uid "count"/);
    world.patch(() => specOf("good", 3, cold));
    assert.ok(world.settles());
    assert.equal(world.status.failed?.generation, 3);
    assert.match(world.message("Stalled"), /already true, and generation 2 used it up: apply the manifest with false/);
    assert.equal(world.leftBehind.length, 1);
    assert.deepEqual(world.violations, []);
  });
}

test("LO1: a version that was refused for its state is tried when the permission is given, once", () => {
  const world = new Rig(specOf("good", 1, more));
  world.patch(() => specOf("renamed", 2, more));
  assert.ok(world.settles());
  assert.equal(world.status.failed?.generation, 2);
  world.patch((old) => ({ ...old, ...allowing }));
  assert.ok(world.settles());
  assert.equal(world.status.active?.generation, 3);
  assert.equal(world.status.failed, undefined);
  // Refused for another reason: the permission is used up all the same, and nothing goes in circles.
  world.patch((old) => ({ ...old, ...more }));
  assert.ok(world.settles());
  world.patch(() => specOf("incompatible", 4, allowing));
  assert.ok(world.settles());
  const { incarnations } = world.status;
  world.run(60_000);
  assert.equal(world.status.incarnations, incarnations);
});

test("LO1: the permission is used up when it came with nothing to change, and holds again after it was seen to be false", () => {
  const world = new Rig(specOf("good", 1, more));
  world.patch((old) => ({ ...old, ...allowing }));
  assert.ok(world.settles());
  world.patch(() => specOf("renamed", 2, allowing));
  assert.ok(world.settles());
  assert.equal(world.status.failed?.generation, 3);
  world.patch((old) => ({ ...old, ...more }));
  assert.ok(world.settles());
  assert.equal(world.status.failed?.generation, 3);
  world.patch((old) => ({ ...old, ...allowing }));
  assert.ok(world.settles());
  assert.equal(world.status.active?.generation, 5);
  assert.equal(world.leftBehind.length, 1);
});

test("LO1, LO3: a permission that was used is not in the point from which a suspended job resumes", () => {
  const world = new Rig(specOf("good", 1, allowing));
  world.patch((old) => ({ ...old, state: "suspended" }));
  world.run(60_000);
  assert.equal(world.status.phase, "Suspended");
  world.patch(() => specOf("renamed", 2, allowing));
  world.run(60_000);
  assert.match(world.message("Stalled"), /uid "count"/);
  assert.equal(world.starts.length, 1);
  world.patch((old) => ({ ...old, ...more }));
  world.run(10_000);
  world.patch((old) => ({ ...old, ...allowing }));
  assert.ok(world.settles());
  assert.equal(world.leftBehind.length, 1);
});

test("LO2: the permission of restore holds for what it names as long as the job has no checkpoint of its own, and no longer", () => {
  const world = new SimulatedWorld(
    specOf("fail-early", 1, { ...more, restore: { path: "/old", allowNonRestoredState: true } }),
  );
  world.plantState("/old", 7, "of another job");
  world.run(30_000);
  assert.equal(world.status.active?.firstCheckpointAt, null);
  world.patch((old) => ({ ...old, ...specOf("good", 2) }));
  assert.ok(world.settle());
  assert.deepEqual(
    world.starts.map(({ value }) => value),
    [7, 7],
  );
  world.patch((old) => ({ ...old, ...specOf("renamed", 3) }));
  assert.ok(world.settle());
  assert.equal(world.status.failed?.generation, 3);
});

test("LO2: a checkpoint of its own ends the permission of restore, though the operator was away until the job had FAILED", () => {
  const restore = { path: "/old", allowNonRestoredState: true };
  const world = new SimulatedWorld(specOf("fail-late", 1, { ...more, restore }));
  world.plantState("/old", 7, "of another job");
  world.run(
    60_000,
    () => false,
    () => (world.status.operation?.step === "Proving" ? { awayMs: 30_000 } : {}),
  );
  assert.equal(world.status.active?.ended?.status, "FAILED");
  world.patch((old) => ({ ...old, ...specOf("renamed", 2) }));
  world.run(60_000);
  assert.equal(world.starts.length, 1);
  const stalled = world.status.conditions.find(({ type }) => type === "Stalled");
  assert.match(stalled?.message ?? "", /uid "count"/);
});
