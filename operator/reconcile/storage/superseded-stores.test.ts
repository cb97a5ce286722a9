import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import type { Plan } from "../actions/plan.ts";

const upgrade = { stability: { window: "30s", maxRestarts: 2 } } as const;
const version = (number: number) => specOf("good", number, { upgrade });

/** A job that was upgraded once, and is not stable yet. */
function upgraded(): SimulatedWorld {
  const world = new SimulatedWorld(version(1));
  assert.ok(world.settle());
  assert.deepEqual(storeNumbers(world), [1]);
  world.patch(() => version(2));
  world.run(60_000, () => world.status.active?.incarnation === 2 && world.status.operation === undefined);
  assert.equal(world.status.active?.stableAt, null);
  return world;
}

const storeNumbers = (world: SimulatedWorld): readonly number[] =>
  world.status.stores.map(({ incarnation }) => incarnation);

const firstStore = (world: SimulatedWorld) => {
  const [store] = world.status.stores;
  assert.ok(store !== undefined);
  return world.store(store.storeUri);
};

/** What was planned until all is quiet. */
function settled(world: SimulatedWorld): readonly Plan[] {
  const plans: Plan[] = [];
  world.run(10 * 60_000, (plan) => {
    plans.push(plan);
    return plan.status === null && plan.actions.length === 0 && (world.status.active?.stableAt ?? null) !== null;
  });
  return plans;
}

const eventsOf = (plans: readonly Plan[]) => plans.flatMap(({ events }) => events.map(({ reason }) => reason));

test("SUP1 the state of the incarnation before is deleted once the one that runs is stable, and not earlier", () => {
  const world = upgraded();
  const store = firstStore(world);
  assert.deepEqual(storeNumbers(world), [1, 2]);
  world.run(20_000);
  assert.equal(world.status.active?.stableAt, null);
  assert.equal(store.isCollected, false);
  const plans = settled(world);
  assert.equal(store.isCollected, true);
  assert.deepEqual(storeNumbers(world), [2]);
  assert.equal(world.status.collecting, undefined);
  assert.equal(eventsOf(plans).filter((reason) => reason === "StateDeleted").length, 1);
  assert.deepEqual(world.violations, []);
});

test("SUP2 the store is in the status before anybody is asked, and the job goes on as if nothing had been when the operator died there", () => {
  const world = upgraded();
  const store = firstStore(world);
  let asked = 0;
  world.run(10 * 60_000, (plan) => {
    for (const action of plan.actions) {
      if (action.kind !== "collectStore") continue;
      asked++;
      assert.equal(world.status.collecting?.storeUri, action.storeUri);
      assert.equal(world.status.collecting?.triggerId, action.triggerId);
    }
    return asked > 0;
  });
  assert.equal(asked, 1);
  // Its JobManager forgets what it was asked.
  store.isCollected = false;
  settled(world);
  assert.equal(store.isCollected, true);
});

test("P-28 a store in which another job names a checkpoint stays, until that one names it no more", () => {
  const world = upgraded();
  const store = firstStore(world);
  world.storesInUse.add(store.uri);
  settled(world);
  assert.equal(store.isCollected, false);
  assert.deepEqual(storeNumbers(world), [1, 2]);
  world.storesInUse.clear();
  settled(world);
  assert.equal(store.isCollected, true);
});

test("SUP3 a store that its JobManager will not delete is told and left, and the job runs on", () => {
  const world = upgraded();
  const store = firstStore(world);
  const message = "deleting the state failed: 404";
  world.refusals.refuse = ({ kind }) => (kind === "collectStore" ? { message, isFinal: true } : null);
  const plans = settled(world);
  assert.equal(store.isCollected, false);
  assert.deepEqual(storeNumbers(world), [2]);
  const told = plans.flatMap(({ events }) => events).filter(({ reason }) => reason === "StateKept");
  assert.deepEqual(
    told.map(({ note }) => note),
    [`the state of incarnation 1 is kept in ${store.uri}: ${message}`],
  );
  assert.equal(world.status.conditions.find(({ type }) => type === "Ready")?.status, "True");
});

test("a job that is suspended keeps the state that it will resume from", () => {
  const world = upgraded();
  world.patch((old) => ({ ...old, state: "suspended" }));
  assert.ok(world.settle());
  const { resume } = world.status;
  assert.ok(resume?.kind === "latest");
  world.run(10 * 60_000);
  assert.equal(world.store(resume.storeUri).isCollected, false);
  world.patch((old) => ({ ...old, state: "running" }));
  settled(world);
  assert.deepEqual(storeNumbers(world), [3]);
  assert.equal(world.store(resume.storeUri).isCollected, true);
  assert.deepEqual(world.violations, []);
});
