/**
 * The operator-sieve without processes: a sample of the plans that `npm run chaos -- operator` has all of. Whatever happens between an
 * operator and the API server, a StreamJob's life leaves what a calm life leaves: the same objects, made and deleted as often, one
 * savepoint per operation, each started from the newest state, never two that run, and no write once all is done.
 *
 * The same lives with real processes, and a sink that is exact: test/chaos/controller.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Life, Reference } from "./life.ts";
import { allPlans } from "./plans.ts";
import { calmLives, runPlans, type Suite } from "./suite.ts";

const suite: Suite = { server: null, atOnce: 4 };
/** Each of these has a fault at every call that changes something, one after the other in one life. */
const sample = ["crash before: each, once", "crash after: each, once", "response lost: each, once"];

let calm: { readonly lives: readonly Life[]; readonly reference: Reference };
before(async () => {
  calm = await calmLives(suite);
});

it("calm lives are the same, field by field, but for few", () => {
  const { stages, life } = calm.reference;
  for (const { fields, differing } of stages.slice(0, -1)) {
    assert.ok(fields.size > 200, `only ${fields.size} fields are compared`);
    assert.ok(differing.size < 20, [...differing].join("\n"));
  }
  assert.equal(life.savepoints, 4, "upgrade, rescale, the bad version, and suspend take a savepoint each");
});

describe("what happens between an operator and the API server leaves no trace", () => {
  it("a sample of the plans", async () => {
    const plans = allPlans(calm.lives);
    const chosen = sample.map((wanted) => {
      const plan = plans.find(({ name }) => name === wanted);
      assert.ok(plan !== undefined, `there is no plan "${wanted}"`);
      return plan;
    });
    const outcomes = await runPlans(chosen, calm.reference, suite);
    assert.equal(outcomes.length, chosen.length);
    const failed = outcomes.filter(({ problem }) => problem !== null);
    assert.deepEqual(
      failed.map(({ plan, problem }) => `${plan.name}: ${problem}`),
      [],
    );
  });
});
