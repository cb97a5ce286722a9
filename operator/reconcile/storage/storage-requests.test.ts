import assert from "node:assert/strict";
import { test } from "node:test";
import { STORAGE_ANNOTATION } from "../../../crds/index.ts";
import type { StorageInspection } from "../../engine/index.ts";
import { incarnationJobId } from "../facts/ids.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";

const ID = "0123456789abcdef";
const POD = "wc-storage-01234567";

function running(): SimulatedWorld {
  const world = new SimulatedWorld(specOf("good"));
  assert.ok(world.settle());
  return world;
}

function ask(world: SimulatedWorld, text: string | null): void {
  assert.ok(world.job !== null);
  const { metadata } = world.job;
  const { [STORAGE_ANNOTATION]: _, ...others } = metadata.annotations ?? {};
  const annotations = text === null ? others : { ...others, [STORAGE_ANNOTATION]: text };
  world.job = { ...world.job, metadata: { ...metadata, annotations } };
}

const request = (collect: readonly string[] | null = null, id = ID): string => JSON.stringify({ id, collect });
const answerOf = (world: SimulatedWorld) => world.status.storageRequest;
const inspections = (world: SimulatedWorld): readonly StorageInspection[] =>
  world.storagePods.done.filter((task): task is StorageInspection => task.kind === "inspect");

test("SRQ1 what a person asks is in the status before there is a pod, and one pod answers it, once", () => {
  const world = running();
  ask(world, request());
  world.run(5_000, (plan) => {
    const isMaking = plan.actions.some(({ kind, ...action }) => kind === "applyChild" && "object" in action);
    if (isMaking) assert.equal(answerOf(world)?.phase, "Running");
    return answerOf(world)?.phase === "Done";
  });
  assert.deepEqual([answerOf(world)?.id, answerOf(world)?.pod], [ID, POD]);
  assert.ok(world.job !== null);
  const [task] = inspections(world);
  assert.deepEqual(task?.jobIds, [incarnationJobId(world.job, 1)]);
  assert.equal(task?.approved, null);
  const { storeUri } = world.status.active ?? {};
  assert.deepEqual(task?.named, [{ location: storeUri, by: "StreamJob default/wc (the incarnation that runs)" }]);
  // SRQ3
  world.run(60_000);
  assert.equal(world.storagePods.all.length, 1, "kept for its log");
  world.run(15 * 60_000);
  assert.deepEqual(world.storagePods.all, []);
  assert.equal(world.storagePods.made, 1, "and not made again");
  ask(world, null);
  assert.ok(world.settle());
  assert.equal(answerOf(world), undefined);
});

test("SRQ2 what others name goes with it, and only stores of this job can be approved", () => {
  const world = running();
  assert.ok(world.job !== null);
  const id = incarnationJobId(world.job, 1);
  world.storeNamers.push({ location: `/${id}`, by: "StreamJob apps/other" });
  ask(world, request([id, "f".repeat(32)]));
  world.run(5_000, () => answerOf(world)?.phase === "Done");
  const [task] = inspections(world);
  assert.deepEqual(task?.approved, [id]);
  assert.ok(task?.named.some(({ by }) => by === "StreamJob apps/other"));
});

test("a pod that fails, or is refused, is the answer, and another request is another pod", () => {
  const world = running();
  world.storagePods.failure = () => "the store does not answer";
  ask(world, request());
  world.run(5_000, () => answerOf(world)?.phase === "Failed");
  assert.match(answerOf(world)?.message ?? "", /the store does not answer/);
  world.storagePods.failure = () => null;
  world.refusals.refuse = (action) =>
    action.kind === "applyChild" && action.object.kind === "Pod" ? { message: "quota", isFinal: false } : null;
  ask(world, request(null, "f".repeat(16)));
  world.run(5_000, () => answerOf(world)?.phase === "Failed");
  assert.match(answerOf(world)?.message ?? "", /quota/);
  world.refusals.refuse = () => null;
  ask(world, request(null, "e".repeat(16)));
  world.run(5_000, () => answerOf(world)?.phase === "Done");
  assert.equal(answerOf(world)?.phase, "Done");
  assert.equal(world.storagePods.all.length, 1, "those before are taken away");
});

test("an annotation that nobody can have written with `streamjob storage` is refused, and nothing is made", () => {
  const world = running();
  ask(world, '{"id":"../x","collect":null}');
  world.run(5_000);
  assert.equal(answerOf(world), undefined);
  assert.equal(world.storagePods.made, 0);
  assert.match(world.status.history.at(-1)?.why ?? "", /streamjob\.dev\/storage is none/);
  assert.ok(world.settle(), "told once");
});
