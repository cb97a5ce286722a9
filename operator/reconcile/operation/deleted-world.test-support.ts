/** Owns: the deletion of a StreamJob in a simulated world, from when it is asked for until it has gone, and what was planned meanwhile. */
import assert from "node:assert/strict";
import type { Plan } from "../actions/plan.ts";
import type { SimulatedWorld } from "../simulated-world.test-support.ts";

const PATIENCE_MS = 60 * 60_000;

/** Fails when it does not go, or breaks a rule. */
export function deletedPlans(world: SimulatedWorld): readonly Plan[] {
  const plans: Plan[] = [];
  world.delete();
  world.run(PATIENCE_MS, (plan) => {
    plans.push(plan);
    return false;
  });
  assert.equal(world.job, null);
  assert.deepEqual(world.violations, []);
  return plans;
}

/** The notes of the events with that reason. */
export function eventsOf(plans: readonly Plan[], wanted: string): readonly string[] {
  return plans.flatMap(({ events }) => events.filter(({ reason }) => reason === wanted).map(({ note }) => note));
}
