import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Plan } from "../actions/plan.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import { deletedPlans, eventsOf } from "./deleted-world.test-support.ts";
import type { SimulatedStore } from "../simulated-jobmanager.test-support.ts";

const keepState = false;
const version = (number: number, deletion: object = { keepState }) =>
  specOf("good", number, { deletion, upgrade: { stability: { window: "2s" } } });

type Rig = { readonly world: SimulatedWorld; readonly stores: readonly SimulatedStore[] };

/** A job in its second incarnation, and the stores of both. */
function running(deletion: object = { keepState }): Rig {
  const world = new SimulatedWorld(version(1, deletion));
  assert.ok(world.settle());
  const stores = [world.store(world.status.active?.storeUri ?? "")];
  world.patch(() => version(2, deletion));
  assert.ok(world.settle());
  stores.push(world.store(world.status.active?.storeUri ?? ""));
  return { world, stores };
}

/** What was planned until the StreamJob has gone; how long that took. */
function deleted(world: SimulatedWorld): { readonly plans: readonly Plan[]; readonly ms: number } {
  const beganMs = world.nowMs;
  return { plans: deletedPlans(world), ms: world.nowMs - beganMs };
}

const erasedOf = ({ stores }: Rig) => stores.map(({ erased }) => erased);
test("deletion.keepState false: the stores of all incarnations go, after the last pod and before the StreamJob", () => {
  const rig = running();
  const { plans } = deleted(rig.world);
  assert.deepEqual(erasedOf(rig), [true, true]);
  assert.equal(eventsOf(plans, "StateDeleted").length, 1);
  assert.equal(rig.world.storagePods.made, 1);
  const last = plans.at(-1)?.actions.map(({ kind }) => kind);
  assert.deepEqual(last?.slice(-2), ["deleteChild", "removeFinalizer"], "the pod goes without the garbage collector");
});

test("SDEL1 nothing is deleted that was not asked for", () => {
  for (const deletion of [{}, { keepState: true }, { savepoint: true }]) {
    const rig = running(deletion);
    deleted(rig.world);
    assert.deepEqual(erasedOf(rig), [null, null], JSON.stringify(deletion));
    assert.equal(rig.world.storagePods.made, 0);
  }
  const invalid = running();
  invalid.world.patch((spec) => ({ ...spec, parallelism: 0 }));
  deleted(invalid.world);
  assert.deepEqual(erasedOf(invalid), [null, null], "a spec that cannot be read asks for nothing");
});

test("P-28 a store in which another job names a checkpoint stays, and that is told", () => {
  const rig = running();
  const [, second] = rig.stores;
  rig.world.storesInUse.add(second?.uri ?? "");
  const { plans } = deleted(rig.world);
  assert.deepEqual(erasedOf(rig), [true, null]);
  assert.match(eventsOf(plans, "StateKept").join(), /is kept: another StreamJob names a checkpoint in it/);
});

test("SDEL3 a store that cannot be reached is tried again, and holds the deletion up until cleanUpTimeout and no longer", () => {
  const rig = running({ keepState, cleanUpTimeout: "90s" });
  rig.world.storagePods.failure = () => "the store does not answer";
  let stalled = "";
  rig.world.delete();
  rig.world.run(60_000, () => {
    const condition = rig.world.status.conditions.find(({ type }) => type === "Stalled");
    if (condition?.status === "True") stalled = `${condition.reason}: ${condition.message}`;
    return false;
  });
  assert.match(stalled, /^StateNotDeleted: .*the store does not answer.*goes on without it at/);
  const { plans, ms } = deleted(rig.world);
  assert.ok(ms < 60_000, String(ms));
  assert.ok(rig.world.storagePods.made >= 3, "it was tried again");
  assert.match(eventsOf(plans, "StateKept").join(), /kept in \/state\/default, .*the store does not answer/);
});

test("SDEL3 a pod that the API server does not take holds nothing up: the namespace may be going", () => {
  const rig = running();
  rig.world.refusals.refuse = (action) =>
    action.kind === "applyChild" && action.object.kind === "Pod"
      ? { message: "creating Pod failed: the namespace is being terminated", isFinal: false }
      : null;
  const { plans, ms } = deleted(rig.world);
  assert.ok(ms < 20_000, String(ms));
  assert.match(eventsOf(plans, "StateKept").join(), /being terminated/);
});

test("P-3, P-29 wherever the operator dies and whenever the job is deleted, the state goes once, and never before its pods", () => {
  const death = fc.record({ crashAfter: fc.integer({ min: -1, max: 4 }), awayMs: fc.constantFrom(0, 400, 3000) });
  const deaths = fc.array(fc.option(death, { freq: 2 }), { maxLength: 30 });
  fc.assert(
    fc.property(deaths, fc.integer({ min: 0, max: 6000 }), (dead, afterMs) => {
      const rig = running();
      rig.world.patch(() => version(3));
      rig.world.run(afterMs);
      const stores = rig.world.status.stores.map(({ storeUri }) => rig.world.store(storeUri));
      rig.world.delete();
      rig.world.run(
        20_000,
        () => false,
        (look) => dead[look] ?? {},
      );
      rig.world.run(5 * 60_000);
      assert.equal(rig.world.job, null);
      assert.deepEqual(rig.world.violations, []);
      assert.ok(stores.every(({ erased }) => erased === true));
    }),
    { numRuns: 40 },
  );
});
