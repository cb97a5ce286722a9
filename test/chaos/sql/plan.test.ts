import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, it } from "node:test";
import { duckdbResults } from "../../../runtime/table/queries/duckdb.test-support.ts";
import { applyMutant } from "../mutant.ts";
import { reachable } from "../armed.ts";
import { storeFaults } from "../store-faults.ts";
import { cacheFaults, faultNames } from "./faults.ts";
import { mutants } from "./mutants.ts";
import { describePlan, planOf, queryNames } from "./plan.ts";
import { rowsOf } from "./rows.ts";

/** How often each query comes. */
const ROUNDS = 6;
const plans = Array.from({ length: ROUNDS * queryNames.length }, (_, seed) => planOf(1000 + seed));

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

  it("have rows for which each query gives some, whatever the seed (XQR2)", async () => {
    const queries = new Map(plans.map(({ query }) => [query.name, query.duckdb]));
    for (const seed of [7, 16_357_410, 900_000_001]) {
      const results = await duckdbResults(rowsOf(seed), [...queries.values()]);
      assert.deepEqual(
        [...queries.keys()].filter((_, place) => (results[place] ?? []).length === 0),
        [],
      );
    }
  });

  it("have mini-batches of few and of many rows, in one phase and in two, and none", () => {
    const kinds = plans.map(({ miniBatch }) =>
      miniBatch === null ? "none" : `${miniBatch.size > 20 ? "many" : "few"} ${miniBatch.phases}`,
    );
    assert.deepEqual(
      new Set(kinds),
      new Set(["none", "few ONE_PHASE", "few TWO_PHASE", "many ONE_PHASE", "many TWO_PHASE"]),
    );
  });

  it("have every fault, early ones, other parallelisms, and rows that hurry ahead of a fault and behind all of them", () => {
    const faults = plans.flatMap((plan) => plan.faults);
    assert.deepEqual(new Set(faults.map(({ name }) => name)), new Set(faultNames));
    assert.ok(faults.some(({ isEarly }) => isEarly));
    assert.deepEqual(new Set(plans.map(({ rescale }) => rescale?.parallelism)), new Set([undefined, 1, 3]));
    for (const plan of plans) assert.ok((plan.rescale?.at ?? 0) < plan.faults.length);
    assert.ok(plans.some((plan) => plan.hurriesAt < plan.faults.length));
    assert.ok(plans.some((plan) => plan.hurriesAt === plan.faults.length));
  });
});

describe("the servers and failpoints of the chaos of SQL", () => {
  it("break only where a job has them (XQP2)", () => {
    for (const { query, storage, looksUpIn, faults } of plans) {
      const has = (kind: object): boolean => faults.some(({ name }) => name in kind);
      if (storage === "files") assert.ok(!has(storeFaults));
      if (looksUpIn !== "redis") assert.ok(!has(cacheFaults));
      assert.equal(looksUpIn === null, !query.name.startsWith("lookup"));
    }
    assert.deepEqual(new Set(plans.map(({ storage }) => storage)), new Set(["files", "s3"]));
    assert.deepEqual(new Set(plans.map(({ looksUpIn }) => looksUpIn)), new Set([null, "rows", "redis"]));
  });

  it("let somebody die at every failpoint, in a restore at another parallelism too, and stand still between a checkpoint and its commits (XQP3)", () => {
    const armed = (place: 0 | 1) =>
      plans.flatMap(({ failpoints }) => [failpoints[place].jobManager, ...failpoints[place].taskManagers]);
    const at = (place: 0 | 1, action: "kill" | "stop"): ReadonlySet<string> =>
      new Set(armed(place).flatMap((one) => (one?.action === action ? [one.name] : [])));
    assert.deepEqual(
      reachable.filter((name) => !at(0, "kill").has(name)),
      [],
    );
    for (const name of ["tm:before-restore", "tm:before-commit"]) assert.ok(at(1, "kill").has(name), name);
    for (const name of ["tm:before-commit", "tm:after-snapshot", "jm:after-manifest"])
      assert.ok(at(0, "stop").has(name), name);
    assert.ok(armed(0).some((one) => (one?.hit ?? 0) > 20));
    for (const { failpoints, rescale } of plans)
      if (rescale === null) assert.deepEqual(failpoints[1], { jobManager: null, taskManagers: [] });
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
