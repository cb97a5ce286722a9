import assert from "node:assert/strict";
import test from "node:test";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";

test("an upgrade whose new version cannot look at the state yet says why, goes on waiting, and leaves the old job running", () => {
  const upgrade = { stability: { window: "3s" }, deployTimeout: "10m" } as const;
  const world = new SimulatedWorld(specOf("good", 1, { upgrade }));
  assert.ok(world.settle());
  world.patch(() => specOf("unable-to-look", 2, { upgrade }));
  world.run(60_000);
  const { operation, active } = world.status;
  assert.deepEqual([operation?.step, active?.incarnation], ["Preflight", 1]);
  assert.match(operation?.message ?? "", /incarnation 2 .*cannot say it yet: the store does not answer$/);
  assert.deepEqual(world.violations, []);
});
