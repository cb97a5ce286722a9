import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, it } from "node:test";
import { applyMutant } from "../mutant.ts";
import { processFaults } from "../process-faults.ts";
import { mutants } from "./mutants.ts";
import { describePlan, planOf, queryNames } from "./plan.ts";
import { rowsOf } from "./rows.ts";

const plans = Array.from({ length: queryNames.length }, (_, seed) => planOf(1000 + seed));

describe("the plans of the chaos of SQL", () => {
  it("are the same for the same seed, and so are the rows", () => {
    assert.deepEqual(planOf(7), planOf(7));
    assert.deepEqual(rowsOf(7), rowsOf(7));
    assert.notDeepEqual(rowsOf(7), rowsOf(8));
  });

  it("take the queries in turn (XQP1)", () => {
    assert.equal(new Set(queryNames).size, queryNames.length);
    assert.deepEqual(new Set(plans.map(({ query }) => query.name)), new Set(queryNames));
  });

  it("have every fault, early ones, other parallelisms, and rows that hurry ahead of a fault and behind all of them", () => {
    const faults = plans.flatMap((plan) => plan.faults);
    assert.deepEqual(new Set(faults.map(({ name }) => name)), new Set(Object.keys(processFaults)));
    assert.ok(faults.some(({ isEarly }) => isEarly));
    assert.deepEqual(new Set(plans.map(({ rescale }) => rescale?.parallelism)), new Set([undefined, 1, 3]));
    for (const plan of plans) assert.ok((plan.rescale?.at ?? 0) < plan.faults.length);
    assert.ok(plans.some((plan) => plan.hurriesAt < plan.faults.length));
    assert.ok(plans.some((plan) => plan.hurriesAt === plan.faults.length));
  });
});

describe("a bug planted in SQL", () => {
  for (const mutant of mutants) {
    it(`${mutant.name} is a change of code that is there, and the plan of some query gets there`, () => {
      const text = readFileSync(new URL(`../../../${mutant.file}`, import.meta.url), "utf8");
      const changed = applyMutant(mutant, text);
      assert.notEqual(changed, text);
      stripTypeScriptTypes(changed);
      assert.ok(plans.some((plan) => new RegExp(mutant.plans).test(describePlan(plan))));
    });
  }
});
