import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, it } from "node:test";
import { reachable } from "../armed.ts";
import { applyMutant } from "../mutant.ts";
import { downtimes } from "./downtimes.ts";
import { faults } from "./faults.ts";
import { mutants } from "./mutants.ts";
import { describePlan, planOf, RECORDS } from "./plan.ts";

const SEEDS = 400;
/** So many plans may be passed by before one that reaches a mutant's place. */
const PASSED_BY_MAX = 100;
const plans = Array.from({ length: SEEDS }, (_, seed) => planOf(seed, RECORDS));

describe("the plans of the exactly-once chaos (XOP1)", () => {
  it("are the same for the same seed", () => {
    assert.deepEqual(planOf(7, RECORDS), planOf(7, RECORDS));
  });

  it("have every fault and every downtime, and all rows of the matrix that the suite is for", () => {
    const come = new Set(
      plans.flatMap(({ faults: names, downtime }) => [...names, ...(downtime === null ? [] : [downtime])]),
    );
    assert.deepEqual(
      [...Object.keys(faults), ...Object.keys(downtimes)].filter((name) => !come.has(name as never)),
      [],
    );
    const rows = new Set([...come].map((name) => Number.parseInt(name, 10)));
    assert.deepEqual(
      [1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16].filter((row) => !rows.has(row)),
      [],
    );
  });

  it("let somebody die at every failpoint that this job reaches, and stand still between a checkpoint and its commits", () => {
    const armed = plans.flatMap(({ failpoints }) => [failpoints.jobManager, ...failpoints.taskManagers]);
    const at = (action: "kill" | "stop"): Set<string> =>
      new Set(armed.flatMap((one) => (one?.action === action ? [one.name] : [])));
    assert.deepEqual(
      reachable.filter((name) => !at("kill").has(name)),
      [],
    );
    for (const name of ["tm:before-commit", "tm:after-commit", "jm:after-manifest"])
      assert.ok(at("stop").has(name), name);
  });

  it("break the store only of jobs that have their checkpoints there, and files only of those that have files", () => {
    for (const { storage, faults: names, downtime } of plans) {
      if (storage === "files") assert.ok(!names.some((name) => /^[67] /.test(name)));
      else assert.ok(downtime === null || !downtimes[downtime].readsFiles);
    }
  });
});

describe("a planted bug", () => {
  for (const mutant of mutants) {
    it(`${mutant.name} is a change of code that is there, and some plan in ${PASSED_BY_MAX} gets there`, () => {
      const text = readFileSync(new URL(`../../../${mutant.file}`, import.meta.url), "utf8");
      const changed = applyMutant(mutant, text);
      assert.notEqual(changed, text);
      stripTypeScriptTypes(changed);
      const reaching = plans
        .slice(0, PASSED_BY_MAX)
        .filter((plan) => new RegExp(mutant.plans).test(describePlan(plan)));
      assert.ok(reaching.length > 0, "no plan gets there");
    });
  }
});
