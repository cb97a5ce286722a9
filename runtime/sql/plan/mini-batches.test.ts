import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTablesScript } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "../syntax/problem.ts";
import { type ExplainedPlan, explainJson } from "./explain.ts";
import { comparePlans } from "./plan-comparison.ts";
import { planScript } from "./plan-script.ts";

const tables = planTablesScript();

function explained(script: string): ExplainedPlan {
  const plan = planScript(`${tables}${script}`);
  assert.ok(plan.kind === "plan", plan.kind === "problems" ? plan.problems[0]?.message : "");
  return explainJson(plan);
}

/** What nodes say of mini-batches, by kind. */
const batchesOf = (script: string): readonly string[] =>
  explained(script).nodes.flatMap(({ kind, parts: { miniBatch } }) =>
    miniBatch === undefined ? [] : [`${kind}: ${miniBatch}`],
  );

function problemOf(script: string): string {
  const whole = `${tables}${script}`;
  const plan = planScript(whole);
  assert.ok(plan.kind === "problems");
  return plan.problems.map((problem) => describeProblem(problem, whole, "job.sql")).join("\n");
}

const set = (name: string, value: string): string => `SET 'table.exec.mini-batch.${name}' = '${value}';`;
const ON = set("enabled", "true") + set("allow-latency", "5 s") + set("size", "5000");
const COUNTS = "SELECT b, COUNT(*) FROM t GROUP BY b";

describe("which operators have mini-batches", () => {
  for (const [what, script, expected] of [
    ["none, unless they are on", COUNTS, []],
    ["none, when they are off", `${ON}${set("enabled", "false")}${COUNTS}`, []],
    ["groups", `${ON}${COUNTS}`, ["aggregate: 5000 rows, 5s"]],
    ["groups, wherever SET stands", `${COUNTS};${ON}`, ["aggregate: 5000 rows, 5s"]],
    [
      "groups over groups, both",
      `${ON}SELECT n, COUNT(*) FROM (SELECT b, COUNT(*) AS n FROM t GROUP BY b) GROUP BY n`,
      ["aggregate: 5000 rows, 5s", "aggregate: 5000 rows, 5s"],
    ],
    ["not DISTINCT over rows that stay: it never updates", `${ON}SELECT DISTINCT b FROM t`, []],
    [
      "not windows, which are emitted once",
      `${ON}SELECT b, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY b, window_start, window_end`,
      [],
    ],
    ["not bounded input, of which each group has one row", `${ON}SET 'execution.runtime-mode' = 'batch';${COUNTS}`, []],
  ] as const)
    it(what, () => assert.deepEqual(batchesOf(script), expected));

  it("they change no uid: a job goes on with its state when they are turned on or off (SQPM1)", () => {
    const uids = (script: string) => explained(script).nodes.map(({ uid }) => uid);
    const twice = `${COUNTS}; SELECT b, COUNT(*) FROM t WHERE a > 1 GROUP BY b`;
    assert.deepEqual(uids(`${ON}${twice}`), uids(twice));
    const comparison = comparePlans(explained(COUNTS), explained(`${ON}${COUNTS}`));
    assert.ok(comparison.fits);
    const lost = comparePlans(explained(`${ON}${COUNTS}`), explained("SELECT a, COUNT(*) FROM t GROUP BY a"));
    assert.doesNotMatch(JSON.stringify(lost), /miniBatch/);
  });
});

describe("what is wrong with them is shown at its place (SQAS1)", () => {
  for (const [what, script, message] of [
    [
      "a switch that is neither",
      set("enabled", "yes"),
      /'table\.exec\.mini-batch\.enabled' is 'yes'[^]*'true' or 'false'/,
    ],
    ["no latency", set("enabled", "true") + set("size", "5"), /allow-latency' is missing[^]*'5 s'/],
    ["no size", set("enabled", "true") + set("allow-latency", "1 s"), /size' is missing[^]*'5000'/],
    ["a latency that is none", set("allow-latency", "soon"), /"soon" is not a duration/],
    ["a latency of 0", set("allow-latency", "0 s"), /allow-latency' is '0 s'[^]*above 0/],
    ["a size of 0", set("size", "0"), /size' is '0'[^]*from 1/],
  ] as const)
    it(what, () => assert.match(problemOf(`${script}${COUNTS}`), message));
});
