import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Plan } from "../actions/plan.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import { deletedPlans, eventsOf } from "./deleted-world.test-support.ts";

const keepState = false;
const version = (number: number, deletion: object = { keepState }) =>
  specOf("transactional", number, { deletion, upgrade: { stability: { window: "2s" } } });

/** A job with transactions, in its second incarnation. */
function running(deletion: object = { keepState }): SimulatedWorld {
  const world = new SimulatedWorld(version(1, deletion));
  assert.ok(world.settle());
  world.patch(() => version(2, deletion));
  assert.ok(world.settle());
  return world;
}

/** What was planned until the StreamJob has gone. */
function deleted(world: SimulatedWorld): readonly Plan[] {
  const plans = deletedPlans(world);
  assert.deepEqual(world.childNames(), []);
  return plans;
}

/** Of its second incarnation; undefined: it is not there. */
const configMapOf = (world: SimulatedWorld): string | undefined =>
  world
    .childNames()
    .find((name) => name.startsWith("ConfigMap/wc-2"))
    ?.slice("ConfigMap/".length);
const kindsDone = (world: SimulatedWorld) => world.storagePods.done.map(({ kind }) => kind);
test("OST1 transactions are settled by a pod after the last pod of the job, and before its state goes", () => {
  const world = running();
  const plans = deleted(world);
  assert.deepEqual(kindsDone(world), ["settle", "erase"]);
  assert.equal(eventsOf(plans, "TransactionsSettled").length, 1);
  const [settled] = world.storagePods.done;
  assert.equal(settled?.kind, "settle");
  assert.ok(
    plans.every(({ actions }) => actions.every(({ kind }) => kind !== "cancelJob")),
    "a job that is cancelled deletes what says which are to be committed",
  );
});

test("OST1 a job without such sinks, and one that has finished, are deleted without such a pod", () => {
  for (const behaviour of ["good", "finish"] as const) {
    const world = new SimulatedWorld(specOf(behaviour));
    assert.ok(world.settle());
    deleted(world);
    assert.deepEqual(kindsDone(world), []);
  }
});

test("OST4 the pod is of the version that ran last, whatever the spec says now, and of its incarnation", () => {
  const world = running({});
  world.patch((spec) => ({ ...spec, job: { ...spec.job, module: "/other.ts" } }));
  world.delete();
  world.run(60_000, () => world.storagePods.all.length > 0);
  const env = world.storagePods.all[0]?.spec.containers[0]?.env ?? [];
  const config = env.find(({ name }) => name === "STREAMJOB_CONFIG");
  assert.deepEqual(config?.valueFrom?.configMapKeyRef, { name: configMapOf(world), key: "config.json" });
  deleted(world);
});

test("OST4 of a job that is suspended, or whose ConfigMap was deleted, it is made again", () => {
  for (const after of ["suspended", "deleted"] as const) {
    const world = running({});
    if (after === "suspended") {
      world.patch((spec) => ({ ...spec, state: "suspended" }));
      assert.ok(world.settle());
    }
    if (after === "deleted") world.remove(`ConfigMap/${configMapOf(world)}`);
    else assert.equal(configMapOf(world), undefined);
    const plans = deleted(world);
    assert.deepEqual(kindsDone(world), ["settle"], after);
    assert.equal(eventsOf(plans, "TransactionsSettled").length, 1, after);
  }
});

test("OST3 a system that cannot be reached is tried again, and holds the deletion up until cleanUpTimeout; then the state stays", () => {
  const world = running({ keepState, cleanUpTimeout: "90s" });
  world.storagePods.failure = (task) => (task.kind === "settle" ? "no broker answers" : null);
  let stalled = "";
  world.delete();
  world.run(60_000, () => {
    const condition = world.status.conditions.find(({ type }) => type === "Stalled");
    if (condition?.status === "True") stalled = `${condition.reason}: ${condition.message}`;
    return false;
  });
  assert.match(stalled, /^TransactionsNotSettled: settling .*no broker answers.*goes on without it at/);
  const store = world.store(world.status.active?.storeUri ?? "");
  const plans = deleted(world);
  assert.ok(world.storagePods.made >= 3, "it was tried again");
  assert.match(eventsOf(plans, "TransactionsLeft").join(), /no broker answers.*is kept in \/state\/default\//);
  assert.equal(store.erased, null, "it says which transactions are to be committed");
});

test("OST3 a shorter cleanUpTimeout ends the waiting, and a pod that is refused holds nothing up", () => {
  const world = running({ keepState });
  world.storagePods.failure = () => "no broker answers";
  world.delete();
  world.run(20_000);
  assert.ok(world.job !== null);
  world.patch((spec) => ({ ...spec, deletion: { keepState, cleanUpTimeout: "1s" } }));
  assert.equal(eventsOf(deleted(world), "TransactionsLeft").length, 1);
  const refused = running();
  refused.refusals.refuse = (action) =>
    action.kind === "applyChild" && action.object.kind === "Pod"
      ? { message: "creating Pod failed: the namespace is being terminated", isFinal: false }
      : null;
  assert.match(eventsOf(deleted(refused), "TransactionsLeft").join(), /being terminated/);
});

test("P-3, P-29 wherever the operator dies, transactions are settled before the state goes, and the deletion ends", () => {
  const death = fc.record({ crashAfter: fc.integer({ min: -1, max: 4 }), awayMs: fc.constantFrom(0, 400, 3000) });
  const deaths = fc.array(fc.option(death, { freq: 2 }), { maxLength: 30 });
  fc.assert(
    fc.property(deaths, fc.integer({ min: 0, max: 6000 }), (dead, afterMs) => {
      const world = running();
      world.patch(() => version(3));
      world.run(afterMs);
      world.delete();
      world.run(
        20_000,
        () => false,
        (look) => dead[look] ?? {},
      );
      world.run(5 * 60_000);
      assert.equal(world.job, null);
      assert.deepEqual(world.violations, []);
      assert.deepEqual([...new Set(kindsDone(world))], ["settle", "erase"]);
    }),
    { numRuns: 30 },
  );
});
