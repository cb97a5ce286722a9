import assert from "node:assert/strict";
import test from "node:test";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";

test("CHI5 P-19 nothing of an incarnation is made while pods of that number of an earlier StreamJob of the same name are there; the status names one", () => {
  const world = new SimulatedWorld(specOf("good", 1, {}));
  world.earlierPods = new Map([[1, ["wc-1-taskmanager-0"]]]);
  let made = 0;
  world.run(20_000, (plan) => {
    made += plan.actions.filter(({ kind }) => kind === "applyChild").length;
    return false;
  });
  assert.equal(made, 0);
  assert.equal(world.status.operation?.step, "Standby");
  assert.match(world.status.operation?.message ?? "", /wc-1-taskmanager-0 of an earlier StreamJob/);
  world.earlierPods = new Map();
  world.run(60_000);
  assert.equal(world.status.phase, "Running");
});

test("CHI5 pods of another number are in nobody's way", () => {
  const world = new SimulatedWorld(specOf("good", 1, {}));
  world.earlierPods = new Map([[2, ["wc-2-taskmanager-0"]]]);
  world.run(60_000);
  assert.equal(world.status.phase, "Running");
});
