import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamJob } from "../../../crds/index.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import { placesNamedBy, placesNamedBySnapshot } from "./named-places.ts";

const upgrade = { stability: { window: "30s", maxRestarts: 2 } } as const;
const version = (number: number) => specOf("good", number, { upgrade });

/** Store or path, and what for. */
function namedBy(job: StreamJob | null): readonly (readonly [string, string])[] {
  assert.ok(job !== null);
  return placesNamedBy(job).map(({ location, by }) => [location, /\((.*)\)$/.exec(by)?.[1] ?? by]);
}

test("NMP2 a job names the store that it runs on, and those before it until it is stable", () => {
  const world = new SimulatedWorld(version(1));
  assert.ok(world.settle());
  const [first] = world.status.stores;
  assert.ok(first !== undefined);
  assert.deepEqual(namedBy(world.job), [[first.storeUri, "the incarnation that runs"]]);
  world.patch(() => version(2));
  world.run(60_000, () => world.status.active?.incarnation === 2 && world.status.operation === undefined);
  const names = namedBy(world.job).filter(([, what]) => what !== "savepoint");
  const stores = world.status.stores.map(({ storeUri }) => storeUri);
  assert.equal(stores.length, 2);
  const awaited = stores.map((storeUri) => [storeUri, "until incarnation 2 is stable"]);
  assert.deepEqual(names, [[stores[1], "the incarnation that runs"], ...awaited]);
});

test("what an operation goes on from is named as long as it is in progress, and a resume point while the job is suspended", () => {
  const world = new SimulatedWorld(version(1));
  assert.ok(world.settle());
  const [first] = world.status.stores;
  world.patch(() => version(2));
  world.run(60_000, () => world.status.operation?.step === "Activating");
  const { restore, savepoint } = world.status.operation ?? {};
  assert.ok(restore?.kind === "latest" && savepoint?.path);
  const during = namedBy(world.job);
  for (const place of [restore.storeUri, savepoint.path])
    assert.ok(
      during.some(([location, what]) => location === place && what === "operation upgrade"),
      place,
    );
  assert.equal(restore.storeUri, first?.storeUri);
  assert.ok(world.settle());
  world.patch((spec) => ({ ...spec, state: "suspended" }));
  assert.ok(world.settle());
  const { resume } = world.status;
  assert.ok(resume?.kind === "latest");
  assert.ok(namedBy(world.job).some(([location, what]) => location === resume.storeUri && what === "resume point"));
});

test("NMP1 a status that cannot be understood names all that is in it", () => {
  const world = new SimulatedWorld(version(1));
  assert.ok(world.settle());
  const { job } = world;
  const broken = { ...job, status: { active: { from: "a newer operator", at: "s3://b/x" } } } as unknown as StreamJob;
  assert.deepEqual(
    namedBy(broken).map(([location]) => location),
    ["a newer operator", "s3://b/x"],
  );
});

test("a snapshot names where its files are, and where they are to be", () => {
  const world = new SimulatedWorld(version(1));
  assert.ok(world.settle());
  world.createSnapshot("asked");
  assert.ok(world.settle());
  const snapshot = world.snapshots.get("asked");
  assert.ok(snapshot !== undefined);
  const by = `StreamJobSnapshot ${snapshot.metadata.namespace}/asked`;
  assert.deepEqual(placesNamedBySnapshot(snapshot), [{ location: snapshot.status?.location, by }]);
  const { status: _, ...rest } = snapshot;
  assert.deepEqual(placesNamedBySnapshot({ ...rest, spec: { ...rest.spec, path: "s3://b/y" } }), [
    { location: "s3://b/y", by },
  ]);
});
