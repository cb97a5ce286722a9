import assert from "node:assert/strict";
import test from "node:test";
import { CLEANUP_FINALIZER, type StreamJobSnapshot, type StreamJobSpec } from "../../../crds/index.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

const hasFinalizer = (world: SimulatedWorld, name: string): boolean =>
  world.snapshots.get(name)?.metadata.finalizers?.includes(CLEANUP_FINALIZER) === true;
const more: Partial<StreamJobSpec> = { upgrade: { stability: { window: "3s" } } };
const phases = (world: SimulatedWorld): string[] =>
  world.snapshots.all.map((snapshot) => `${snapshot.metadata.name} ${snapshotStatusOf(snapshot).phase}`).sort();

test("SN1: savepoints that are asked for together are taken one after the other, and an upgrade waits for the one in flight", () => {
  const world = new SimulatedWorld(specOf("good", 1, more), { savepointMs: 3000 });
  assert.ok(world.settle());
  world.createSnapshot("a");
  world.createSnapshot("b");
  world.run(1000);
  assert.deepEqual(phases(world), ["a InProgress", "b Pending"]);
  world.patch(() => specOf("good", 2, more));
  assert.ok(world.settle());
  assert.deepEqual(
    phases(world).map((text) => text.replace(/upgrade-\w+/, "upgrade")),
    ["a Completed", "b Completed", "wc-upgrade Completed"],
  );
  assert.deepEqual(world.violations, []);
});

test("a nonce asks for one savepoint, whatever dies", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  world.patch((old) => ({ ...old, savepointNonce: "monday" }));
  world.run(
    30_000,
    () => false,
    (look) => (look % 2 === 0 ? { crashAfter: look % 3 } : {}),
  );
  assert.ok(world.settle());
  assert.equal(phases(world).length, 1);
  assert.equal(world.status.handled.savepointNonce, "monday");
  assert.equal(world.status.lastSavepoint?.name, world.snapshots.all[0]?.metadata.name);
});

test("a savepoint that fails is said at its object, and the next is taken", () => {
  const world = new SimulatedWorld(specOf("good", 1, more), { failingSavepoints: 1 });
  assert.ok(world.settle());
  world.createSnapshot("a");
  world.createSnapshot("b");
  assert.ok(world.settle());
  assert.deepEqual(phases(world), ["a Failed", "b Completed"]);
});

test("P-9: a savepoint whose job was replaced meanwhile is never asked for under the same id of another incarnation", () => {
  const world = new SimulatedWorld(
    specOf("good", 1, { upgrade: { stability: { window: "3s" }, mode: "last-state" } }),
    {
      savepointMs: 20_000,
    },
  );
  assert.ok(world.settle());
  world.createSnapshot("a");
  world.run(500);
  world.patch((old) => ({ ...old, ...specOf("good", 2) }));
  world.run(120_000);
  assert.ok(world.settle());
  assert.deepEqual(phases(world).length, 1);
  assert.notEqual(phases(world)[0], "a InProgress");
  assert.deepEqual(world.violations, []);
});

test("SNO1: conditions say what the phase says, from when it is taken on, and are of the object's generation", () => {
  const world = new SimulatedWorld(specOf("good", 1, more), { savepointMs: 3000, failingSavepoints: 1 });
  assert.ok(world.settle());
  const told = (name: string): readonly string[] => {
    const { conditions } = snapshotStatusOf(world.snapshots.get(name) as StreamJobSnapshot);
    return conditions.map(({ type, status, reason, observedGeneration }) =>
      [type, status, reason, observedGeneration].join(" "),
    );
  };
  world.createSnapshot("a");
  assert.ok(world.settle());
  assert.deepEqual(told("a"), ["Ready False Failed 1", "Reconciling False Failed 1", "Stalled True Failed 1"]);
  world.createSnapshot("b");
  world.run(1000);
  const b = world.snapshots.get("b") as StreamJobSnapshot;
  assert.deepEqual(told("b"), [
    "Ready False InProgress 1",
    "Reconciling True InProgress 1",
    "Stalled False InProgress 1",
  ]);
  assert.ok(world.settle());
  const done = ["Ready True Completed", "Reconciling False Completed", "Stalled False Completed"];
  assert.deepEqual(
    told("b"),
    done.map((text) => `${text} 1`),
  );
  const times = (snapshot: StreamJobSnapshot): unknown[] =>
    (snapshot.status?.conditions ?? []).map(({ lastTransitionTime }) => lastTransitionTime);
  const completed = world.snapshots.get("b") as StreamJobSnapshot;
  // Stalled was False before, too; Ready was not.
  assert.equal(times(completed)[2], times(b)[2]);
  assert.notEqual(times(completed)[0], times(b)[0]);
  // As a person changes `disposeOnDelete`.
  world.snapshots.put({ ...completed, metadata: { ...completed.metadata, generation: 2 } });
  assert.ok(world.settle());
  assert.equal(world.snapshots.get("b")?.status?.observedGeneration, 2);
  assert.deepEqual(
    told("b"),
    done.map((text) => `${text} 2`),
  );
});

test("RETE2: a snapshot that a person made gets our finalizer before its savepoint is asked for, unless its files are to stay", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  world.createSnapshot("a");
  assert.deepEqual(world.look().actions, [{ kind: "holdSnapshot", name: "a" }]);
  assert.deepEqual(phases(world), ["a Pending"]);
  assert.ok(hasFinalizer(world, "a"));
  assert.ok(world.settle());
  world.createSnapshot("kept", { disposeOnDelete: false });
  assert.ok(world.settle());
  assert.deepEqual(phases(world), ["a Completed", "kept Completed"]);
  assert.equal(hasFinalizer(world, "kept"), false);
  world.snapshots.delete("a");
  world.snapshots.delete("kept");
  assert.deepEqual(
    world.snapshots.all.map(({ metadata }) => metadata.name),
    ["a"],
  );
  assert.ok(world.settle());
  assert.deepEqual(world.snapshots.all, []);
});

for (const crashAfter of [-1, 0, 1, 2, 3, Number.POSITIVE_INFINITY]) {
  test(`DE1, DE2: the savepoint of a deletion has one object that nothing holds, the operator dying after ${crashAfter} actions at every second look`, () => {
    const world = new SimulatedWorld(specOf("good", 1, { ...more, deletion: { savepoint: true } }));
    assert.ok(world.settle());
    world.delete();
    world.run(
      120_000,
      () => false,
      (look) => (look % 2 === 0 ? { crashAfter } : {}),
    );
    assert.equal(world.job, null);
    const [snapshot, ...others] = world.snapshots.all;
    assert.ok(snapshot !== undefined && others.length === 0);
    assert.deepEqual(world.snapshots.made, [snapshot.metadata.name]);
    assert.match(snapshot.metadata.name, /^wc-delete-/);
    assert.equal(snapshotStatusOf(snapshot).location, world.head?.state.path);
    const { ownerReferences = [], finalizers = [] } = snapshot.metadata;
    assert.deepEqual([...ownerReferences, ...finalizers], []);
    assert.deepEqual(phases(world), [`${snapshot.metadata.name} Completed`]);
    assert.deepEqual(world.violations, []);
  });
}

test("a deletion without a savepoint leaves no object", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  world.delete();
  world.run(60_000);
  assert.equal(world.job, null);
  assert.deepEqual(world.snapshots.all, []);
});

for (const end of ["complete", "fail", "delete"] as const) {
  test(`OS1: an upgrade's savepoint has its object, though the operator died with the status written and came back after the ${end} of it`, () => {
    const world = new SimulatedWorld(specOf("good", 1, more));
    assert.ok(world.settle());
    world.patch(() => specOf(end === "fail" ? "refuse-activation" : "good", 2, more));
    world.run(
      60_000,
      () => world.status.lastSavepoint !== undefined,
      () => ({ crashAfter: world.stopped.length === 0 ? 9 : 0 }),
    );
    const { lastSavepoint } = world.status;
    assert.equal(lastSavepoint?.unlisted, 1);
    assert.deepEqual(phases(world), []);
    // Activated by the one that died.
    const plan = world.look({ crashAfter: 1 });
    assert.equal(plan.actions[0]?.kind, "activate");
    world.advance(20_000);
    if (end === "delete") world.delete();
    assert.ok(world.settle());
    if (end === "delete") assert.equal(world.job, null);
    else assert.equal(world.status.history.at(-1)?.what, { complete: "upgraded", fail: "rolled back" }[end]);
    const [snapshot, ...others] = world.snapshots.all;
    assert.equal(others.length, 0);
    assert.deepEqual(snapshot && snapshotStatusOf(snapshot).location, lastSavepoint?.path);
    assert.equal(snapshot?.status?.incarnation, 1);
    assert.deepEqual(world.violations, []);
  });
}

test("OS1: an object that was listed and is deleted by a person is not made again", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  world.patch(() => specOf("good", 2, more));
  assert.ok(world.settle());
  const name = world.status.lastSavepoint?.name ?? "";
  assert.equal(world.status.lastSavepoint?.unlisted, undefined);
  world.snapshots.delete(name);
  assert.ok(world.settle());
  assert.deepEqual(phases(world), []);
});

test("T19: a savepoint that is asked for in a new StreamJob waits until the job has proved itself", () => {
  const world = new SimulatedWorld(specOf("good", 1, { ...more, savepointNonce: 1 }));
  world.createSnapshot("by-hand");
  world.run(60_000, () => {
    const { operation, active, savepoint } = world.status;
    if (operation !== undefined) assert.equal(savepoint, undefined, operation.step);
    return operation === undefined && active !== undefined;
  });
  assert.ok(world.settle());
  assert.deepEqual(
    phases(world).map((text) => text.replace(/manual-\w+/, "manual")),
    ["by-hand Completed", "wc-manual Completed"],
  );
  assert.equal(world.status.handled.savepointNonce, 1);
});

test("T19: one that is asked for while a new version proves itself is taken of that one, and one that its predecessor was asked for fails", () => {
  const lastState = { upgrade: { stability: { window: "3s" }, mode: "last-state" } } as const;
  const world = new SimulatedWorld(specOf("good", 1, lastState), { savepointMs: 4000 });
  assert.ok(world.settle());
  world.createSnapshot("before");
  world.run(500);
  assert.equal(world.status.savepoint?.incarnation, 1);
  world.patch(() => specOf("good", 2, lastState));
  world.run(60_000, () => world.status.operation?.step === "Proving");
  world.createSnapshot("meanwhile");
  assert.ok(world.settle());
  assert.deepEqual(phases(world), ["before Failed", "meanwhile Completed"]);
  assert.equal(world.snapshots.get("meanwhile")?.status?.incarnation, 2);
  assert.deepEqual(world.violations, []);
});

test("T20: every change of the nonce's value is a request, and taking it back is none", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  let asked = 0;
  for (const savepointNonce of [1, 2, 1, undefined, 1]) {
    world.patch(({ savepointNonce: _, ...old }) => ({
      ...old,
      ...(savepointNonce === undefined ? {} : { savepointNonce }),
    }));
    if (savepointNonce !== undefined) asked++;
    assert.ok(world.settle());
    assert.equal(phases(world).filter((text) => text.endsWith("Completed")).length, asked);
  }
});

test("T20: a StreamJob that is made again has asked for nothing yet", () => {
  const spec = specOf("good", 1, { ...more, savepointNonce: "monday" });
  const first = new SimulatedWorld(spec);
  assert.ok(first.settle());
  const second = new SimulatedWorld(spec, {}, "4a6f0c52-0000-4000-8000-000000000002");
  for (const snapshot of first.snapshots.all) second.snapshots.put(snapshot);
  assert.ok(second.settle());
  assert.equal(second.snapshots.all.length, 2);
  assert.ok(second.status.lastSavepoint !== undefined);
});
