import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTablesScript } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "../syntax/problem.ts";
import { type ExplainedPlan, explainJson, explainText } from "./explain.ts";
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
    const two = `${ON}SET 'table.optimizer.agg-phase-strategy' = 'TWO_PHASE';`;
    assert.deepEqual(uids(`${two}${twice}`), uids(twice));
    for (const settings of [ON, two]) assert.ok(comparePlans(explained(COUNTS), explained(settings + COUNTS)).fits);
    const lost = comparePlans(explained(two + COUNTS), explained("SELECT a, COUNT(*) FROM t GROUP BY a"));
    assert.doesNotMatch(JSON.stringify(lost), /miniBatch|phases/);
  });
});

describe("a watermark, which ends mini-batches (SQPM3)", () => {
  const timesOf = (script: string): readonly (string | undefined)[] =>
    explained(script).nodes.flatMap(({ kind, parts }) => (kind === "watermark" ? [parts["every"]] : []));
  const window = "TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR))";
  const sums = `SELECT b, COUNT(*) AS n FROM ${window} GROUP BY b, window_start, window_end`;
  for (const [what, script, expected] of [
    ["is made no more often than they may wait", `${ON}SELECT n, COUNT(*) FROM (${sums}) GROUP BY n`, ["5s"]],
    [
      "also where groups have a window below them and another query none",
      `${ON}${sums}; SELECT n, COUNT(*) FROM (${sums}) GROUP BY n`,
      ["5s"],
    ],
    ["is made as often as ever where no mini-batch takes its rows", `${ON}${sums}`, [undefined]],
    ["and without mini-batches", `SELECT n, COUNT(*) FROM (${sums}) GROUP BY n`, [undefined]],
  ] as const)
    it(what, () => assert.deepEqual(timesOf(script), expected));

  it("has the same uids above it", () => {
    const query = `SELECT n, COUNT(*) FROM (${sums}) GROUP BY n`;
    const uids = (script: string) => explained(script).nodes.map(({ uid }) => uid);
    assert.deepEqual(uids(ON + query), uids(query));
  });
});

describe("which groups are added up in two phases", () => {
  const phases = (value: string): string => `SET 'table.optimizer.agg-phase-strategy' = '${value}';`;
  const twoPhased = (script: string): readonly boolean[] =>
    explained(script).nodes.flatMap(({ kind, parts }) => (kind === "aggregate" ? [parts["phases"] !== undefined] : []));
  for (const [what, script, expected] of [
    ["by itself the group of all rows", `${ON}SELECT COUNT(*) FROM t`, [true]],
    ["and none by keys (SQPM2)", `${ON}${COUNTS}`, [false]],
    ["those by keys, when it is set", `${ON}${phases("two_phase")}${COUNTS}`, [true]],
    [
      "of all calls that columns do, with conditions",
      `${ON}SELECT SUM(a) FILTER (WHERE a > 1), AVG(id), MIN(b), MAX(ts) FROM t`,
      [true],
    ],
    ["none in one phase", `${ON}${phases("ONE_PHASE")}SELECT COUNT(*) FROM t`, [false]],
    ["none without mini-batches", `${phases("TWO_PHASE")}${COUNTS}`, [false]],
    ["not DISTINCT, whose values no row has", `${ON}SELECT COUNT(DISTINCT b) FROM t`, [false]],
    ["not what keeps objects", `${ON}SELECT LISTAGG(b) FROM t`, [false]],
    [
      "not rows that are taken back: only the lower one",
      `${ON}${phases("TWO_PHASE")}SELECT n, COUNT(*) FROM (SELECT b, COUNT(*) AS n FROM t GROUP BY b) GROUP BY n`,
      [true, false],
    ],
    ["not state that expires", `${ON}SET 'table.exec.state.ttl' = '1 h';SELECT COUNT(*) FROM t`, [false]],
  ] as const)
    it(what, () => assert.deepEqual(twoPhased(script), expected));

  it("EXPLAIN shows both, with uids", () => {
    const plan = planScript(`${tables}${ON}${phases("TWO_PHASE")}${COUNTS}`);
    assert.ok(plan.kind === "plan");
    const text = explainText(plan);
    const lines = text.split("\n");
    const at = lines.findIndex((line) => line.includes("GlobalGroupAggregate"));
    const [, uid = ""] = /uid=\[(aggregate-\w+)\]/.exec(lines[at] ?? "") ?? [];
    assert.match(
      lines[at] ?? "",
      /groupBy=\[b\], select=\[COUNT\(\*\) AS .*phases=\[local, global\], miniBatch=\[5000 rows, 5s\]/,
    );
    assert.match(lines[at + 1] ?? "", /^ {6}\+- LocalGroupAggregate\(groupBy=\[b\], select=\[COUNT\(\*\) AS /);
    assert.match(lines[at + 1] ?? "", new RegExp(`changes=\\[append\\], uid=\\[${uid}-local\\]`));
    assert.match(lines[at + 2] ?? "", /^ {9}\+- /);
    assert.equal(
      explained(COUNTS).nodes.some((node) => node.uid === uid),
      true,
    );
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
    [
      "another number of phases",
      "SET 'table.optimizer.agg-phase-strategy' = 'THREE';",
      /strategy' is 'THREE'[^]*'ONE_PHASE'/,
    ],
  ] as const)
    it(what, () => assert.match(problemOf(`${script}${COUNTS}`), message));
});
