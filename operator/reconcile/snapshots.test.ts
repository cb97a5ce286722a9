import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { SimulatedWorld, specOf } from "./simulated-world.test-support.ts";
import { snapshotStatusOf } from "./stored-status.ts";

const more: Partial<StreamJobSpec> = { upgrade: { stability: { window: "3s" } } };
const phases = (world: SimulatedWorld): string[] =>
  world.snapshots.map((snapshot) => `${snapshot.metadata.name} ${snapshotStatusOf(snapshot).phase}`).sort();

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
  assert.equal(world.status.lastSavepoint?.name, world.snapshots[0]?.metadata.name);
});

test("a savepoint that fails is said at its object, and the next is taken", () => {
  const world = new SimulatedWorld(specOf("good", 1, more), { failingSavepoints: 1 });
  assert.ok(world.settle());
  world.createSnapshot("a");
  world.createSnapshot("b");
  assert.ok(world.settle());
  assert.deepEqual(phases(world), ["a Failed", "b Completed"]);
});

test("S9: a savepoint whose job was replaced meanwhile is never asked for under the same id of another incarnation", () => {
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
