import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../../crds/index.ts";
import type { Action } from "../actions/plan.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";

const more: Partial<StreamJobSpec> = { upgrade: { stability: { window: "3s" } }, deletion: { keepState: false } };

/** Deletes it; while its pods go, its JobManager does not answer. */
function deleted(crash: { readonly crashAfter?: number } = {}): { world: SimulatedWorld; actions: readonly Action[] } {
  const world = new SimulatedWorld(specOf("good", 1, more), { podEndMs: 5000 });
  assert.ok(world.settle());
  world.delete();
  const manager = world.active;
  const actions: Action[] = [];
  for (let look = 0; look < 500 && world.job !== null; look++) {
    const plan = world.look(look % 2 === 0 ? crash : {});
    actions.push(...plan.actions);
    if (manager !== null && !world.childNames().includes("StatefulSet/wc-1-jobmanager")) {
      manager.unreachableUntilMs = Number.POSITIVE_INFINITY;
    }
    world.advance(100);
  }
  assert.equal(world.job, null);
  assert.equal(manager?.store.result?.status, "CANCELED");
  assert.deepEqual(world.violations, []);
  return { world, actions };
}

/** Anything but the pod that deletes the state. */
const isMaking = (action: Action): boolean => action.kind === "applyChild" && action.object.kind !== "Pod";

test("CN1, CHI4: a StreamJob that is deleted with its state is cancelled first, and nothing of it is made again", () => {
  const { actions } = deleted();
  assert.deepEqual(actions.filter(isMaking), []);
  const sets = actions.flatMap((action) =>
    action.kind === "deleteChild" && action.objectKind === "StatefulSet" ? [action.name] : [],
  );
  assert.deepEqual(sets.toSorted(), ["wc-1-jobmanager", "wc-1-taskmanager"], "each is deleted once");
});

test("CN1: wherever the operator dies", () => {
  for (const crashAfter of [-1, 0, 1]) {
    const { actions } = deleted({ crashAfter });
    assert.deepEqual(actions.filter(isMaking), []);
  }
});

test("CN1: that the job has ended is remembered, though its JobManager does not answer any more and its pods were not told to go", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  const { active: manager } = world;
  world.delete();
  world.run(60_000, () => manager?.store.result !== null);
  world.advance(1000);
  assert.equal(manager?.phase, "ended");
  world.look({ crashAfter: 0 });
  manager.unreachableUntilMs = Number.POSITIVE_INFINITY;
  const gone = world.look().actions.flatMap((action) => (action.kind === "deleteChild" ? [action.name] : []));
  assert.deepEqual(gone.toSorted(), ["wc-1-jobmanager", "wc-1-taskmanager"]);
});

test("CHI4: pods of a deletion that were taken away by somebody are not made again", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  if (world.active !== null) world.active.unreachableUntilMs = world.nowMs + 20_000;
  world.delete();
  world.run(2000);
  assert.equal(world.status.operation?.step, "Terminating");
  world.remove("StatefulSet/wc-1-taskmanager");
  const made = world.look().actions.filter(({ kind }) => kind === "applyChild");
  assert.deepEqual(made, []);
  world.run(120_000);
  assert.equal(world.job, null);
});
