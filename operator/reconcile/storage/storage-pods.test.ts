import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

/** A suspended job with a savepoint that somebody asked for. */
function atRest(): { readonly world: SimulatedWorld; readonly location: string } {
  const world = new SimulatedWorld(specOf("good"));
  assert.ok(world.settle());
  world.createSnapshot("asked");
  assert.ok(world.settle());
  const snapshot = world.snapshots.get("asked");
  assert.ok(snapshot !== undefined);
  const { location = "" } = snapshotStatusOf(snapshot);
  world.patch((spec) => ({ ...spec, state: "suspended" }));
  assert.ok(world.settle());
  return { world, location };
}

test("CUP1 a snapshot that is deleted while no JobManager runs has its files deleted by a pod, and goes only then", () => {
  const { world, location } = atRest();
  world.storagePods.failure = () => "the store does not answer";
  world.snapshots.delete("asked");
  world.run(60_000);
  const waiting = world.snapshots.get("asked");
  assert.ok(waiting !== undefined, "it waits");
  assert.match(snapshotStatusOf(waiting).message ?? "", /its files cannot be deleted: .*the store does not answer/);
  world.storagePods.failure = () => null;
  world.run(60_000);
  assert.equal(world.snapshots.get("asked"), undefined);
  assert.deepEqual(world.storagePods.done, [{ kind: "dispose", location }]);
  assert.ok(world.storagePods.made > 1, "one that failed is made again");
  assert.deepEqual(world.storagePods.all, [], "and what it was made for is done");
  assert.ok(world.settle(), "and then nothing is written any more");
  assert.deepEqual(world.violations, []);
});

test("CUP2 a pod that nobody asks for any more is taken away: the job runs again, and its JobManager deletes the files", () => {
  const { world } = atRest();
  world.storagePods.failure = () => "the store does not answer";
  world.snapshots.delete("asked");
  world.run(20_000, () => world.storagePods.all.length > 0);
  assert.equal(world.storagePods.all.length, 1);
  world.patch((spec) => ({ ...spec, state: "running" }));
  assert.ok(world.settle());
  assert.deepEqual(world.storagePods.all, []);
  assert.equal(world.snapshots.get("asked"), undefined);
});

test("CUP3 a task is carried out once, however often it is refused to let its snapshot go", () => {
  const { world, location } = atRest();
  world.refusals.refuse = ({ kind }) =>
    kind === "releaseSnapshot" ? { message: "denied by a policy", isFinal: false } : null;
  world.snapshots.delete("asked");
  world.run(60_000);
  assert.deepEqual([world.storagePods.made, world.storagePods.all.length], [1, 1]);
  world.refusals.refuse = () => null;
  world.run(60_000);
  assert.equal(world.snapshots.get("asked"), undefined);
  assert.deepEqual(world.storagePods.done, [{ kind: "dispose", location }]);
  assert.deepEqual(world.storagePods.all, []);
});
