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
import { allPlans, type Plan, plansByChance } from "./plans.ts";
import { calmLives, runPlans, type Suite } from "./suite.ts";

const suite: Suite = { server: null, atOnce: 4 };
/** Which of them are run always; of each other kind so many, spread over a life. */
const always = [
  "crash before: each, once",
  "crash after: each, once",
  "response lost: each, once",
  "each write meets 3 conflicts",
  "every 3rd call: 429 with Retry-After",
  "every 7th call: 500",
  "each write is done and answered with a timeout, once",
  "every 5th write gets no answer",
  "watches that are cut after each event",
  "watches that end as too old (410) in the stream",
  "two operators at once",
];
const SPREAD = { unobserved: 3, stale: 4 } as const;

function spread(plans: readonly Plan[], kind: keyof typeof SPREAD): Plan[] {
  const ofKind = plans.filter((plan) => plan.kind === kind);
  const step = ofKind.length / SPREAD[kind];
  return Array.from({ length: SPREAD[kind] }, (_, index) => ofKind[Math.floor((index + 0.5) * step)] as Plan);
}

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
    const named = always.map((wanted) => {
      const plan = plans.find(({ name }) => name === wanted);
      assert.ok(plan !== undefined, `there is no plan "${wanted}"`);
      return plan;
    });
    const chosen = [
      ...named,
      ...spread(plans, "unobserved"),
      ...spread(plans, "stale"),
      ...plansByChance(1, 2, calm.lives),
    ];
    const outcomes = await runPlans(chosen, calm.reference, suite);
    assert.equal(outcomes.length, chosen.length);
    const failed = outcomes.filter(({ problem }) => problem !== null);
    assert.deepEqual(
      failed.map(({ plan, problem }) => `${plan.name}: ${problem}`),
      [],
    );
  });
});
